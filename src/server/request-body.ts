/** A request's body, read once: counted, and given to be read as it comes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failed } from '../failure.ts'
import type { JsonLimits } from '../wire/json-size.ts'
import type { HeldBody } from './body-budget.ts'
import { type BodyFault, type BodyRead, JsonBytes } from './json-bytes.ts'

export type Exchange = {
  readonly incoming: IncomingMessage
  /** Where a client that waits for leave to send its body is given it. */
  readonly outgoing: Pick<ServerResponse, 'writeContinue'>
}

export type BodyLimits = JsonLimits & {
  /** The largest body that is read; what is longer is refused before it is in memory. */
  readonly maxBodyBytes: number
}

/**
 * @param held counts what has come; whoever opened it gives it back.
 * @throws Failed `unsupported-media-type`, `too-large`, `overloaded`, `request-timeout`, `invalid-request` or `client-closed`.
 */
export const readJsonBody = async (
  { incoming, outgoing }: Exchange,
  limits: BodyLimits,
  held: HeldBody,
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
  const length = Number(incoming.headers['content-length'] ?? 0)
  if (length > maxBodyBytes) throw tooLarge(maxBodyBytes)
  held.expect(length)
  if (/^100-continue$/i.test(incoming.headers.expect ?? '')) outgoing.writeContinue()
  const read = await readOf(incoming, limits, held)
  if ('fault' in read) throw notJson(read.fault, limits)
  return read.value
}

const CHARSET = /; *charset *= *"?([^\s;"]*)/i

/**
 * How much is read before the others have their turn, bytes: 2 ms of tools, a fifth of that of a
 * conversation. What is shorter is read as a whole.
 */
const TURN_BYTES = 256 * 1024

const readOf = (incoming: IncomingMessage, limits: BodyLimits, held: HeldBody): Promise<BodyRead> =>
  new Promise((resolve, reject) => {
    const { maxBodyBytes } = limits
    const body = new JsonBytes(limits)
    let slices: Buffer[] = []
    let waiting = 0
    let size = 0
    const take = (): Buffer => {
      const [only] = slices
      const bytes = slices.length === 1 && only !== undefined ? only : Buffer.concat(slices)
      slices = []
      waiting = 0
      return bytes
    }
    const settled = (): void => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onError)
      // The listeners would keep what was read for as long as the answer takes; an error needs one.
      incoming.on('error', ignore)
    }
    const fail = (failed: Failed): void => {
      settled()
      reject(failed)
    }
    const onData = (slice: Buffer): void => {
      size += slice.length
      const refusal = size > maxBodyBytes ? tooLarge(maxBodyBytes) : held.take(slice.length)
      if (refusal !== undefined) {
        incoming.pause()
        return fail(refusal)
      }
      slices.push(slice)
      waiting += slice.length
      if (waiting < TURN_BYTES) return
      body.feed(take())
      incoming.pause()
      setImmediate(() => incoming.resume())
    }
    const onEnd = (): void => {
      settled()
      resolve(body.end(take()))
    }
    const onClose = (): void => {
      if (!incoming.complete) fail(new Failed({ kind: 'client-closed' }))
    }
    const onError = (cause: Error): void =>
      fail(cause instanceof Failed ? cause : new Failed({ kind: 'client-closed' }, cause))
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onError)
  })

const ignore = (): void => {}

const notJson = (fault: BodyFault, limits: BodyLimits): Failed => {
  switch (fault.kind) {
    case 'not-utf-8':
      return invalid('The body is not valid UTF-8. Encode it as UTF-8 and send it again.')
    case 'empty':
      return invalid('The body is empty. Send a JSON object.')
    case 'exceeds': {
      const { limit } = fault
      return invalid(
        `The body is ${TOO_MUCH[limit](limits[limit])}. Send less, or have limits.${limit} raised.`,
      )
    }
    case 'malformed': {
      const place = fault.position === undefined ? '' : ` (near character ${fault.position})`
      return invalid(`The body is not valid JSON${place}. Mend it and send it again.`)
    }
  }
}

const TOO_MUCH: Readonly<Record<keyof JsonLimits, (limit: number) => string>> = {
  maxJsonDepth: (limit) => `nested deeper than ${limit}`,
  maxJsonTokens: (limit) =>
    `JSON of more tokens than ${limit}, or than a fifth of that in one message or tool`,
}

const invalid = (message: string): Failed =>
  new Failed({ kind: 'invalid-request', message, param: null, code: 'invalid_json' })

const unsupported = (message: string): Failed =>
  new Failed({ kind: 'unsupported-media-type', message })

const tooLarge = (limitBytes: number): Failed => new Failed({ kind: 'too-large', limitBytes })
