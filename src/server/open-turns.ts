/** The turns under way: what a drain waits for, and tells when it can wait no longer. */
import { EventEmitter, once } from 'node:events'
import type { ClientKey } from '../client-key.ts'
import type { Failure } from '../failure.ts'
import { Roster } from '../roster.ts'

/** A turn that can be ended from outside; its client hears the failure. */
export type OpenTurn = { fail(failure: Failure): void }

/** One that hears, once, that its response is done with. */
export type TurnUnderWay = OpenTurn & { over(): void }

export class OpenTurns {
  readonly #turns = new Roster<Held>()
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

  /**
   * Keeps the turn until its response is done with.
   *
   * @param key whose it is; null where keys are not asked for.
   */
  hold(
    turn: TurnUnderWay,
    response: Pick<EventEmitter, 'once'>,
    key: ClientKey | null = null,
  ): void {
    const place = this.#turns.join({ turn, key })
    response.once('close', () => {
      this.#turns.leave(place)
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
    for (const { turn } of this.#turns) turn.fail(failure)
  }

  /** Ends the turns of keys that were taken away. */
  revoke(isGone: (key: ClientKey) => boolean): void {
    for (const { turn, key } of this.#turns) {
      if (key !== null && isGone(key)) turn.fail(REVOKED)
    }
  }
}

/** A turn, and whose it is; null where keys are not asked for. */
type Held = { readonly turn: TurnUnderWay; readonly key: ClientKey | null }

const REVOKED: Failure = {
  kind: 'unauthorized',
  message: 'This API key was taken away while it was used. Ask the operator for another.',
}
