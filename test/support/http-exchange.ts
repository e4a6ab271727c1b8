/** Exchanges with an upstream, heard to their end. */
import {
  createHttp,
  type Http,
  type HttpConfig,
  type HttpRequest,
  type ReplyHeaders,
} from '../../src/upstream/http.ts'
import type { Failure } from '../../src/failure.ts'
import { inTime } from './deadline.ts'

/** Connections to one upstream, with patience for a test's while; the caller closes them. */
export const httpTo = (baseUrl: string, facts: Partial<HttpConfig> = {}): Http =>
  createHttp({
    baseUrl,
    headers: {},
    tls: {},
    connectTimeoutMs: 2000,
    metaTimeoutMs: 2000,
    keepAliveTimeoutMs: 4000,
    userAgent: 'tolk/test',
    ...facts,
  })

export const CHAT: HttpRequest = {
  method: 'POST',
  path: '/api/chat',
  body: '{}',
  requestId: 'req_1',
}

export type Heard = {
  readonly status: number | null
  readonly headers: ReplyHeaders
  readonly body: string
  /** How often there was data. */
  readonly reads: number
  readonly end: 'end' | Failure
  /** The code of what led to a failure, as the log would have it. */
  readonly code: unknown
}

/** Sends a request and gathers all that is heard, up to its last word. */
export const hear = (http: Http, request: HttpRequest = CHAT, ms?: number): Promise<Heard> =>
  inTime(
    'an answer',
    new Promise((resolve) => {
      let status: number | null = null
      let headers: ReplyHeaders = {}
      let body = ''
      let reads = 0
      const over = (end: Heard['end'], code?: unknown) =>
        resolve({ status, headers, body, reads, end, code })
      http.send(request, {
        head: (code, received) => {
          status = code
          headers = received
        },
        data: (pieces) => {
          body += pieces.join('')
          reads += 1
        },
        end: () => over('end'),
        fail: (failure, cause) =>
          over(failure, cause instanceof Error && 'code' in cause ? cause.code : undefined),
      })
    }),
    ms,
  )
