/** A whole answer: gathers the turn of a client that does not stream. */
import type { ServerResponse } from 'node:http'
import { CompletionFold, type Completion } from '../chat/completion.ts'
import type { ChatEvent } from '../chat/event.ts'
import { Failed, type Failure } from '../failure.ts'
import type { Exchange, Listener } from '../upstream/upstream.ts'
import type { OpenTurn } from './open-turns.ts'
import { writeWhole } from './whole-answer.ts'

/** Puts together what is said. `add` gives the end when a batch held it: the whole, or why there is none. */
export type Fold<Said, Whole extends object> = {
  add(batch: readonly Said[]): Whole | Failure | null
}

/**
 * @template Said what is said: events of one turn, or of several.
 * @template Whole what they come to.
 */
export class OneShot<Said = ChatEvent, Whole extends object = Completion>
  implements Listener<Said>, OpenTurn
{
  /** Rejects with a Failed when the turn failed anywhere: part of an answer is no answer. */
  readonly completion: Promise<Whole>
  readonly #fold: Fold<Said, Whole>
  readonly #resolve: (whole: Whole) => void
  readonly #reject: (failed: Failed) => void
  readonly #response: ServerResponse
  readonly #writeStallMs: number
  #exchange: Exchange | null = null
  #isOver = false

  /**
   * @param response whose closing says that the client left.
   * @param writeStallMs how long the client may leave the answer unread.
   * @param fold an answer that fails there is stopped.
   */
  constructor(response: ServerResponse, writeStallMs: number, fold: Fold<Said, Whole>) {
    const { promise, resolve, reject } = Promise.withResolvers<Whole>()
    this.completion = promise
    // A fault of ours before anyone awaits it answers 500; it must not end the process as well.
    promise.catch(() => {})
    this.#resolve = resolve
    this.#reject = reject
    this.#response = response
    this.#fold = fold
    this.#writeStallMs = writeStallMs
    const leave = (): void => this.fail({ kind: 'client-closed' })
    response.on('close', leave)
    if (response.destroyed) leave()
  }

  /** Ties it to the turn it gathers. */
  carry(exchange: Exchange): void {
    this.#exchange = exchange
    if (this.#isOver) exchange.abort()
  }

  events(batch: readonly Said[]): void {
    const end = this.#fold.add(batch)
    if (end === null) return
    this.#isOver = true
    if (!isFailure(end)) return this.#resolve(end)
    // The upstream does not know of a failure that is found here.
    this.#exchange?.abort()
    this.#reject(new Failed(end))
  }

  /** Sends the answer, in octets, piece by piece. */
  answer(pieces: readonly string[]): void {
    writeWhole(this.#response, pieces, this.#writeStallMs)
  }

  fail(failure: Failure): void {
    // The close of an answer that was given must not cut the connection that the next one can use.
    if (this.#isOver) return
    this.#isOver = true
    this.#exchange?.abort()
    this.#reject(new Failed(failure))
  }
}

const isFailure = (end: object): end is Failure => 'kind' in end

/**
 * For a client that streams from a model that shall not: the whole turn at its end, retold in order.
 *
 * @param maxBytes how long the answer may grow; one that is longer fails, and the listener stops the upstream then.
 */
export const atOnce = (
  listener: Listener,
  retold: (whole: Completion) => readonly ChatEvent[],
  maxBytes: number,
): Listener => {
  const fold = new CompletionFold(maxBytes)
  return {
    events: (batch) => {
      const end = fold.add(batch)
      if (end === null) return
      listener.events('kind' in end ? [{ type: 'failure', failure: end }] : retold(end))
    },
  }
}
