/** One exchange over undici's dispatch, without its deadlines: those are ours. Any accident is a Failure. */
import { Pool, type Dispatcher } from 'undici'
import { Failed, type Failure, type Unreachable } from '../failure.ts'
import { fromOctets } from '../wire/octets.ts'
import type { Exchange } from './upstream.ts'

/** What is sent. `path` is below the base URL; a body is JSON text. */
export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string | null
  readonly requestId?: string
}

/** The upper-case-insensitive headers of an answer that anyone here looks at. */
export type ReplyHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * Hears an answer: `head`, any number of `data`, then `end` or `fail`. `fail` may come at any moment.
 * After `abort` nothing is heard.
 */
export type Reply = {
  head(status: number, headers: ReplyHeaders): void
  /** Octets, as they came. */
  data(octets: string): void
  end(): void
  fail(failure: Failure, cause: unknown): void
}

/** A whole, small answer. */
export type WholeReply = {
  readonly status: number
  readonly headers: ReplyHeaders
  readonly body: string
}

export type Http = {
  /** Starts an exchange; never throws. */
  send(request: HttpRequest, reply: Reply): Exchange
  /**
   * Fetches a small JSON answer whole, within `metaTimeoutMs`.
   *
   * @throws Failed `upstream-unreachable`, `upstream-timeout` or `upstream-malformed`; a status that
   * is not 200 is no failure here.
   */
  ask(request: HttpRequest, signal: AbortSignal): Promise<WholeReply>
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
}

/** The largest answer that {@link Http.ask} takes, bytes: a catalog of thousands of models is a few MB. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024

/** A pool of connections to one upstream. */
export const createHttp = (config: HttpConfig): Http => {
  const { origin, pathname } = new URL(config.baseUrl)
  const prefix = pathname.replace(/\/+$/, '')
  const pool = new Pool(origin, {
    connections: null,
    // undici takes no keepAliveTimeout of 0; no pipelining at all is its word for no reuse.
    pipelining: config.keepAliveTimeoutMs === 0 ? 0 : 1,
    allowH2: false,
    // Loading a model and reading a long prompt take longer than undici's 300 s, and undici counts
    // bytes where lines are what matters (reliability § 3, contract § 6).
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: Math.max(config.keepAliveTimeoutMs, 1),
    keepAliveMaxTimeout: Math.max(config.keepAliveTimeoutMs, 30_000),
    connect: {
      ...config.tls,
      timeout: config.connectTimeoutMs,
      // Node's 250 ms per address gives up on slow but healthy networks (nodejs/node#54359).
      autoSelectFamilyAttemptTimeout: 1000,
    },
  })
  // No Origin, no Referer, no cookie, no Authorization of a client: only these go upstream, and Host
  // is undici's, from the base URL.
  const headers = {
    accept: 'application/x-ndjson, application/json',
    'accept-encoding': 'identity',
    'user-agent': config.userAgent,
    ...config.headers,
  }
  const send = (request: HttpRequest, reply: Reply): Exchange => {
    const { method, body, requestId } = request
    const handler = new ReplyHandler(reply)
    try {
      pool.dispatch(
        {
          method,
          path: prefix + request.path,
          body,
          headers: {
            ...headers,
            ...(body !== null && { 'content-type': 'application/json' }),
            ...(requestId !== undefined && { 'x-request-id': requestId }),
          },
        },
        handler,
      )
    } catch (cause) {
      queueMicrotask(() => handler.onResponseError(null, cause))
    }
    return handler
  }
  return {
    send,
    ask: (request, signal) => ask(send, request, signal, config.metaTimeoutMs),
    close: () => pool.destroy(),
  }
}

/** undici's callbacks → a Reply, with an abort that works before there is a connection. */
class ReplyHandler implements Dispatcher.DispatchHandler, Exchange {
  readonly #reply: Reply
  #controller: Dispatcher.DispatchController | null = null
  #answered = false
  #over = false

  constructor(reply: Reply) {
    this.#reply = reply
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('aborted before it was sent'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ReplyHeaders,
  ): void {
    // Interim answers (103 Early Hints) are no answer yet.
    if (this.#over || status < 200) return
    this.#answered = true
    this.#reply.head(status, headers)
  }

  onResponseData(_controller: Dispatcher.DispatchController, slice: Buffer): void {
    if (!this.#over) this.#reply.data(slice.toString('latin1'))
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#over = true
    this.#reply.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, cause: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#reply.fail(this.#answered ? { kind: 'upstream-truncated' } : accident(cause), cause)
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(): void {
    this.#over = true
    this.#controller?.abort(new Error('aborted'))
  }
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
    // A closed pool fails while the call that starts the exchange is still under way.
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
    const timer = setTimeout(() => {
      const phase = status === 0 ? 'first-line' : 'answer'
      fail({ kind: 'upstream-timeout', phase, waitedMs: timeoutMs })
    }, timeoutMs)
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })
    exchange = send(request, {
      head: (code, fields) => {
        status = code
        headers = fields
      },
      data: (octets) => {
        received += octets
        if (received.length > MAX_WHOLE_BYTES) fail(malformed('more than tolk takes in one answer'))
      },
      end: () => {
        settle()
        resolve({ status, headers, body: fromOctets(received) })
      },
      fail,
    })
  })

const REASONS: Readonly<Record<string, Unreachable>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EADDRNOTAVAIL: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ETIMEDOUT: 'connect-timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_CLOSED: 'reset',
  UND_ERR_DESTROYED: 'reset',
  EPROTO: 'tls',
}

/** What befell a call before its answer began. Told apart by `code`, as undici's docs ask for. */
const accident = (cause: unknown): Failure => {
  const code = codeOf(cause)
  const reason = REASONS[code] ?? (isTls(code) ? 'tls' : undefined)
  return reason === undefined
    ? malformed('something that is not HTTP')
    : { kind: 'upstream-unreachable', reason }
}

const isTls = (code: string): boolean =>
  /^ERR_(?:TLS|SSL)_|^CERT_|^UNABLE_TO_|SELF_SIGNED|^HOSTNAME_MISMATCH$/.test(code)

const codeOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return ''
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof AggregateError ? codeOf(cause.errors[0]) : ''
}

const malformed = (what: string): Failure => ({
  kind: 'upstream-malformed',
  message: `The upstream sent ${what}.`,
})
