/** Breaker: an upstream that lets nobody in is tried once a second; all others are told at once, without waiting. */
import type { CircuitState } from './incidents.ts'

/** Failed attempts in a row that make an outage: five calls, each tried twice (reliability § 4). */
const MOST_FAILURES = 10

/**
 * From one attempt's failure to the next, ms. The half minute of reliability § 4 is for one upstream among
 * several; nobody stands in for the only one, so that it has to be noticed soon when it is back.
 */
export const REST_MS = 1000

/**
 * Counts attempts to connect, not answers: slow is no failure, and neither is an error that the upstream
 * says. Whoever is admitted tells how it went, once.
 */
export class Breaker {
  #failures = 0
  #isProbing = false
  #restsUntil = Number.NEGATIVE_INFINITY
  readonly #onChange: (state: CircuitState) => void
  #state: CircuitState = 'closed'

  constructor(onChange: (state: CircuitState) => void) {
    this.#onChange = onChange
  }

  /** Whether a connection may be tried. @param time of the monotonic clock, ms. */
  admits(time: number): boolean {
    if (this.#failures < MOST_FAILURES) return true
    if (this.#isProbing || time < this.#restsUntil) return false
    this.#isProbing = true
    this.#turn('half-open')
    return true
  }

  stood(): void {
    this.#failures = 0
    this.#isProbing = false
    this.#turn('closed')
  }

  failed(time: number): void {
    this.#failures += 1
    this.#isProbing = false
    if (this.#failures < MOST_FAILURES) return
    this.#restsUntil = time + REST_MS
    this.#turn('open')
  }

  /** The attempt ended without telling anything of the upstream: its client left. */
  gaveUp(): void {
    if (!this.#isProbing) return
    this.#isProbing = false
    this.#turn('open')
  }

  #turn(state: CircuitState): void {
    if (state === this.#state) return
    this.#state = state
    this.#onChange(state)
  }
}
