/** What Node's HTTP parser refuses before there is a request: said in the envelope all the same. */
import { randomBytes } from 'node:crypto'
import { STATUS_CODES, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { encodeError } from '../dialects/openai/error.ts'
import type { Failure } from '../failure.ts'

/** Answers each `clientError` of this server in OpenAI's shape, then closes the connection. */
export const answerParserErrors = (server: Server): void => {
  // Written into the middle of an answer, an error would become part of it.
  const answering = new WeakSet<Duplex>()
  server.on('request', ({ socket }, response) => {
    answering.add(socket)
    response.once('close', () => answering.delete(socket))
  })
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    const isGone = error.code === 'ECONNRESET' || !socket.writable
    if (isGone || answering.has(socket)) socket.destroy()
    else answer(error.code, socket)
  })
}

const answer = (code: string | undefined, socket: Duplex): void => {
  const { status, error: body, headers } = encodeError(failureOf(code))
  const json = JSON.stringify({ error: body })
  const head = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(json)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': `req_${randomBytes(16).toString('hex')}`,
    ...headers,
    connection: 'close',
  }
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${json}`)
}

const failureOf = (code = ''): Failure => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        kind: 'headers-too-large',
        message: 'The request line and headers are too large. Send shorter ones.',
      }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        kind: 'request-timeout',
        message: 'The request did not arrive in time. Send it again, faster.',
      }
    default:
      return {
        kind: 'invalid-request',
        message: 'This is not a well-formed HTTP/1.1 request.',
        param: null,
        code: 'invalid_http',
      }
  }
}
