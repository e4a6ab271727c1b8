/** How full V8's heap is, in three levels that do not flutter: what is refused before memory runs out. */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'

/** `short`: no new work. `critical`: nor any that waits. */
export type Level = 'ample' | 'short' | 'critical'

/** Above these shares of the heap a level begins; a level ends a good way below. */
const SHORT = 0.8
const CRITICAL = 0.9
const AMPLE_AGAIN = 0.7

export class HeapLevel {
  readonly #read: () => number
  #level: Level = 'ample'

  /** @param read the share of the heap that is used, 0 to 1; V8's own unless said. */
  constructor(read: () => number = usedShare) {
    this.#read = read
  }

  /** As it was when last looked at. */
  get level(): Level {
    return this.#level
  }

  /** Looks again: a microsecond, too much for every request and nothing for a tick. */
  look(): Level {
    const share = this.#read()
    if (share >= CRITICAL) this.#level = 'critical'
    else if (share >= SHORT) this.#level = 'short'
    else if (share < AMPLE_AGAIN) this.#level = 'ample'
    else if (this.#level === 'critical') this.#level = 'short'
    return this.#level
  }

  /** Takes it for ample until it is looked at again. */
  forget(): void {
    this.#level = 'ample'
  }
}

const MiB = 1024 * 1024

/**
 * V8's limit is that of the old generation and three times the largest half of the young one together, and
 * it ends the process when the old one alone is full: with 64 MiB of it, at a quarter of the limit (Node
 * 24.21). How large a half may be it tells nobody: 64 MiB since V8 13, 16 before.
 */
const YOUNG_BYTES = (Number.parseInt(process.versions.v8, 10) >= 13 ? 192 : 48) * MiB

/** How large V8's old generation may become, bytes; rather too small where a flag has made the young one smaller. */
export const oldGenerationLimit = (limit = getHeapStatistics().heap_size_limit): number =>
  Math.max(limit - YOUNG_BYTES, limit / 4)

const usedShare = (): number => {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  const old = oldGenerationLimit(limit)
  // What is new is in it: nearly always this is answer enough.
  if (used < AMPLE_AGAIN * old) return used / old
  const young = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith('new_'))
  return young.reduce((rest, { space_used_size: each }) => rest - each, used) / old
}
