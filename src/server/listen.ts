/** The Node server: bind, drain, close. */
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AppEnv } from './context.ts'
import type { OpenTurns } from './open-turns.ts'
import { ConnectionLimit } from './connection-limit.ts'
import { OneAtATime } from './one-at-a-time.ts'
import {
  answerParserErrors,
  malformedRequest,
  refuseConnection,
  refuseHead,
  type Refusal,
} from './parser-error.ts'

export type ListenConfig = {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** All in ms; the last is how long an idle connection is kept for the next request. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** After how long a silence the kernel asks whether a client is still there; 0 never. */
  readonly tcpKeepAliveMs: number
  /** After which a connection is renewed; 0 never. */
  readonly maxRequestsPerSocket: number
  /** How many connections clients may have. */
  readonly maxConnections: number
}

/** Hears of what never gets as far as the app. */
export type Door = {
  readonly refused: (refusal: Refusal) => void
  /** A connection too many was closed before it had asked for anything. */
  readonly closed: () => void
  /** A connection could not be taken, such as for want of open files; those that are there go on. */
  readonly missed: (error: Error) => void
}

export type Listening = {
  /** Such as `http://127.0.0.1:11435`. */
  readonly url: string
  /**
   * Says that it is leaving and serves on for `preDelayMs`; then takes no more requests, waits up to
   * `drainMs` for the turns under way, tells those that are left that it stops, and closes what is still
   * open.
   */
  close(drainMs: number, preDelayMs?: number): Promise<void>
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
  door: Door = NOBODY,
): Promise<Listening> => {
  const answer = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    errorHandler: malformedRequest(door.refused),
  })
  const server = createServer({
    // They are part of it: Node throws where they may take longer than the whole.
    headersTimeout: Math.min(config.headersTimeoutMs, config.requestTimeoutMs),
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: config.keepAliveTimeoutMs,
    // Node checks the first two only every 30 s by default.
    connectionsCheckingInterval: 1000,
    keepAlive: config.tcpKeepAliveMs > 0,
    keepAliveInitialDelay: config.tcpKeepAliveMs,
    // Each event is small, and is to leave at once.
    noDelay: true,
    // Node would answer without a body; node-server asks for a Host too.
    requireHostHeader: false,
  })
  const connections = new ConnectionLimit(server, config.maxConnections, door.closed)
  const requests = new OneAtATime((incoming, outgoing) => {
    // HTTP/1.0 has no Host, and is what plain health checks speak.
    if (incoming.httpVersion === '1.0') incoming.headers.host ??= 'localhost'
    if (turns.leaving) outgoing.shouldKeepAlive = false
    if (connections.refuses(incoming, outgoing)) return refuseConnection(outgoing, door.refused)
    if (refuseHead(incoming, outgoing, door.refused)) return
    // Said of every answer that does not say otherwise: each belongs to the one who asked.
    outgoing.setHeader('cache-control', 'no-store')
    void answer(incoming, outgoing)
  }, config.maxRequestsPerSocket)
  // Left to itself, Node asks for every body before anyone has seen its key, and refuses an unknown
  // expectation without a word.
  const { take } = requests
  server.on('request', take).on('checkContinue', take).on('checkExpectation', take)
  answerParserErrors(server, requests, door.refused)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: config.port, host: config.host, backlog: BACKLOG }, resolve)
  })
  // Without a listener the next one would end the process.
  server.on('error', door.missed)
  return {
    url: urlOf(server),
    close: async (drainMs, preDelayMs = 0) => {
      turns.leave()
      // A client's pool must not keep what is about to close.
      for (const { outgoing } of requests.underWay()) outgoing.shouldKeepAlive = false
      // Load balancers go on sending until they have heard of it.
      if (preDelayMs > 0) await after(preDelayMs)
      turns.drain()
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

const NOBODY: Door = { refused: () => {}, closed: () => {}, missed: () => {} }

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
