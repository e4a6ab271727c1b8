/** SeveralCompletions: folds several turns into the messages that they said. */
import type { Failure } from '../failure.ts'
import { CompletionFold, type Completion } from './completion.ts'
import type { Usage } from './event.ts'
import type { SeveralTurnsEvent } from './several-turns.ts'

/** Whole turns, by their index, and what they used together. */
export type SeveralCompletions = {
  readonly completions: readonly Completion[]
  readonly usage: Usage
}

/** Gathers turns as they are said, each for itself. */
export class SeveralCompletionsFold {
  readonly #folds: readonly CompletionFold[]
  readonly #completions: Completion[] = []

  /** @param most how long all of them may be together, characters of JSON; each has its part of it. */
  constructor(count: number, most = Number.POSITIVE_INFINITY) {
    this.#folds = Array.from({ length: count }, () => new CompletionFold(Math.floor(most / count)))
  }

  /** @returns the end of all when this batch held it: the completions, or why there are none. */
  add(batch: readonly SeveralTurnsEvent[]): SeveralCompletions | Failure | null {
    for (const event of batch) {
      if (event.type === 'failure') return event.failure
      if (event.type === 'finish') return { completions: this.#completions, usage: event.usage }
      const end = this.#folds[event.index]?.add(event.said) ?? null
      if (end === null) continue
      if ('kind' in end) return end
      this.#completions[event.index] = end
    }
    return null
  }
}
