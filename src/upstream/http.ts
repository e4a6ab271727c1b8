/**
 * The exchange with the upstream: HTTP/1.1 over connections of our own, without deadlines, those are
 * elsewhere. Any accident is a Failure.
 *
 * Why not a client that is there: with undici's dispatch a token costs 0.98 of what a pass-through of
 * bytes in Node costs, and an idle stream 39 KB; over one static read buffer, and without a parser in
 * WebAssembly, it is 0.72 and 23 KB (performance, main table). What such a client is careful about is
 * our own care now, and each has the tests that hold it:
 *
 * - parsing, framing, limits: `wire/http-head.ts`, `wire/http-body.ts`, `wire/http-request.ts`, each held by
 *   its own test;
 * - dialling, TLS, both families, answers that make no sense, back-pressure: `dial.ts`, `connection.ts`, held by
 *   `test/upstream/http.test.ts`;
 * - keeping connections, the races of that, answers that come before the request is read, nothing read for
 *   nobody, nothing left behind: `connections.ts` and {@link HttpCall}, held by
 *   `test/upstream/connections.test.ts`.
 */
import { Failed, type Failure } from '../failure.ts'
import { fromOctets } from '../wire/octets.ts'
import { accident, malformed, Resting, socketError } from './accident.ts'
import type { Call, Connection, Loss } from './connection.ts'
import { Connections } from './connections.ts'
import { createDial } from './dial.ts'
import { createEncoder, type Message } from './http-message.ts'
import type { Incidents, RetryReason } from './incidents.ts'
import type { Exchange } from './upstream.ts'

/** What is sent. `path` is below the base URL; a body is JSON text. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string | Buffer | null
  readonly requestId?: string
}

/** The headers of an answer, by their lower-case names. */
export type ReplyHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * Hears an answer: `head`, any number of `data`, then `end` or `fail`. `fail` may come at any moment.
 * After `abort` nothing is heard. All of it may come in one read.
 */
export type Reply = {
  head(status: number, headers: ReplyHeaders): void
  /** Octets of the body, a piece to a chunk; at most once for each read of the socket. */
  data(pieces: readonly string[]): void
  end(): void
  fail(failure: Failure, cause: unknown): void
}

/** A whole, small answer. */
export type WholeReply = {
  readonly status: number
  readonly headers: ReplyHeaders
  readonly body: string
}

/** An exchange that knows how far its request has come. */
export type Sending = Exchange & {
  /** Whether all of the request has left: until then the upstream can have begun nothing. */
  readonly isSent: boolean
}

export type Http = {
  /** Starts an exchange; never throws. */
  send(request: HttpRequest, reply: Reply): Sending
  /**
   * Fetches a small JSON answer whole.
   *
   * @param timeoutMs until it is there; `metaTimeoutMs` unless said, 0 for ever.
   *
   * @throws Failed `upstream-unreachable`, `upstream-timeout`, `upstream-malformed`, `upstream-truncated`,
   * `client-closed` or `internal`; a status that is not 200 is no failure here.
   */
  ask(request: HttpRequest, signal: AbortSignal, timeoutMs?: number): Promise<WholeReply>
  /** Has every call from now on carry this credential; those under way are left alone. */
  renew(headers: HttpConfig['headers']): void
  /** Closes all connections, those in use included. */
  close(): Promise<void>
}

export type HttpConfig = {
  /** Origin and path prefix, without a trailing slash. */
  readonly baseUrl: string
  /** The upstream's credential: on every call, discovery included. */
  readonly headers: Readonly<Record<string, string>>
  /** PEM text. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly connectTimeoutMs: number
  readonly metaTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** `tolk/1.2.3`: the client's own User-Agent never goes upstream. */
  readonly userAgent: string
  /** Who counts what befalls them, if anybody does. */
  readonly incidents?: Incidents
}

/** The largest answer that {@link Http.ask} takes, bytes: a catalog of thousands of models is a few MB. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024

/** A pool of connections to one upstream. */
export const createHttp = (config: HttpConfig): Http => {
  const dial = createDial(new URL(config.baseUrl), config.tls)
  const { connectTimeoutMs, keepAliveTimeoutMs, incidents } = config
  const pool = new Connections(dial, connectTimeoutMs, keepAliveTimeoutMs, incidents)
  let encode = createEncoder(config)
  const send = (request: HttpRequest, reply: Reply): Sending => {
    const call = new HttpCall(pool, reply)
    try {
      call.start(encode(request))
    } catch (cause) {
      queueMicrotask(() => call.lost(cause, 'unsent'))
    }
    return call
  }
  return {
    send,
    ask: (request, signal, timeoutMs = config.metaTimeoutMs) =>
      ask(send, request, signal, timeoutMs),
    renew: (headers) => {
      encode = createEncoder({ ...config, headers })
    },
    close: () => Promise.resolve(pool.close()),
  }
}

/** How long a call whose connection failed waits before it is tried again, ms, at the most; full jitter. */
const RETRY_AFTER_MS = 100

/**
 * A request on its connection; on another one, should the first turn out to have been closed, and once
 * more where none could be made at all: nothing has run then (reliability § 4).
 */
class HttpCall implements Call, Sending {
  readonly reply: Reply
  head = ''
  body: string | Buffer | null = null
  readonly #pool: Connections
  #connection: Connection | null = null
  #isPaused = false
  #isOver = false
  #hasRetried = false
  /** Until it is tried again. */
  #timer: NodeJS.Timeout | undefined

  constructor(pool: Connections, reply: Reply) {
    this.#pool = pool
    this.reply = reply
  }

  get isSent(): boolean {
    return this.#connection?.hasSent(this) ?? false
  }

  /** @throws what keeps it from being sent at all. */
  start({ head, body }: Message): void {
    if (this.#pool.isClosed) throw socketError('ECONNRESET', 'everything is closed')
    this.head = head
    this.body = body
    this.#connection = this.#pool.carry(this)
  }

  forget(): void {
    this.head = ''
    this.body = null
  }

  lost(cause: unknown, loss: Loss): void {
    if (this.#isOver) return
    if (loss === 'stale' && !this.#pool.isClosed) {
      this.#pool.incidents.retried('stale')
      return this.#again(cause)
    }
    if (loss === 'unsent' && this.#retriesAfter(cause)) return
    this.#isOver = true
    this.forget()
    const failure: Failure =
      loss === 'after-head' ? { kind: 'upstream-truncated' } : accident(cause, loss !== 'unsent')
    this.reply.fail(failure, cause)
  }

  pause(): void {
    this.#isPaused = true
    this.#connection?.pause(this)
  }

  resume(): void {
    this.#isPaused = false
    this.#connection?.resume(this)
  }

  abort(): void {
    this.#isOver = true
    this.forget()
    if (this.#timer !== undefined) this.#waited(this.#timer)
    this.#connection?.drop(this)
  }

  /** On a new connection, whose end is never called stale: once is all. @param cause why the last was lost. */
  #again(cause: unknown): void {
    let why = cause
    try {
      if (!this.#pool.isClosed) {
        this.#connection = this.#pool.connect(this)
        if (this.#isPaused) this.#connection.pause(this)
        return
      }
    } catch (error) {
      // Why it was to be tried again says more than why it was not.
      if (!(error instanceof Resting)) why = error
    }
    this.#hasRetried = true
    this.lost(why, 'unsent')
  }

  /** @returns whether it is tried again in a moment. */
  #retriesAfter(cause: unknown): boolean {
    const reason = retryReason(cause)
    if (reason === null || this.#hasRetried || !this.#pool.mayRetry()) return false
    this.#hasRetried = true
    this.#timer = setTimeout(() => {
      if (this.#timer !== undefined) this.#waited(this.#timer)
      this.#pool.incidents.retried(reason)
      this.#again(cause)
    }, Math.random() * RETRY_AFTER_MS)
    return true
  }

  #waited(timer: NodeJS.Timeout): void {
    clearTimeout(timer)
    this.#timer = undefined
    this.#pool.retried()
  }
}

/** What has passed soon or not at all; waiting for a connection in vain a second time would be too long. */
const retryReason = (cause: unknown): RetryReason | null => {
  const failure = accident(cause, false)
  if (failure.kind !== 'upstream-unreachable' || cause instanceof Resting) return null
  return failure.reason === 'refused' || failure.reason === 'dns' ? failure.reason : null
}

const ask = (
  send: Http['send'],
  request: HttpRequest,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<WholeReply> =>
  new Promise((resolve, reject) => {
    let received = ''
    let status = 0
    let headers: ReplyHeaders = {}
    // There is none yet for a signal that was aborted before.
    let exchange: Exchange | null = null
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
    }
    const fail = (failure: Failure, cause?: unknown): void => {
      settle()
      exchange?.abort()
      reject(new Failed(failure, cause))
    }
    const leave = (): void => fail({ kind: 'client-closed' })
    const late = (): void => {
      const phase = status === 0 ? 'first-line' : 'answer'
      fail({ kind: 'upstream-timeout', phase, waitedMs: timeoutMs })
    }
    const timer = timeoutMs === 0 ? undefined : setTimeout(late, timeoutMs)
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })
    exchange = send(request, {
      head: (code, fields) => {
        status = code
        headers = fields
      },
      data: (pieces) => {
        received += pieces.join('')
        if (received.length > MAX_WHOLE_BYTES) fail(malformed('more than tolk takes in one answer'))
      },
      end: () => {
        settle()
        resolve({ status, headers, body: fromOctets(received) })
      },
      fail,
    })
  })
