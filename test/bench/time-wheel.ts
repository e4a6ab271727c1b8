/** Thousands of deadlines behind one timer: a slot for each millisecond. */

/** Longer than any delay of the bench, in milliseconds. */
const SLOTS = 1 << 17

export class TimeWheel<T> {
  readonly #slots: T[][] = Array.from({ length: SLOTS }, () => [])
  readonly #start = performance.now()
  #turned = 0

  /** @param due is handed each thing when its time has come. */
  constructor(due: (thing: T) => void) {
    setInterval(() => {
      const now = this.now()
      while (this.#turned < now) {
        this.#turned += 1
        const at = this.#turned % SLOTS
        const things = this.#slots[at] ?? []
        if (things.length === 0) continue
        this.#slots[at] = []
        for (const thing of things) due(thing)
      }
    }, 1).unref()
  }

  /** Milliseconds since the wheel began to turn. */
  now(): number {
    return Math.floor(performance.now() - this.#start)
  }

  /** @param atMs of {@link now}; what is past comes with the next turn. */
  add(thing: T, atMs: number): void {
    this.#slots[Math.max(Math.ceil(atMs), this.#turned + 1) % SLOTS]?.push(thing)
  }
}
