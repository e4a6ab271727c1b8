/** Long work in steps: a pure room says where it may rest, an edge lets others have their turn there. */

/** Work that may rest at each `yield`, and returns its result. */
export type Steps<T> = Generator<void, T, void>

/** Does all of it at once. */
export const allOf = <T>(steps: Steps<T>): T => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** How much is done between two rests: about two milliseconds. */
const STEP = 512 * 1024

/** Says when it is time to rest, so that small work never does. */
export class Pace {
  #left = STEP

  /**
   * Whether to rest now.
   *
   * @param effort what was done since it was asked last: a character that is read or written is 1.
   */
  isDue(effort: number): boolean {
    this.#left -= effort
    if (this.#left > 0) return false
    this.#left = STEP
    return true
  }
}
