/** How often something is measured again because others used the machine: within one budget for the whole run. */
import { busySeconds, canAccount, cpuOf, cpuTotal } from './accounting.ts'

/** Cores that others may use while something is measured. */
export const QUIET = 0.12

/** CPU is told in ticks of 10 ms, by process and by core: so much of it may be nobody's, s. */
const ROUNDING_S = 0.03

/** Of one measurement. */
const TRIES = 4

export type Tried<T> = { readonly result: T; readonly isQuiet: boolean }

export class Patience {
  #leftMs: number

  /** @param budgetMs what all that is measured again may take together. */
  constructor(budgetMs: number) {
    this.#leftMs = budgetMs
  }

  /** Measures until it was quiet, or until it is no use; the last try counts. */
  async measure<T>(once: () => Promise<T>, isQuiet: (result: T) => boolean): Promise<Tried<T>> {
    for (let tries = 1; ; tries++) {
      const startMs = performance.now()
      const result = await once()
      if (isQuiet(result)) return { result, isQuiet: true }
      const tookMs = performance.now() - startMs
      if (tries === TRIES || this.#leftMs < tookMs) return { result, isQuiet: false }
      this.#leftMs -= tookMs
    }
  }

  /** The same, where everything that the bench itself runs lives from its beginning to its end. */
  async quietly<T>(once: () => Promise<T>): Promise<Tried<T>> {
    let foreign = 0
    const watched = async (): Promise<T> => {
      const start = account()
      const result = await once()
      const end = account()
      const foreignSeconds = end.busy - start.busy - (end.ours - start.ours) - ROUNDING_S
      foreign = foreignSeconds / (end.seconds - start.seconds)
      return result
    }
    return this.measure(watched, () => foreign < QUIET)
  }
}

/** Where the platform does not tell, it counts as quiet. */
const account = () => ({
  busy: canAccount ? busySeconds() : 0,
  ours: canAccount ? cpuTotal(cpuOf(process.pid)) : 0,
  seconds: performance.now() / 1000,
})

/** What has to be said of samples that were never quiet; nothing when all were. */
export const noiseRemark = (tried: readonly Tried<unknown>[]): readonly string[] => {
  const noisy = tried.filter(({ isQuiet }) => !isQuiet).length
  return noisy === 0 ? [] : [`others used the machine in ${noisy} of ${tried.length} measurements`]
}
