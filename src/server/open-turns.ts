/** The turns under way: what a drain waits for, and tells when it can wait no longer. */
import { EventEmitter, once } from 'node:events'
import type { Failure } from '../failure.ts'

/** A turn that can be ended from outside; its client hears the failure. */
export type OpenTurn = { fail(failure: Failure): void }

/** One that hears, once, that its response is done with. */
export type TurnUnderWay = OpenTurn & { over(): void }

export class OpenTurns {
  readonly #turns = new Set<TurnUnderWay>()
  readonly #events = new EventEmitter<{ idle: [] }>()
  #leaving = false
  #draining = false

  /** Whether new work had better go elsewhere; it is still done. */
  get leaving(): boolean {
    return this.#leaving
  }

  /** Whether no new work is taken any more. */
  get draining(): boolean {
    return this.#draining
  }

  leave(): void {
    this.#leaving = true
  }

  drain(): void {
    this.#leaving = true
    this.#draining = true
  }

  /** Keeps the turn until its response is done with. */
  hold(turn: TurnUnderWay, response: Pick<EventEmitter, 'once'>): void {
    this.#turns.add(turn)
    response.once('close', () => {
      this.#turns.delete(turn)
      turn.over()
      if (this.#turns.size === 0) this.#events.emit('idle')
    })
  }

  /** Resolves when no turn is under way. */
  async idle(): Promise<void> {
    if (this.#turns.size > 0) await once(this.#events, 'idle')
  }

  /** Ends every turn with this failure. */
  failAll(failure: Failure): void {
    for (const turn of this.#turns) turn.fail(failure)
  }
}
