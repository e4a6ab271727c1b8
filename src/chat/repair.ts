/**
 * What a model said in the wrong place, put right (product § 3, invariant 11): a thought inside the text, a
 * call printed as text, a fence around JSON. Each can only be the first thing of a turn, so that soon nothing is
 * looked at any more.
 */
import type { ChatEvent } from './event.ts'
import { FencedJson } from './fenced-json.ts'
import { LeakedCall } from './leaked-call.ts'
import { StrayThought } from './stray-thought.ts'

export class Repair {
  readonly #thought = new StrayThought()
  readonly #call: LeakedCall
  readonly #json: FencedJson

  /**
   * @param offered names of the tools on offer.
   * @param isJson whether JSON was asked for.
   */
  constructor(offered: ReadonlySet<string>, isJson = false) {
    this.#call = new LeakedCall(offered)
    this.#json = new FencedJson(isJson)
  }

  /** @returns the same batch where nothing can be wrong any more. */
  right(batch: readonly ChatEvent[]): readonly ChatEvent[] {
    return through(this.#json, through(this.#call, through(this.#thought, batch)))
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
