/** The connections to one upstream: as many as there are calls, and the idle ones for a while. */
import type { Unreachable } from '../failure.ts'
import { now, Watch, type Watcher } from '../ticker.ts'
import { accident, Resting } from './accident.ts'
import { Breaker, REST_MS } from './breaker.ts'
import { Connection, type Call, type Home } from './connection.ts'
import type { Dial } from './dial.ts'
import { UNHEARD, type Incidents } from './incidents.ts'

/** How long before the server's own limit a connection is given up, ms: the request must still get there. */
const MARGIN_MS = 1000

/** So many calls may wait to be tried again, or a fifth of those under way (Envoy's retry budget). */
const RETRY_FLOOR = 3
const RETRY_SHARE = 0.2

export class Connections implements Home, Watcher {
  readonly connectTimeoutMs: number
  readonly incidents: Incidents
  readonly #breaker: Breaker
  readonly #dial: Dial
  readonly #keepAliveTimeoutMs: number
  readonly #all = new Set<Connection>()
  /** The last used last, so that the others get old and are closed; closed ones leave with the next tick. */
  readonly #idle: Connection[] = []
  readonly #watch = new Watch(this)
  #isClosed = false
  #retrying = 0
  #lastReason: Unreachable = 'refused'

  /** @param keepAliveTimeoutMs how long a connection may be idle, ms; 0 keeps none. */
  constructor(
    dial: Dial,
    connectTimeoutMs: number,
    keepAliveTimeoutMs: number,
    incidents: Incidents = UNHEARD,
  ) {
    this.incidents = incidents
    this.#breaker = new Breaker(incidents.circuit)
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

  /** Has a call carried by a new connection. @throws {@link Resting} in an outage, and as {@link Dial.open}. */
  connect(call: Call): Connection {
    if (!this.#breaker.admits(now())) throw new Resting(this.#lastReason, REST_MS)
    try {
      const connection = new Connection(this.#dial, this, call)
      this.#all.add(connection)
      return connection
    } catch (cause) {
      // It will tell nothing of how it went, and the next one would wait for that.
      this.#breaker.gaveUp()
      throw cause
    }
  }

  give(connection: Connection, keptMs: number | null): void {
    const ms = Math.min(
      this.#keepAliveTimeoutMs,
      keptMs === null ? Number.POSITIVE_INFINITY : keptMs - MARGIN_MS,
    )
    if (ms <= 0) return connection.close()
    connection.idleUntil = now() + ms
    this.#idle.push(connection)
    this.#watch.start()
  }

  gone(connection: Connection): void {
    this.#all.delete(connection)
  }

  stood(): void {
    this.#breaker.stood()
  }

  failed(cause: unknown): void {
    const failure = accident(cause, false)
    // A certificate that is not trusted is no outage, and neither is a fault of this machine's.
    if (failure.kind !== 'upstream-unreachable' || failure.reason === 'tls' || this.#isClosed) {
      return this.#breaker.gaveUp()
    }
    this.#lastReason = failure.reason
    this.#breaker.failed(now())
  }

  gaveUp(): void {
    this.#breaker.gaveUp()
  }

  /**
   * Asks whether a call whose connection failed may be tried again, in a moment.
   *
   * @returns whether it may; then {@link retried} has to follow.
   */
  mayRetry(): boolean {
    const most = Math.max(RETRY_FLOOR, this.#all.size * RETRY_SHARE)
    if (this.#isClosed || this.#retrying >= most) return false
    this.#retrying += 1
    return true
  }

  /** The moment is over: it is tried, or nobody wants it any more. */
  retried(): void {
    this.#retrying -= 1
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
    if (kept === 0) this.#watch.stop()
  }

  /** Closes all of them, those in use included. */
  close(): void {
    this.#isClosed = true
    this.#idle.length = 0
    this.#watch.stop()
    for (const connection of this.#all) connection.close()
  }
}
