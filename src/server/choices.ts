/** Several choices for one request: a turn and an exchange each, and one listener that hears them all. */
import type { ChatEvent } from '../chat/event.ts'
import { SeveralTurns, type SeveralTurnsEvent } from '../chat/several-turns.ts'
import type { Exchange, Listener } from '../upstream/upstream.ts'
import type { Place } from './admission.ts'
import type { RequestRecord } from './request-record.ts'

export type ChoicesOptions = {
  /** How many there are to be. */
  readonly count: number
  /** Whether they answer one prompt, or each its own; one, unless said. */
  readonly prompts?: 'one' | 'each'
  /** Hears what all of them say, and one last word. */
  readonly listener: Listener<SeveralTurnsEvent>
  readonly record: Pick<RequestRecord, 'usage' | 'finishReason'>
  /** Begins the turn of this index, from 0. */
  readonly begin: (index: number, listener: Listener) => Exchange
  /** One more place beside the request's own, if one is free. */
  readonly another: () => Place | undefined
  /** Hears once that no more turns will begin, so that nobody needs the request any more. */
  readonly onAllBegun: () => void
}

/**
 * As one exchange: what is done to it is done to all. The turns run side by side as far as there are places,
 * and each that ends makes room for one that could not begin; the first one's place is the request's own.
 */
export class Choices implements Exchange {
  readonly #turns: SeveralTurns
  readonly #exchanges: Exchange[] = []
  /** Those taken beside the request's own. */
  readonly #places: Place[] = []
  readonly #listener: Listener<SeveralTurnsEvent>
  readonly #record: ChoicesOptions['record']
  /** Null when none is left to begin: what it knows of the request can go. */
  #pending: Pending | null
  #isPaused = false
  #isOver = false

  constructor({ count, prompts, listener, record, begin, another, onAllBegun }: ChoicesOptions) {
    this.#turns = new SeveralTurns(count, prompts)
    this.#listener = listener
    this.#record = record
    this.#pending = { next: 0, count, begin, another, onAllBegun }
  }

  /** Begins as many as there are places for; to be called once, when the request has its own. */
  start(): void {
    this.#beginNext(null)
    while (this.#pending !== null) {
      const place = this.#pending.another()
      if (place === undefined) return
      this.#places.push(place)
      this.#beginNext(place)
    }
  }

  pause(): void {
    this.#isPaused = true
    for (const exchange of this.#exchanges) exchange.pause()
  }

  resume(): void {
    this.#isPaused = false
    for (const exchange of this.#exchanges) exchange.resume()
  }

  abort(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#beginNoMore()
    for (const exchange of this.#exchanges) exchange.abort()
    for (const place of this.#places) place.leave()
  }

  /** @param place its own; null is the request's. */
  #beginNext(place: Place | null): void {
    const pending = this.#pending
    if (pending === null) return
    const index = pending.next++
    const exchange = pending.begin(index, {
      events: (batch) => this.#hear(index, place, batch),
    })
    this.#exchanges.push(exchange)
    if (this.#isOver) exchange.abort()
    else if (this.#isPaused) exchange.pause()
    if (pending.next === pending.count) this.#beginNoMore()
  }

  #beginNoMore(): void {
    const pending = this.#pending
    this.#pending = null
    pending?.onAllBegun()
  }

  #hear(index: number, place: Place | null, batch: readonly ChatEvent[]): void {
    if (this.#isOver) return
    const last = batch.at(-1)
    const said = this.#turns.take(index, batch)
    if (last?.type === 'failure') this.abort()
    if (last?.type === 'finish') {
      // Each turn has noted its own; the log's line is about all of them.
      this.#record.usage = this.#turns.usage
      this.#record.finishReason = this.#turns.reason
    }
    if (said.length > 0) this.#listener.events(said)
    if (last?.type === 'finish') this.#pass(place)
  }

  /** A turn's place goes to the next, or back. */
  #pass(place: Place | null): void {
    if (this.#pending === null) place?.leave()
    else this.#beginNext(place)
  }
}

type Pending = Pick<ChoicesOptions, 'count' | 'begin' | 'another' | 'onAllBegun'> & { next: number }
