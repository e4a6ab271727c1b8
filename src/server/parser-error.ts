/** What HTTP's own rules refuse, before or beside the app: said in the envelope all the same. */
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { encodeError } from '../dialects/openai/error.ts'
import { Failed, type Failure, type Shed } from '../failure.ts'
import type { OneAtATime, UnderWay } from './one-at-a-time.ts'
import { randomHex } from './random-hex.ts'
import { headFault } from './request-head.ts'

/** A request that was refused before the app had it; what it said of itself cannot be relied on. */
export type Refusal = {
  /** As in its answer's `x-request-id`. */
  readonly id: string
  readonly status: number
  readonly kind: Failure['kind']
  /** What of ours was full, when that is why. */
  readonly shed?: Shed | undefined
}

type Tell = (refusal: Refusal) => void

/**
 * Answers each `clientError` of this server in OpenAI's shape, then closes the connection.
 *
 * @param requests says what is answered on a connection when its parser fails.
 * @param tell hears of each request that is refused here; what the app answers, it tells itself.
 */
export const answerParserErrors = (
  server: Server,
  requests: Pick<OneAtATime, 'underWayOn'>,
  tell: Tell,
): void => {
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    const request = requests.underWayOn(socket)
    const isGone = error.code === 'ECONNRESET' || !socket.writable
    // Whoever ends in the middle of a body has left, even if he could still be told so.
    const hasLeft = request !== undefined && error.code === 'HPE_INVALID_EOF_STATE'
    if (isGone || hasLeft) socket.destroy()
    // A refusal's last bytes are still to be heard, whatever came behind its request.
    else if (request?.outgoing.writableEnded === true) request.incoming.socket.destroySoon()
    else if (request?.outgoing.headersSent === true) socket.destroy()
    else if (request === undefined) answer(failureOf(error.code), socket, tell)
    else refuse(request, failureOf(error.code))
  })
  // Nobody's tunnel: with no listener Node would close the connection without a word.
  server.on('connect', (_incoming, socket: Duplex) => answer(NO_TUNNEL, socket, tell))
}

/** node-server's door: a target or a Host from which no URL can be made never reaches the app. */
export const malformedRequest = (tell: Tell) => (): Response => {
  const { status, headers, body } = said(
    malformed('The request target or the Host header is malformed.'),
    tell,
  )
  return new Response(body, { status, headers })
}

/**
 * Answers a request whose head must not be acted on, and closes its connection.
 *
 * @returns whether it did.
 */
export const refuseHead = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  tell: Tell,
): boolean => {
  const fault = headFault(incoming)
  if (fault === undefined) return false
  const { status, message } = fault
  const failure: Failure =
    status === 431 ? { kind: 'headers-too-large', message } : malformed(message)
  const { headers, body } = said(failure, tell, status)
  // No kind of failure is 417, for it has one place and one meaning.
  outgoing.writeHead(status, headers).end(body)
  return true
}

/** Answers a request that came on a connection too many, and closes it. */
export const refuseConnection = (outgoing: ServerResponse, tell: Tell): void => {
  const { status, headers, body } = said(TOO_MANY, tell)
  outgoing.writeHead(status, headers).end(body)
}

/** Written past the answer that is to come, an error would become part of it: who reads the body says it. */
const refuse = ({ incoming, outgoing }: UnderWay, failure: Failure): void => {
  outgoing.shouldKeepAlive = false
  if (incoming.listenerCount('error') > 0) incoming.emit('error', new Failed(failure))
  else incoming.socket.destroy()
}

const answer = (failure: Failure, socket: Duplex, tell: Tell): void => {
  const { status, headers, body } = said(failure, tell)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
}

/** @param as the status that it is answered with, where it is not that of the failure. */
const said = (failure: Failure, tell: Tell, as?: number) => {
  const { status, error, headers } = encodeError(failure)
  const body = JSON.stringify({ error })
  const id = `req_${randomHex()}`
  const shed = failure.kind === 'overloaded' ? failure.shed : undefined
  tell({ id, status: as ?? status, kind: failure.kind, shed })
  return {
    status,
    body,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': id,
      ...headers,
      connection: 'close',
    },
  }
}

const failureOf = (code = ''): Failure => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return HEADERS_TOO_LARGE
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        kind: 'request-timeout',
        message: 'The request did not arrive in time. Send it again, faster.',
      }
    default:
      return malformed('This is not a well-formed HTTP/1.1 request.')
  }
}

const malformed = (message: string): Failure => ({
  kind: 'invalid-request',
  message,
  param: null,
  code: 'invalid_http',
})

const NO_TUNNEL: Failure = {
  kind: 'method-not-allowed',
  message: 'CONNECT is not allowed here: tolk is no forward proxy.',
  allow: ['GET', 'POST'],
}

const TOO_MANY: Failure = {
  kind: 'overloaded',
  message: 'This server has as many connections as it may. Try again a little later.',
  retryAfterMs: 2000,
  shed: 'connections',
}

const HEADERS_TOO_LARGE: Failure = {
  kind: 'headers-too-large',
  message: 'The request line and headers are too large. Send fewer and shorter ones.',
}
