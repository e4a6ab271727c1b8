/** A client that sees what HTTP libraries hide: how the bytes came and how the connection ended. */
import { request as requestHttp, type IncomingHttpHeaders } from 'node:http'

export type RawRequest = {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text as it is, anything else as JSON; `undefined` and `null` are no body. */
  readonly body?: unknown
}

export type RawAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Reads that brought body bytes. */
  readonly slices: number
  /** `torn`: the connection ended before the answer did; `reset`: by RST. */
  readonly end: 'whole' | 'torn' | 'reset'
}

/** Asks once, on a connection of its own. @throws when no head arrives, and after five seconds. */
export const ask = (url: string, { method, path, headers, body }: RawRequest): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body ?? undefined)
    const request = requestHttp(`${url}${path}`, {
      method: method ?? (text === undefined ? 'GET' : 'POST'),
      headers: { 'content-type': 'application/json', ...headers },
      agent: false,
      signal: AbortSignal.timeout(5000),
    })
    let hasBegun = false
    let isReset = false
    request.on('error', (error) => {
      isReset = error.message === 'read ECONNRESET'
      if (!hasBegun) reject(error)
    })
    request.on('response', (response) => {
      hasBegun = true
      const slices: Buffer[] = []
      const end = (how: RawAnswer['end']): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(slices).toString('utf8'),
          slices: slices.length,
          end: how,
        })
      response.on('data', (slice: Buffer) => slices.push(slice))
      response.on('error', () => {})
      response.on('close', () => end(response.complete ? 'whole' : isReset ? 'reset' : 'torn'))
    })
    request.end(text)
  })
