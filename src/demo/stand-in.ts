/** A stand-in for Ollama: its native API on loopback, its models' words by script. For the demo and the tests. */
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { isAllowed } from './native-access.ts'
import type { NativeChat } from './native-chat.ts'
import { emptyForbidden, plainText, refusal } from './native-error.ts'
import { route } from './native-routes.ts'
import { play } from './play.ts'
import { whole, type Script, type Slicing } from './script.ts'
import type { StandInModel } from './stand-in-model.ts'
import {
  noteRequest,
  readBody,
  watchEnding,
  type Closing,
  type StandInRequest,
} from './stand-in-request.ts'

/** What may be changed while it runs. */
export type StandInPlan = {
  models: readonly StandInModel[]
  /** Says what a model says; a chat comes here after every check that Ollama makes. */
  script: (chat: NativeChat, request: StandInRequest) => Script
  /** Is asked first, whatever the request, checks skipped; `undefined` leaves it to Ollama's ways. */
  intercept: (request: StandInRequest) => Script | undefined
  /** How `line` and `bytes` steps are cut into TCP writes; whole unless said. */
  slices: Slicing
  /** What `/api/version` says. */
  version: string
}

export type StandInOptions = Partial<StandInPlan> & {
  /** 0, any free port, unless said. */
  readonly port?: number
  /** The path everything lives under, as in `/ollama`; none unless said. */
  readonly prefix?: string
  /** Asked of every request as a bearer token; without it 401. */
  readonly apiKey?: string
  /** Headers, in lower case, every request must carry with just these values; else 401. */
  readonly requires?: Readonly<Record<string, string>>
  /** PEM texts: speaks https. With `clientCa`, clients must show a certificate signed by it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string }
}

export type StandIn = StandInPlan & {
  /** Where it listens, prefix included, as in `http://127.0.0.1:40123/ollama`. */
  readonly url: string
  readonly port: number
  /** Every request so far whose body was read to its end, in order. */
  readonly requests: readonly StandInRequest[]
  /** Requests whose answer is under way. */
  open(): readonly StandInRequest[]
  /** TCP connections, idle ones included. */
  connections(): number
  /** Hears how each answer ended. @returns stops listening. */
  onClose(listener: (closing: Closing) => void): () => void
  /** An outage: every connection is cut, new ones are refused. */
  down(): Promise<void>
  /** The end of the outage, on the same port. */
  up(): Promise<void>
  /** Stops for good. @throws what a script threw meanwhile. */
  close(): Promise<void>
}

/** Starts a stand-in on 127.0.0.1. @throws when the port is taken. */
export const createStandIn = async (options: StandInOptions = {}): Promise<StandIn> => {
  const { prefix = '', tls } = options
  const requests: StandInRequest[] = []
  const underWay = new Set<StandInRequest>()
  const sockets = new Set<Socket>()
  const listeners = new Set<(closing: Closing) => void>()
  const panics: unknown[] = []

  const plan: StandInPlan = {
    models: options.models ?? [],
    script: options.script ?? (() => [{ status: 500, body: '' }]),
    intercept: options.intercept ?? (() => undefined),
    slices: options.slices ?? whole,
    version: options.version ?? '0.33.0',
  }

  const answerTo = (request: StandInRequest): Script => {
    const own = standIn.intercept(request)
    if (own !== undefined) return own
    if (!isAllowed(request.headers)) return [emptyForbidden]
    if (!hasCredential(request, options)) return [refusal(401, 'unauthorized')]
    if (request.route === '') return [plainText(404, '404 page not found')]
    const { models, version, script: chat } = standIn
    return route(request, { models, version, chat })
  }

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const ending = watchEnding(response)
    const body = await readBody(incoming).catch(() => null)
    if (body === null) return
    const request = noteRequest(incoming, body, prefix, ending.over)
    requests.push(request)
    void watch(request)
    try {
      await play(answerTo(request), response, standIn.slices, ending)
    } catch (error) {
      panics.push(error)
      response.socket?.destroy()
    }
  }

  const watch = async (request: StandInRequest): Promise<void> => {
    underWay.add(request)
    const closing = await request.closed
    underWay.delete(request)
    for (const listener of listeners) listener(closing)
  }

  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    void serve(incoming, response)
  }
  const server =
    tls === undefined
      ? createHttp(QUIRKS, onRequest)
      : createHttps(
          {
            ...QUIRKS,
            cert: tls.cert,
            key: tls.key,
            ...(tls.clientCa === undefined
              ? {}
              : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
          onRequest,
        )
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  const listen = async (port: number): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
    await promise
    server.off('error', reject)
    return portOf(server.address())
  }

  const down = async (): Promise<void> => {
    if (!server.listening) return
    const { promise, resolve } = Promise.withResolvers<void>()
    server.close(() => resolve())
    for (const socket of sockets) socket.destroy()
    await promise
  }

  const port = await listen(options.port ?? 0)

  const standIn: StandIn = Object.assign(plan, {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}${prefix}`,
    port,
    requests,
    open: () => [...underWay],
    connections: () => sockets.size,
    onClose: (hear: (closing: Closing) => void) => {
      listeners.add(hear)
      return () => void listeners.delete(hear)
    },
    down,
    up: async () => {
      await listen(port)
    },
    close: async () => {
      await down()
      if (panics.length > 0) throw panics[0]
    },
  })
  return standIn
}

/** Go's server never closes an idle connection and waits for ever; so must this one. */
const QUIRKS = {
  keepAliveTimeout: 0,
  requestTimeout: 0,
  headersTimeout: 0,
  noDelay: true,
} as const

const hasCredential = (
  { headers }: StandInRequest,
  { apiKey, requires = {} }: StandInOptions,
): boolean =>
  (apiKey === undefined || headers.authorization === `Bearer ${apiKey}`) &&
  Object.entries(requires).every(([name, value]) => headers[name] === value)

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0
