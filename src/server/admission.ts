/**
 * Who may start a turn now, who waits for one to end, and who is sent away.
 *
 * Ollama queues what it cannot serve and tells nobody; here the queue is short, its wait has an end, and a
 * key that asks for much waits for itself: the next place is for the key that has the fewest.
 */
import type { ClientKey } from '../client-key.ts'
import { Failed, type Failure } from '../failure.ts'
import { now, Watch, type Watcher } from '../ticker.ts'
import { HeapLevel } from './heap-level.ts'

export type AdmissionLimits = {
  /** Turns under way at a time, of all clients. */
  readonly maxInFlight: number
  /** Turns of one key, under way and waiting; 0 for any number. Without keys nobody is told from another. */
  readonly perKeyInFlight: number
  /** How many may wait. */
  readonly maxQueued: number
  /** How long one may wait, ms; 0 for as long as it takes. */
  readonly queueTimeoutMs: number
}

/** What a wait came to: a place, or nobody who wants it any more, or why there is none. */
export type Came = 'in' | 'left' | Failure

/** A turn's place, or its place in the queue. */
export type Place = {
  /** Undefined when the turn may start at once. Never rejects. */
  readonly wait: Promise<Came> | undefined
  /** How long it was waited for, ms, once the wait is over. */
  readonly waitedMs: number
  /** Whether the turn may start, or has, and the place is not given back. */
  readonly isHeld: boolean
  /** Gives it back, or leaves the queue; harmless when it is called again. */
  leave(): void
}

export class Admission implements Watcher {
  readonly #limits: AdmissionLimits
  readonly #heap: HeapLevel
  readonly #onQueue: (length: number) => void
  /** By key, those alone that have a turn under way or waiting; null is everybody without a key. */
  readonly #parties = new Map<ClientKey | null, Party>()
  readonly #watch = new Watch(this)
  #inFlight = 0
  #queued = 0
  /** How many were let in so far: the clock by which keys take turns. */
  #served = 0
  /** How long the last one waited, ms. */
  #lastWait = 0

  /** @param onQueue hears how many wait, whenever that changes. */
  constructor(
    limits: AdmissionLimits,
    { heap = new HeapLevel(), onQueue = (): void => {} }: AdmissionOptions = {},
  ) {
    this.#limits = limits
    this.#heap = heap
    this.#onQueue = onQueue
  }

  /** Turns under way. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Turns that wait. */
  get queued(): number {
    return this.#queued
  }

  /** Whether new turns are refused because the heap is nearly full. */
  get isShortOfMemory(): boolean {
    return this.#heap.level !== 'ample'
  }

  /**
   * Whether {@link enter} would let this key in, or have it wait, now: asked before a body is read for nothing.
   *
   * @throws Failed as `enter` does.
   */
  check(key: ClientKey | null): void {
    this.#roomFor(key, this.#parties.get(key))
  }

  /**
   * A place for one turn. It counts until it is left.
   *
   * @throws Failed `rate-limited` when the key has all that it may have; `overloaded` when nobody more may
   *   wait, or memory is short.
   */
  enter(key: ClientKey | null): Place {
    const known = this.#parties.get(key)
    const mustYield = this.#roomFor(key, known)
    const party = known ?? new Party(key)
    if (known === undefined) this.#parties.set(key, party)
    const seat = new Seat(party, this.#leave)
    if (this.#inFlight < this.#limits.maxInFlight) {
      this.#let(seat)
      return seat
    }
    if (mustYield !== undefined) this.#dismiss(mustYield, this.#noRoom())
    seat.queue(now())
    party.waiting.add(seat)
    this.#queueIs(this.#queued + 1)
    return seat
  }

  /**
   * One more place for a key that has one; undefined where none is free this moment. It is not waited for: who
   * holds a place and waits for another would wait for somebody who does the same.
   */
  another(key: ClientKey | null): Place | undefined {
    const party = this.#parties.get(key)
    const { maxInFlight, perKeyInFlight } = this.#limits
    if (party === undefined || this.isShortOfMemory || this.#inFlight >= maxInFlight) {
      return undefined
    }
    const taken = party.inFlight + party.waiting.size
    if (key !== null && perKeyInFlight > 0 && taken >= perKeyInFlight) return undefined
    const seat = new Seat(party, this.#leave)
    this.#let(seat)
    return seat
  }

  tick(time: number): void {
    const level = this.#heap.look()
    if (this.#queued === 0) return
    const { queueTimeoutMs } = this.#limits
    for (const { waiting } of this.#parties.values()) {
      for (const seat of waiting) {
        if (level === 'critical') this.#dismiss(seat, SHORT_OF_MEMORY)
        else if (queueTimeoutMs === 0 || time - seat.since <= queueTimeoutMs) break
        else this.#dismiss(seat, this.#waitedInVain())
      }
    }
  }

  /** @returns who has to give way for one more that waits, if it comes to that. */
  #roomFor(key: ClientKey | null, party: Party | undefined): Seat | undefined {
    if (this.isShortOfMemory) throw new Failed(SHORT_OF_MEMORY)
    const { maxInFlight, perKeyInFlight, maxQueued } = this.#limits
    const waiting = party?.waiting.size ?? 0
    if (key !== null && perKeyInFlight > 0 && party !== undefined) {
      if (party.inFlight + waiting >= perKeyInFlight) throw new Failed(hasEnough(perKeyInFlight))
    }
    if (this.#inFlight < maxInFlight || this.#queued < maxQueued) return undefined
    const newest = this.#newestBeyond(waiting + 1)
    if (newest === undefined) throw new Failed(this.#noRoom())
    return newest
  }

  /** The last that came of the key that has the most waiting, if those are more than so many. */
  #newestBeyond(count: number): Seat | undefined {
    let most: ReadonlySet<Seat> = NOBODY
    for (const { waiting } of this.#parties.values()) {
      if (waiting.size > most.size) most = waiting
    }
    return most.size > count ? [...most].at(-1) : undefined
  }

  #let(seat: Seat): void {
    const { party } = seat
    if (this.#inFlight === 0) this.#watch.start()
    this.#inFlight++
    party.inFlight++
    party.served = ++this.#served
    seat.state = 'in'
  }

  readonly #leave = (seat: Seat): void => {
    if (seat.state === 'waiting') return this.#dismiss(seat, 'left')
    if (seat.state === 'out') return
    seat.state = 'out'
    this.#inFlight--
    seat.party.inFlight--
    this.#forgetIfGone(seat.party)
    this.#next()
  }

  /** Hands a place on, so that nobody slips in between. */
  #next(): void {
    const [seat] = this.#mostInNeed()
    if (seat !== undefined) {
      this.#unqueue(seat)
      this.#let(seat)
      this.#lastWait = seat.settle('in')
    } else if (this.#inFlight === 0) {
      this.#watch.stop()
      // Without load there is none to shed; and were it refused, nothing would have V8 collect its garbage.
      this.#heap.forget()
    }
  }

  /** Those that wait of the key that has the fewest under way; of several, the one whose turn was longest ago. */
  #mostInNeed(): ReadonlySet<Seat> {
    if (this.#queued === 0) return NOBODY
    let first: Party | undefined
    for (const party of this.#parties.values()) {
      if (party.waiting.size > 0 && (first === undefined || isBefore(party, first))) first = party
    }
    return first?.waiting ?? NOBODY
  }

  #dismiss(seat: Seat, came: Came): void {
    this.#unqueue(seat)
    seat.state = 'out'
    this.#forgetIfGone(seat.party)
    seat.settle(came)
  }

  #unqueue(seat: Seat): void {
    seat.party.waiting.delete(seat)
    this.#queueIs(this.#queued - 1)
  }

  #queueIs(length: number): void {
    this.#queued = length
    this.#onQueue(length)
  }

  #forgetIfGone({ key, inFlight, waiting }: Party): void {
    if (inFlight === 0 && waiting.size === 0) this.#parties.delete(key)
  }

  #noRoom(): Failure {
    return {
      kind: 'overloaded',
      message: 'Too many requests wait already. Try again a little later.',
      retryAfterMs: aboutAfter(this.#lastWait),
      shed: 'queue-full',
    }
  }

  #waitedInVain(): Failure {
    this.#lastWait = this.#limits.queueTimeoutMs
    return {
      kind: 'overloaded',
      message: 'No turn came free in the time that a request may wait. Try again a little later.',
      retryAfterMs: aboutAfter(this.#lastWait),
      shed: 'queue-timeout',
    }
  }
}

export type AdmissionOptions = {
  readonly heap?: HeapLevel | undefined
  readonly onQueue?: ((length: number) => void) | undefined
}

/** The turns of one key. */
class Party {
  readonly key: ClientKey | null
  /** In the order they came. */
  readonly waiting = new Set<Seat>()
  inFlight = 0
  /** When it was let in last, counted in those that were. */
  served = 0

  constructor(key: ClientKey | null) {
    this.key = key
  }
}

const NOBODY: ReadonlySet<Seat> = new Set()

const isBefore = (one: Party, other: Party): boolean =>
  one.inFlight === other.inFlight ? one.served < other.served : one.inFlight < other.inFlight

class Seat implements Place {
  readonly party: Party
  readonly #onLeave: (seat: Seat) => void
  state: 'in' | 'waiting' | 'out' = 'out'
  wait: Promise<Came> | undefined = undefined
  waitedMs = 0
  since = 0
  #settle: ((came: Came) => void) | undefined = undefined

  constructor(party: Party, onLeave: (seat: Seat) => void) {
    this.party = party
    this.#onLeave = onLeave
  }

  get isHeld(): boolean {
    return this.state === 'in'
  }

  leave(): void {
    this.#onLeave(this)
  }

  queue(since: number): void {
    const { promise, resolve } = Promise.withResolvers<Came>()
    this.state = 'waiting'
    this.since = since
    this.wait = promise
    this.#settle = resolve
  }

  /** @returns how long it waited, ms. */
  settle(came: Came): number {
    this.waitedMs = now() - this.since
    this.#settle?.(came)
    return this.waitedMs
  }
}

const hasEnough = (most: number): Failure => ({
  kind: 'rate-limited',
  message: `This API key may have ${most} requests under way at a time. Wait for one to end, then try again.`,
  retryAfterMs: SOON_MS,
})

/** When somebody's answer may have ended, ms. */
const SOON_MS = 1000
const LATE_MS = 25_000

/** Give or take a fifth, so that those who were refused together do not come back together; ms. */
const aboutAfter = (waitMs: number): number =>
  Math.min(Math.max(waitMs, SOON_MS), LATE_MS) * (0.8 + 0.4 * Math.random())

const SHORT_OF_MEMORY: Failure = {
  kind: 'overloaded',
  message: 'This server is short of memory. Try again a little later.',
  retryAfterMs: 5000,
  shed: 'memory',
}
