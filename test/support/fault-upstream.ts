/** An Ollama that is a bare socket: its list of models is in order, and a chat meets the fault that a test plays. */
import type { Socket } from 'node:net'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createRawUpstream, ok, type RawRequest, type RawUpstream } from './raw-upstream.ts'

/** What becomes of a chat, once its head was read. */
export type Fault = (socket: Socket, request: RawRequest) => void

export type FaultUpstream = RawUpstream & {
  /** With a path that nobody may hear of. */
  readonly baseUrl: string
  readonly port: number
  /** The chats so far. */
  readonly chats: readonly RawRequest[]
  /** What the next chats meet. */
  fault: Fault
}

/** Octets in one write, and what is done to the socket when they are gone; nothing unless said. */
export const says =
  (octets: string | Uint8Array, then: (socket: Socket) => void = () => {}): Fault =>
  (socket) =>
    void socket.write(octets, () => then(socket))

export const fin = (socket: Socket): void => void socket.end()
export const reset = (socket: Socket): void => void socket.resetAndDestroy()

/** An answer's head; `200 OK` and chunks to come unless said. */
export const head = (first = '200 OK', ...fields: readonly string[]): string =>
  ['HTTP/1.1 ' + first, ...fields, '', ''].join('\r\n')

/** A whole answer with a length, whatever its status. */
export const answer = (
  first: string,
  body: string | object,
  ...fields: readonly string[]
): string => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return head(first, `Content-Length: ${Buffer.byteLength(text)}`, ...fields) + text
}

/** The head of an answer, and chunks; without the last one, which is {@link LAST}. */
export const chunked = (...pieces: readonly string[]): string =>
  head('200 OK', 'Content-Type: application/x-ndjson', 'Transfer-Encoding: chunked') +
  pieces.map(chunk).join('')

export const chunk = (text: string): string =>
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

export const LAST = '0\r\n\r\n'

/** A line that says a piece of text, its newline included. */
export const line = (content: string): string => lineOf({ message: message(content), done: false })

/** The last line, or what a test makes of it. */
export const doneLine = (facts: object = { done_reason: 'stop' }): string =>
  lineOf({ message: message(''), done: true, ...facts, prompt_eval_count: 3, eval_count: 2 })

export const lineOf = (fields: object): string =>
  `${JSON.stringify({ model: 'm', created_at: '2026-11-21T00:00:00Z', ...fields })}\n`

/** A whole answer: "Hello.". */
export const HELLO = [line('Hel'), line('lo.'), doneLine()].join('')

/** All is well, and the connection is kept, or closed. */
export const well = (kept: boolean): Fault =>
  says(
    answer('200 OK', HELLO, `Connection: ${kept ? 'keep-alive' : 'close'}`),
    kept ? undefined : fin,
  )

export const createFaultUpstream = async (): Promise<FaultUpstream> => {
  const model = createModel({ name: 'm', abilities: ['completion', 'tools'] })
  const documents: Readonly<Record<string, object>> = {
    '/api/tags': { models: [model.tags] },
    '/api/show': model.show,
    '/api/ps': { models: [] },
    '/api/version': { version: '0.33.0' },
  }
  const chats: RawRequest[] = []
  const raw = await createRawUpstream((request, socket) => {
    const path = /^\w+ (?:\/canary-path)?(\S+)/.exec(request.head)?.[1] ?? ''
    const document = documents[path]
    // Discovery leaves no connection behind: whether a chat has a fresh one is the test's to say.
    if (document !== undefined) {
      return void socket.end(ok(JSON.stringify(document), 'Connection: close'))
    }
    chats.push(request)
    upstream.fault(socket, request)
  })
  const upstream: FaultUpstream = {
    ...raw,
    baseUrl: `${raw.url}/canary-path`,
    port: Number(new URL(raw.url).port),
    chats,
    fault: well(false),
  }
  return upstream
}

function message(content: string): object {
  return { role: 'assistant', content }
}
