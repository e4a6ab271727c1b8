/** The pictures of a request that are elsewhere: fetched, where the operator allows it. */
import type { ChatRequest, Media, Message } from '../chat/request.ts'
import { Failed } from '../failure.ts'
import { allowedUrl } from './allowed-url.ts'
import { fetchPicture, type FetchLimits, type Outside } from './fetch-picture.ts'
import { createLimit } from '../upstream/limit.ts'

export type PicturesConfig = FetchLimits & {
  /** As {@link allowedUrl} reads them. */
  readonly allowedHosts: readonly string[]
}

export type Pictures = {
  /**
   * Puts the picture in the place of each URL.
   *
   * @param take counts the bytes of each that has come; what it gives back is why they are too many.
   * @throws Failed `invalid-request`, naming the part: of what was found behind a URL it says nothing; `client-closed`
   *   once `signal` is aborted; what `take` gives back.
   */
  fill(request: ChatRequest, signal: AbortSignal, take?: Take): Promise<ChatRequest>
}

type Take = (bytes: number) => Failed | undefined

/** How many a request may have fetched. */
const MAX_PICTURES = 16
/** How many are fetched at a time, of all requests. */
const AT_A_TIME = 8
/** Failures are answered in steps of so long, ms: how soon would tell what stands there (reliability F-10). */
const STEP_MS = 1000

export const createPictures = (config: PicturesConfig, outside?: Outside): Pictures => {
  const limit = createLimit(AT_A_TIME)

  /** @returns its base64, by URL. */
  const fetchAll = async (
    wanted: ReadonlyMap<string, Wanted>,
    signal: AbortSignal,
    take: Take,
  ): Promise<ReadonlyMap<string, string>> => {
    const started = performance.now()
    let left = config.maxBytes
    // Where one cannot be had nobody waits for the others.
    const giving = new AbortController()
    const either = AbortSignal.any([signal, giving.signal])
    const fetched = [...wanted].map(async ([text, { url, param }]) => {
      const file = await limit(async () =>
        either.aborted ? null : fetchPicture(url, config, either, outside),
      )
      left -= file?.length ?? 0
      if (signal.aborted) throw new Failed({ kind: 'client-closed' })
      if (giving.signal.aborted) return [text, ''] as const
      if (file === null || left < 0) {
        giving.abort()
        await until(started, signal)
        throw refused(param, 'the picture could not be fetched, is none, or is too large.')
      }
      const base64 = file.toString('base64')
      const tooMuch = take(base64.length)
      if (tooMuch !== undefined) throw tooMuch
      return [text, base64] as const
    })
    return new Map(await Promise.all(fetched))
  }

  return {
    fill: async (request, signal, take = () => undefined) => {
      const wanted = wantedIn(request, config.allowedHosts)
      if (wanted.size === 0) return request
      const files = await fetchAll(wanted, signal, take)
      return { ...request, messages: request.messages.map((message) => filled(message, files)) }
    },
  }
}

type Wanted = { readonly url: URL; readonly param: string }

/** Each once, before any is asked for: one that is not allowed has nothing fetched. */
const wantedIn = (
  { messages }: ChatRequest,
  allowedHosts: readonly string[],
): ReadonlyMap<string, Wanted> => {
  const wanted = new Map<string, Wanted>()
  for (const { url: text, param } of messages.flatMap((message) => remoteIn(message))) {
    const url = allowedUrl(text, allowedHosts)
    if (url === null) throw refused(param, 'this server fetches no pictures from there.')
    wanted.set(text, { url, param })
    if (wanted.size > MAX_PICTURES) {
      throw refused(param, `a request may have ${MAX_PICTURES} pictures fetched.`)
    }
  }
  return wanted
}

const remoteIn = (message: Message) =>
  'media' in message ? message.media.flatMap(({ from }) => from ?? []) : []

const filled = (message: Message, files: ReadonlyMap<string, string>): Message => {
  if (!('media' in message) || message.media.every(({ from }) => from === undefined)) return message
  const media = message.media.map(({ kind, base64, from }): Media => ({
    kind,
    base64: from === undefined ? base64 : (files.get(from.url) ?? ''),
  }))
  return { ...message, media }
}

const refused = (param: string, why: string): Failed =>
  new Failed({
    kind: 'invalid-request',
    code: 'invalid_image_url',
    param,
    message: `Invalid value for '${param}': ${why} Send the picture as a data URL, data:image/png;base64,…`,
  })

/** Waits for the next step since then, or for the client to leave. */
const until = (started: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const gone = performance.now() - started
    const timer = setTimeout(resolve, Math.ceil((gone + 1) / STEP_MS) * STEP_MS - gone)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
