/** The connections to one upstream: as many as there are calls, and the idle ones for a while. */
import { now, unwatch, watch, type Watcher } from '../ticker.ts'
import { Connection, type Call, type Home } from './connection.ts'
import type { Dial } from './dial.ts'

/** How long before the server's own limit a connection is given up, ms: the request must still get there. */
const MARGIN_MS = 1000

export class Connections implements Home, Watcher {
  readonly connectTimeoutMs: number
  readonly #dial: Dial
  readonly #keepAliveTimeoutMs: number
  readonly #all = new Set<Connection>()
  /** The last used last, so that the others get old and are closed; closed ones leave with the next tick. */
  readonly #idle: Connection[] = []
  #isClosed = false

  /** @param keepAliveTimeoutMs how long a connection may be idle, ms; 0 keeps none. */
  constructor(dial: Dial, connectTimeoutMs: number, keepAliveTimeoutMs: number) {
    this.#dial = dial
    this.connectTimeoutMs = connectTimeoutMs
    this.#keepAliveTimeoutMs = keepAliveTimeoutMs
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Has a call carried by the connection that was used last, or by a new one. @throws as {@link connect}. */
  carry(call: Call): Connection {
    const time = now()
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return this.connect(call)
      if (!connection.isIdle) continue
      if (connection.idleUntil > time) {
        connection.carry(call)
        return connection
      }
      connection.close()
    }
  }

  /** Has a call carried by a new connection. @throws as {@link Dial.open}. */
  connect(call: Call): Connection {
    const connection = new Connection(this.#dial, this, call)
    this.#all.add(connection)
    return connection
  }

  give(connection: Connection, keptMs: number | null): void {
    const ms = Math.min(
      this.#keepAliveTimeoutMs,
      keptMs === null ? Number.POSITIVE_INFINITY : keptMs - MARGIN_MS,
    )
    if (ms <= 0) return connection.close()
    connection.idleUntil = now() + ms
    this.#idle.push(connection)
    watch(this)
  }

  gone(connection: Connection): void {
    this.#all.delete(connection)
  }

  tick(time: number): void {
    const idle = this.#idle
    let kept = 0
    for (const connection of idle) {
      if (!connection.isIdle) continue
      if (connection.idleUntil > time) idle[kept++] = connection
      else connection.close()
    }
    idle.length = kept
    if (kept === 0) unwatch(this)
  }

  /** Closes all of them, those in use included. */
  close(): void {
    this.#isClosed = true
    this.#idle.length = 0
    unwatch(this)
    for (const connection of this.#all) connection.close()
  }
}
