/** One request and its whole answer, on a connection of its own. */
import { request } from 'node:http'

export type WholeAnswer = {
  readonly status: number
  readonly body: string
  /** Of the body, as it was sent. */
  readonly bytes: number
}

/** @throws when there is no whole answer within `deadlineMs`. */
export const post = (
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
  deadlineMs: number,
): Promise<WholeAnswer> =>
  new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        ...headers,
        'content-length': Buffer.byteLength(body),
      },
      signal: AbortSignal.timeout(deadlineMs),
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const slices: Buffer[] = []
      incoming.on('data', (slice: Buffer) => slices.push(slice))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const whole = Buffer.concat(slices)
        resolve({
          status: incoming.statusCode ?? 0,
          body: whole.toString('utf8'),
          bytes: whole.length,
        })
      })
    })
    outgoing.end(body)
  })
