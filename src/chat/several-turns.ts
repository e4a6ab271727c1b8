/** Several turns that answer one request: what each says, and how they end together. */
import type { ChatEvent, Failing, FinishReason, Usage } from './event.ts'

/** What one of them says next; its own `finish` is among it, a failure never is. */
export type OneOfThem = {
  readonly type: 'turn'
  /** Which one, from 0. */
  readonly index: number
  readonly said: readonly ChatEvent[]
}

/** The last of them has finished. */
export type AllFinished = { readonly type: 'finish'; readonly usage: Usage }

/** Any number of the first, then one of the others: the failure of one is the failure of all. */
export type SeveralTurnsEvent = OneOfThem | AllFinished | Failing

/** Merges turns that are in order already (`chat/turn.ts`), in whatever order they come. */
export class SeveralTurns {
  #left: number
  #hasFailed = false
  #reason: FinishReason = 'stop'
  #promptTokens: Count = undefined
  /** Undefined as soon as one count is unknown. */
  #completionTokens: Count = 0
  readonly #ofPrompts: (one: Count, other: Count) => Count

  /**
   * @param count how many turns there are.
   * @param prompts whether they answer one prompt, or each its own.
   */
  constructor(count: number, prompts: 'one' | 'each' = 'one') {
    this.#left = count
    this.#ofPrompts = prompts === 'one' ? largest : sum
    if (prompts === 'each') this.#promptTokens = 0
  }

  /**
   * The tokens of one prompt once, as OpenAI's API counts them, of several all, and those of all answers. Where
   * the turns differ on one prompt the largest count is meant: what a cache held is not in the others.
   */
  get usage(): Usage {
    return {
      ...(this.#promptTokens !== undefined && { promptTokens: this.#promptTokens }),
      ...(this.#completionTokens !== undefined && { completionTokens: this.#completionTokens }),
    }
  }

  /** The one of their reasons that tells most: a cut above calls above an end of its own. */
  get reason(): FinishReason {
    return this.#reason
  }

  /** @returns what is said now; nothing after the last word of all. */
  take(index: number, batch: readonly ChatEvent[]): readonly SeveralTurnsEvent[] {
    const last = batch.at(-1)
    if (last === undefined || this.#hasFailed || this.#left === 0) return []
    if (last.type === 'failure') {
      this.#hasFailed = true
      const said = batch.slice(0, -1)
      return said.length === 0 ? [last] : [{ type: 'turn', index, said }, last]
    }
    const one: OneOfThem = { type: 'turn', index, said: batch }
    if (last.type !== 'finish') return [one]
    this.#count(last.usage)
    if (WEIGHT[last.reason] > WEIGHT[this.#reason]) this.#reason = last.reason
    this.#left--
    return this.#left > 0 ? [one] : [one, { type: 'finish', usage: this.usage }]
  }

  #count({ promptTokens, completionTokens }: Usage): void {
    this.#promptTokens = this.#ofPrompts(this.#promptTokens, promptTokens)
    this.#completionTokens = sum(this.#completionTokens, completionTokens)
  }
}

type Count = number | undefined

const sum = (one: Count, other: Count): Count =>
  one === undefined || other === undefined ? undefined : one + other

const largest = (one: Count, other: Count): Count =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)

const WEIGHT = { stop: 0, 'tool-calls': 1, length: 2 } as const satisfies Record<
  FinishReason,
  number
>
