/** StandInRequest: what the stand-in was asked, kept for whoever wants to know afterwards. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

export type StandInRequest = {
  readonly method: string
  /** As it came: path prefix and query included. */
  readonly path: string
  /** Without prefix and query. */
  readonly route: string
  readonly headers: IncomingHttpHeaders
  /** The body, verbatim. */
  readonly body: string
  /** The body as JSON; `undefined` if it is none. */
  readonly json: unknown
  /** When the body was complete, `performance.now()`. */
  readonly at: number
  /** Resolves when the answer is over, whoever ended it. Never rejects. */
  readonly closed: Promise<Closing>
}

export type Closing = {
  readonly request: StandInRequest
  /** When it was noticed, `performance.now()`. */
  readonly at: number
  /** Who ended it: `client` when it left before the answer was whole. */
  readonly by: 'client' | 'stand-in'
}

/** Reads a whole body as text. @throws when the client leaves before its end. */
export const readBody = async (request: IncomingMessage): Promise<string> => {
  const slices: Buffer[] = []
  for await (const slice of request) slices.push(Buffer.from(slice))
  return Buffer.concat(slices).toString('utf8')
}

/** Notes a request and watches its answer from now on. */
export const noteRequest = (
  incoming: IncomingMessage,
  body: string,
  prefix: string,
  over: Ending['over'],
): StandInRequest => {
  const path = incoming.url ?? '/'
  const [bare = '/'] = path.split('?')
  const closed = async (): Promise<Closing> => ({ request, ...(await over) })
  const request: StandInRequest = {
    method: incoming.method ?? 'GET',
    path,
    route: bare.startsWith(prefix) ? bare.slice(prefix.length) || '/' : '',
    headers: incoming.headers,
    body,
    json: jsonOf(body),
    at: performance.now(),
    closed: Promise.resolve().then(closed),
  }
  return request
}

/** How one answer ends, as the sockets tell it. */
export type Ending = {
  /** Resolves when the answer is over. */
  readonly over: Promise<Pick<Closing, 'at' | 'by'>>
  /** Aborted when it is the client that ended it. */
  readonly gone: AbortSignal
  /** Says beforehand that what comes is the stand-in's own doing. */
  readonly own: () => void
}

/** Watches an answer's end; the socket tells of a client's leaving before the answer does. */
export const watchEnding = (response: ServerResponse): Ending => {
  const { promise, resolve } = Promise.withResolvers<Pick<Closing, 'at' | 'by'>>()
  const leaving = new AbortController()
  const { socket } = response
  let isOwn = false
  const over = (): void => {
    socket?.off('end', over)
    socket?.off('close', over)
    const by = isOwn || response.writableFinished ? 'stand-in' : 'client'
    resolve({ at: performance.now(), by })
    if (by === 'client') leaving.abort()
  }
  socket?.on('end', over)
  socket?.on('close', over)
  response.once('finish', over)
  return {
    over: promise,
    gone: leaving.signal,
    own: () => {
      isOwn = true
    },
  }
}

const jsonOf = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
