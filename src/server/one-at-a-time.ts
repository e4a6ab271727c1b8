/** One request at a time on each connection, and on each only so many; and what each of them is at. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Roster } from '../roster.ts'

export type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/** A request, and the answer that it gets. */
export type UnderWay = { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse }

/**
 * Node serves all requests of a connection at once and only orders their answers: fifty in one write
 * would be fifty generations for one client (reliability M1). A request that comes while another is
 * answered is not served, and its connection closes after that answer: a client that pipelines sends it
 * again (RFC 9112 § 9.3.2).
 */
export class OneAtATime {
  readonly #serve: Serve
  readonly #maxRequests: number
  readonly #open = new Roster<Connection>()

  /**
   * @param maxRequests after which a connection closes, said in the head of its last answer; 0 for as many as
   *   come. Node's own limit closes nothing and answers the next request with a 503 without a body.
   */
  constructor(serve: Serve, maxRequests: number) {
    this.#serve = serve
    this.#maxRequests = maxRequests
  }

  /** What is answered now. */
  *underWay(): Iterable<UnderWay> {
    for (const { exchange } of this.#open) {
      if (!exchange.outgoing.closed) yield exchange
    }
  }

  /** What is answered now on this connection. */
  underWayOn(socket: Duplex): UnderWay | undefined {
    const { [CONNECTION]: connection }: Known = socket
    const exchange = connection?.exchange
    return exchange?.outgoing.closed === false ? exchange : undefined
  }

  /** Serves a request, or has its connection close. */
  readonly take: Serve = (incoming, outgoing) => {
    const { socket }: { socket: Known } = incoming
    const connection = socket[CONNECTION]
    if (connection === undefined) return this.#takeFirst(incoming, outgoing)
    const before = connection.exchange.outgoing
    if (before.writableFinished) {
      connection.exchange = { incoming, outgoing }
      connection.requests += 1
      if (connection.requests === this.#maxRequests) outgoing.shouldKeepAlive = false
      return this.#serve(incoming, outgoing)
    }
    // Left unread, its body would keep the socket from being read, and nobody would see the client leave.
    incoming.resume()
    if (connection.isClosing) return
    connection.isClosing = true
    before.shouldKeepAlive = false
    before.once('close', () => incoming.socket.destroySoon())
  }

  #takeFirst(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket }: { socket: Known } = incoming
    const connection: Connection = {
      exchange: { incoming, outgoing },
      requests: 1,
      isClosing: false,
    }
    socket[CONNECTION] = connection
    const place = this.#open.join(connection)
    socket.once('close', () => this.#open.leave(place))
    // Who says no more has left (reliability M3); Node would first wait until all is read that is owed.
    socket.once('end', () => {
      if (!connection.exchange.outgoing.writableEnded) socket.destroy()
    })
    if (this.#maxRequests === 1) outgoing.shouldKeepAlive = false
    this.#serve(incoming, outgoing)
  }
}

/** On the socket itself: in a WeakMap, whose values lead back to its keys, V8 keeps both until the next full collection. */
const CONNECTION = Symbol('connection')

type Known = Duplex & { [CONNECTION]?: Connection }

type Connection = { exchange: UnderWay; requests: number; isClosing: boolean }
