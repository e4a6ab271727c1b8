/**
 * What a model said in the wrong place, put right (product § 3, invariant 11): a thought inside the text, a
 * call printed as text. Either can only be the first thing of a turn, so that soon nothing is looked at any more.
 */
import type { ChatEvent } from './event.ts'
import { LeakedCall } from './leaked-call.ts'
import { StrayThought } from './stray-thought.ts'

export class Repair {
  readonly #thought = new StrayThought()
  readonly #call: LeakedCall

  /** @param offered names of the tools on offer. */
  constructor(offered: ReadonlySet<string>) {
    this.#call = new LeakedCall(offered)
  }

  /** @returns the same batch where nothing can be wrong any more. */
  right(batch: readonly ChatEvent[]): readonly ChatEvent[] {
    return through(this.#call, through(this.#thought, batch))
  }
}

type Stage = {
  readonly isSettled: boolean
  take(event: ChatEvent, said: ChatEvent[]): void
}

const through = (stage: Stage, batch: readonly ChatEvent[]): readonly ChatEvent[] => {
  if (stage.isSettled) return batch
  const said: ChatEvent[] = []
  for (const event of batch) stage.take(event, said)
  return said
}
