/** A request's body, read once: counted, decoded as UTF-8, parsed as JSON. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failed } from '../failure.ts'
import { parseJson } from '../wire/json.ts'

export type Exchange = {
  readonly incoming: IncomingMessage
  /** Where a client that waits for leave to send its body is given it. */
  readonly outgoing: Pick<ServerResponse, 'writeContinue'>
}

/**
 * @param limitBytes the largest body that is read; what is longer is refused before it is in memory.
 * @throws Failed `unsupported-media-type`, `too-large`, `request-timeout`, `invalid-request` or `client-closed`.
 */
export const readJsonBody = async (
  { incoming, outgoing }: Exchange,
  limitBytes: number,
): Promise<unknown> => {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = incoming.headers
  // A browser's simple request can be text/plain, never this: no web page reaches a model unasked.
  if (!/^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(type)) {
    throw unsupported("Send the body as JSON, with the header 'Content-Type: application/json'.")
  }
  if (encoding.toLowerCase() !== 'identity') {
    throw unsupported("Send the body uncompressed, without a 'Content-Encoding' header.")
  }
  if (Number(incoming.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes)
  if (/^100-continue$/i.test(incoming.headers.expect ?? '')) outgoing.writeContinue()
  return parsed(decoded(await bytesOf(incoming, limitBytes)))
}

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
      .on('close', () => reject(new Failed({ kind: 'client-closed' })))
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

const parsed = (text: string): unknown => {
  if (text.trim() === '') throw invalid('The body is empty. Send a JSON object.')
  try {
    return parseJson(text)
  } catch (cause) {
    const where = cause instanceof Error ? /at position (\d+)/.exec(cause.message)?.[1] : undefined
    const place = where === undefined ? '' : ` (near character ${where})`
    throw invalid(`The body is not valid JSON${place}. Mend it and send it again.`)
  }
}

const invalid = (message: string): Failed =>
  new Failed({ kind: 'invalid-request', message, param: null, code: 'invalid_json' })

const unsupported = (message: string): Failed =>
  new Failed({ kind: 'unsupported-media-type', message })

const tooLarge = (limitBytes: number): Failed => new Failed({ kind: 'too-large', limitBytes })
