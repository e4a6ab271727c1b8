/**
 * How many connections clients may have, and what becomes of the others.
 *
 * Node's own `maxConnections` closes what is too much without a word: a probe too, so that whoever watches
 * would end a process that does well, and a client cannot tell a full server from a broken one. Here a few
 * more are taken for as long as one question takes: a probe is answered, anything else is a 503.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PROBES } from './health.ts'

/** How many are taken beyond the limit. The one of them that has been silent for longest gives way to the next. */
const SPARE = 64

export class ConnectionLimit {
  readonly #most: number
  readonly #onClosed: () => void
  #open = 0
  /** Those beyond the limit, and of them those that have not asked yet, in the order they came. */
  readonly #spare = new WeakSet<Socket>()
  readonly #silent = new Set<Socket>()

  /** @param onClosed hears of each connection that was closed before it had asked. */
  constructor(server: Server, most: number, onClosed: () => void) {
    this.#most = most
    this.#onClosed = onClosed
    server.on('connection', this.#taken)
  }

  /** Connections that are open. */
  get open(): number {
    return this.#open
  }

  /**
   * Has a connection that is one too many close after this answer.
   *
   * @returns whether the answer is to be a refusal: the request is no probe.
   */
  refuses({ socket, url = '' }: IncomingMessage, outgoing: ServerResponse): boolean {
    if (this.#silent.size > 0) this.#silent.delete(socket)
    // One that stands within the limit by now is as good as any.
    if (this.#open <= this.#most || !this.#spare.has(socket)) return false
    outgoing.shouldKeepAlive = false
    return !PROBES.has(url)
  }

  readonly #taken = (socket: Socket): void => {
    this.#open++
    socket.once('close', () => {
      this.#open--
      this.#silent.delete(socket)
    })
    if (this.#open <= this.#most) return
    this.#spare.add(socket)
    this.#silent.add(socket)
    if (this.#open <= this.#most + SPARE) return
    const [longest = socket] = this.#silent
    this.#silent.delete(longest)
    // The kernel keeps nothing for it either, as it would after a FIN.
    longest.resetAndDestroy()
    this.#onClosed()
  }
}
