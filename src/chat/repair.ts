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
  /** Those that may still find something, in the order that each hears what the one before has said. */
  #stages: readonly Stage[]

  /**
   * @param offered names of the tools on offer.
   * @param isJson whether JSON was asked for.
   */
  constructor(offered: readonly string[], isJson = false) {
    const stages: Stage[] = [new StrayThought()]
    if (offered.length > 0) stages.push(new LeakedCall(new Set(offered)))
    if (isJson) stages.push(new FencedJson())
    this.#stages = stages
  }

  /** @returns the same batch where nothing can be wrong any more. */
  right(batch: readonly ChatEvent[]): readonly ChatEvent[] {
    if (this.#stages.length === 0) return batch
    let said = batch
    for (const stage of this.#stages) said = through(stage, said)
    this.#stages = this.#stages.filter(isOpen)
    return said
  }
}

type Stage = {
  readonly isSettled: boolean
  take(event: ChatEvent, said: ChatEvent[]): void
}

const isOpen = ({ isSettled }: Stage): boolean => !isSettled

const through = (stage: Stage, batch: readonly ChatEvent[]): readonly ChatEvent[] => {
  const said: ChatEvent[] = []
  for (let at = 0; at < batch.length; at++) {
    // From here on all passes as it is.
    if (stage.isSettled) return [...said, ...batch.slice(at)]
    const event = batch[at]
    if (event !== undefined) stage.take(event, said)
  }
  return said
}
