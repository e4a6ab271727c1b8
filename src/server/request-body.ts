/** A request's body, read once: counted, decoded as UTF-8, parsed as JSON. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failed } from '../failure.ts'
import { exceeded, type JsonLimits } from '../wire/json-size.ts'
import { parseJson } from '../wire/json.ts'

export type Exchange = {
  readonly incoming: IncomingMessage
  /** Where a client that waits for leave to send its body is given it. */
  readonly outgoing: Pick<ServerResponse, 'writeContinue'>
}

export type BodyLimits = JsonLimits & {
  /** The largest body that is read; what is longer is refused before it is in memory. */
  readonly maxBodyBytes: number
}

/** @throws Failed `unsupported-media-type`, `too-large`, `request-timeout`, `invalid-request` or `client-closed`. */
export const readJsonBody = async (
  { incoming, outgoing }: Exchange,
  limits: BodyLimits,
): Promise<unknown> => {
  const { maxBodyBytes } = limits
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = incoming.headers
  // A browser's simple request can be text/plain, never this: no web page reaches a model unasked.
  if (!/^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(type)) {
    throw unsupported("Send the body as JSON, with the header 'Content-Type: application/json'.")
  }
  if (!/^utf-?8$/i.test(CHARSET.exec(type)?.[1] ?? 'utf-8')) {
    throw unsupported('Send the body in UTF-8, the only charset of JSON.')
  }
  if (encoding.toLowerCase() !== 'identity') {
    throw unsupported("Send the body uncompressed, without a 'Content-Encoding' header.")
  }
  if (Number(incoming.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes)
  if (/^100-continue$/i.test(incoming.headers.expect ?? '')) outgoing.writeContinue()
  return parsed(decoded(await bytesOf(incoming, maxBodyBytes)), limits)
}

const CHARSET = /; *charset *= *"?([^\s;"]*)/i

const bytesOf = (incoming: IncomingMessage, limitBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const slices: Buffer[] = []
    let size = 0
    incoming
      .on('data', (slice: Buffer) => {
        size += slice.length
        if (size <= limitBytes) return slices.push(slice)
        slices.length = 0
        incoming.pause()
        return reject(tooLarge(limitBytes))
      })
      .on('end', () => resolve(Buffer.concat(slices)))
      .on('close', () => {
        if (!incoming.complete) reject(new Failed({ kind: 'client-closed' }))
      })
      .on('error', (cause) =>
        reject(cause instanceof Failed ? cause : new Failed({ kind: 'client-closed' }, cause)),
      )
  })

const decoded = (bytes: Buffer): string => {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw invalid('The body is not valid UTF-8. Encode it as UTF-8 and send it again.')
  }
}

/** Takes a byte order mark away; everything else that is not UTF-8 is an error. */
const UTF8 = new TextDecoder('utf-8', { fatal: true })

const parsed = (text: string, limits: JsonLimits): unknown => {
  if (text.trim() === '') throw invalid('The body is empty. Send a JSON object.')
  const limit = exceeded(text, limits)
  if (limit !== null) {
    throw invalid(
      `The body is ${TOO_MUCH[limit]} ${limits[limit]}. Send less, or have limits.${limit} raised.`,
    )
  }
  try {
    return parseJson(text)
  } catch (cause) {
    const where = cause instanceof Error ? /at position (\d+)/.exec(cause.message)?.[1] : undefined
    const place = where === undefined ? '' : ` (near character ${where})`
    throw invalid(`The body is not valid JSON${place}. Mend it and send it again.`)
  }
}

const TOO_MUCH: Readonly<Record<keyof JsonLimits, string>> = {
  maxJsonDepth: 'nested deeper than',
  maxJsonTokens: 'JSON of more tokens than',
}

const invalid = (message: string): Failed =>
  new Failed({ kind: 'invalid-request', message, param: null, code: 'invalid_json' })

const unsupported = (message: string): Failed =>
  new Failed({ kind: 'unsupported-media-type', message })

const tooLarge = (limitBytes: number): Failed => new Failed({ kind: 'too-large', limitBytes })
