/** Keeps many things under way at once, for a time and up to a count. */

export type Bounds = {
  readonly atOnce: number
  /** For how long new ones begin, ms. */
  readonly ms: number
  /** How many there are at most. */
  readonly most: number
}

/** @param one begins the n-th, from 0; `leftMs` is how long others may still begin. @returns how many there were. */
export const drive = async (
  { atOnce, ms, most }: Bounds,
  one: (n: number, leftMs: number) => Promise<unknown>,
): Promise<number> => {
  const started = performance.now()
  let count = 0
  const work = async (): Promise<void> => {
    for (;;) {
      const leftMs = ms - (performance.now() - started)
      if (leftMs <= 0 || count >= most) return
      await one(count++, leftMs)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, most) }, work))
  return count
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
