/** A client of a streamed chat: what came, when, in which reads; it can also stop reading. */
import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import { inTime } from './deadline.ts'

export type ChatStream = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** All body text so far. */
  text(): string
  /** The `data` of each event so far. */
  data(): readonly string[]
  /** Waits until so many events have come, all told. */
  until(events: number, ms?: number): Promise<void>
  /** What the assistant said so far. */
  content(): string
  /** The finish reasons so far. */
  finishes(): readonly string[]
  /** The `error` objects so far. */
  errors(): readonly SaidError[]
  /** The comments so far, without their colon. */
  comments(): readonly string[]
  /** How many reads brought body bytes. */
  reads(): number
  /** Stops reading from the socket, and goes on. */
  pause(): void
  resume(): void
  leave(): void
  /** How the answer ended: with its last chunk, or without. */
  ended(ms?: number): Promise<'whole' | 'torn'>
}

const error = z.object({ message: z.string(), type: z.string(), code: z.string().nullable() })
export type SaidError = z.infer<typeof error>

const chunk = z.object({
  error: error.optional(),
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .optional(),
})

export type ChatAsk = {
  readonly headers?: Readonly<Record<string, string>>
  /** Reads nothing from the start. */
  readonly paused?: boolean
  /** How long the head may take, ms. */
  readonly headMs?: number
  /** Fields over those of the least request. */
  readonly body?: object
}

/** Asks the model `m` with one user message, on a connection of its own, and waits for the head; leaves when that takes too long. */
export const chatStream = async (
  url: string,
  prompt: string,
  { headers = {}, paused = false, headMs, body = {} }: ChatAsk = {},
): Promise<ChatStream> => {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = requestHttp(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    agent: false,
  })
  request.on('error', reject)
  request.on('response', resolve)
  request.end(
    JSON.stringify({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: prompt }],
      ...body,
    }),
  )
  try {
    return heard(await inTime('the head of a stream', promise, headMs), paused)
  } catch (late) {
    request.destroy()
    throw late
  }
}

const heard = (response: IncomingMessage, paused: boolean): ChatStream => {
  const data: string[] = []
  const comments: string[] = []
  let text = ''
  let reads = 0
  const parser = createParser({
    onEvent: (event) => data.push(event.data),
    onComment: (comment) => comments.push(comment),
  })
  let onSlice: (() => void) | undefined
  const closed = new Promise<'whole' | 'torn'>((resolve) => {
    response.once('close', () => resolve(response.complete ? 'whole' : 'torn'))
  })
  response.on('error', () => {})
  const listen = (): void => {
    response.setEncoding('utf8').on('data', (slice: string) => {
      reads++
      text += slice
      parser.feed(slice)
      onSlice?.()
    })
  }
  if (!paused) listen()
  const chunks = (): readonly z.infer<typeof chunk>[] =>
    data.filter((each) => each !== '[DONE]').map((each) => chunk.parse(JSON.parse(each)))
  const choices = () => chunks().flatMap(({ choices: all = [] }) => all)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: () => text,
    data: () => data,
    until: async (events, ms) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      onSlice = () => {
        if (data.length >= events) resolve()
      }
      onSlice()
      await inTime(`event ${events} after ${data.length}`, promise, ms)
    },
    content: () =>
      choices()
        .map(({ delta }) => delta.content ?? '')
        .join(''),
    finishes: () => choices().flatMap(({ finish_reason: reason }) => reason ?? []),
    errors: () => chunks().flatMap(({ error: said }) => said ?? []),
    comments: () => comments,
    reads: () => reads,
    pause: () => void response.pause(),
    resume: () => {
      if (response.listenerCount('data') === 0) listen()
      response.resume()
    },
    leave: () => void response.destroy(),
    ended: (ms) => inTime('the end of a stream', closed, ms),
  }
}
