/** A turn and its place: it waits for it, and gives it back however it ends. */
import type { Failure } from '../failure.ts'
import type { Place } from './admission.ts'
import type { OpenTurn, TurnUnderWay } from './open-turns.ts'
import type { RequestRecord } from './request-record.ts'

export class HeldTurn implements TurnUnderWay {
  readonly #turn: OpenTurn
  readonly #place: Place
  readonly #record: RequestRecord

  constructor(turn: OpenTurn, place: Place, record: RequestRecord) {
    this.#turn = turn
    this.#place = place
    this.#record = record
  }

  /** Waits in the queue. @returns whether the turn may start; if not, its client has been told, or is gone. */
  async hasItsPlace(): Promise<boolean> {
    const came = await this.#place.wait
    this.#record.queueMs = this.#place.waitedMs
    if (typeof came === 'object') this.fail(came)
    // Between the word and now it may have ended.
    return this.#place.isHeld
  }

  fail(failure: Failure): void {
    // The log says why a stream was ended from outside: its status was sent long ago.
    this.#record.failure = failure.kind
    if (failure.kind === 'overloaded') this.#record.shed = failure.shed
    this.#place.leave()
    this.#turn.fail(failure)
  }

  over(): void {
    this.#place.leave()
  }
}
