/** The Node server: bind, drain, close. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AppEnv } from './context.ts'
import type { OpenTurns } from './open-turns.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { answerParserErrors, malformedRequest, refuseHead } from './parser-error.ts'

export type ListenConfig = {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** All in ms; the last is how long an idle connection is kept for the next request. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
}

export type Listening = {
  /** Such as `http://127.0.0.1:11435`. */
  readonly url: string
  /**
   * Takes no more requests, waits up to `drainMs` for the turns under way, tells those that are left
   * that it stops, and closes what is still open.
   */
  close(drainMs: number): Promise<void>
}

/** How many connections may wait to be taken: with Node's 511, some of 5,000 that come at once are reset. */
const BACKLOG = 4096

/** How long a last word may take to be read, ms. */
const LAST_WORD_MS = 250

/** @throws the `listen` error, such as EADDRINUSE. */
export const listen = async (
  app: Hono<AppEnv>,
  turns: OpenTurns,
  config: ListenConfig,
): Promise<Listening> => {
  const answer = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    errorHandler: malformedRequest,
  })
  const server = createServer({
    headersTimeout: config.headersTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: config.keepAliveTimeoutMs,
    // Node checks the first two only every 30 s by default.
    connectionsCheckingInterval: 1000,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // Node would answer without a body; node-server asks for a Host too.
    requireHostHeader: false,
  })
  const note = answerParserErrors(server)
  const open = new Set<ServerResponse>()
  const serve = oneAtATime((incoming, outgoing) => {
    open.add(outgoing)
    outgoing.on('close', () => open.delete(outgoing))
    // HTTP/1.0 has no Host, and is what plain health checks speak.
    if (incoming.httpVersion === '1.0') incoming.headers.host ??= 'localhost'
    if (turns.draining) outgoing.shouldKeepAlive = false
    note(incoming, outgoing)
    if (refuseHead(incoming, outgoing)) return
    // Said of every answer that does not say otherwise: each belongs to the one who asked.
    outgoing.setHeader('cache-control', 'no-store')
    void answer(incoming, outgoing)
  })
  // Left to itself, Node asks for every body before anyone has seen its key, and refuses an unknown
  // expectation without a word.
  server.on('request', serve).on('checkContinue', serve).on('checkExpectation', serve)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: config.port, host: config.host, backlog: BACKLOG }, resolve)
  })
  return {
    url: urlOf(server),
    close: async (drainMs) => {
      turns.drain()
      // A client's pool must not keep what is about to close.
      for (const outgoing of open) outgoing.shouldKeepAlive = false
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.race([closed, turns.idle(), after(drainMs)])
      turns.failAll({ kind: 'draining' })
      await Promise.race([closed, after(LAST_WORD_MS)])
      // After close() Node checks no timeout any more: a half-sent header would hold it for ever.
      server.closeAllConnections()
      await closed
    },
  }
}

const urlOf = (server: Server): string => {
  const address = server.address()
  if (address === null || typeof address === 'string') return ''
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}

const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
