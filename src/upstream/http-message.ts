/** A request to the upstream as it is written: our own headers, and none besides. */
import { Buffer } from 'node:buffer'
import { encodeFields, encodeRequestLine } from '../wire/http-request.ts'
import type { Call } from './connection.ts'
import type { HttpConfig, HttpRequest } from './http.ts'

/** A body that is `null` stands in the head already, or there is none. */
export type Message = Pick<Call, 'head' | 'body'>

/** The longest body that is joined with its head into one string, bytes. */
const MAX_JOINED = 64 * 1024

/** @returns writes a request; throws UnfitForHttp for what HTTP cannot carry. */
export const createEncoder = ({
  baseUrl,
  headers,
  userAgent,
  keepAliveTimeoutMs,
}: HttpConfig): ((request: HttpRequest) => Message) => {
  const { host, pathname } = new URL(baseUrl)
  const prefix = pathname.replace(/\/+$/, '')
  const connection = keepAliveTimeoutMs === 0 ? 'close' : 'keep-alive'
  const framing = `Host: ${host}\r\nConnection: ${connection}\r\n`
  // No Origin, no Referer, no cookie, no Authorization of a client: only these go upstream.
  const fields: Readonly<Record<string, string>> = {
    accept: 'application/x-ndjson, application/json',
    'accept-encoding': 'identity',
    'user-agent': userAgent,
    ...headers,
  }
  // They are the same for every call, and what a call says of itself counts before them.
  const whole = once(() => framing + encodeFields(fields))
  const common = once(
    () => framing + encodeFields(without(fields, ['content-type', 'x-request-id'])),
  )

  return ({ method, path, body, requestId }) => {
    const line = encodeRequestLine(method, prefix + path)
    if (body === null && requestId === undefined) {
      return { head: `${line}${whole()}\r\n`, body }
    }
    const id = requestId === undefined ? '' : encodeFields({ 'x-request-id': requestId })
    if (body === null) return { head: `${line}${common()}${id}\r\n`, body }
    const length = Buffer.byteLength(body)
    const head = `${line}${common()}${JSON_TYPE}${id}Content-Length: ${length}\r\n\r\n`
    // ASCII is its own UTF-8: the request is one string, and one write of it.
    return typeof body === 'string' && length === body.length && length <= MAX_JOINED
      ? { head: head + body, body: null }
      : { head, body }
  }
}

const JSON_TYPE = encodeFields({ 'content-type': 'application/json' })

const without = (
  fields: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

/** What throws is tried, and throws, each time. */
const once = (make: () => string): (() => string) => {
  let made: string | undefined
  return () => (made ??= make())
}
