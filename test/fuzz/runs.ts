/** How often a property is tried, and from which seed: few times in `npm test`, as often as is asked for in `npm run fuzz`. */
import { randomInt } from 'node:crypto'
import { env } from 'node:process'
import fc, { type Arbitrary, type Parameters } from 'fast-check'
import { vi } from 'vitest'
import { FACTOR, SEED } from './variables.ts'

/** Where cases are counted, a busy machine may take its time, and `npm run fuzz` hours. */
vi.setConfig({ testTimeout: env[FACTOR] === undefined ? 120_000 : 12 * 3_600_000 })

/**
 * For `fc.assert`. Without a seed fast-check draws one, and a failure prints it with the path to the case.
 *
 * @param usual the number of cases in `npm test`; all of this folder together take seconds there.
 */
export const runs = <T>(usual: number): Parameters<T> => {
  const seed = Number(env[SEED] ?? Number.NaN)
  const numRuns = Math.ceil(usual * Number(env[FACTOR] ?? 1))
  return Number.isInteger(seed) ? { numRuns, seed } : { numRuns }
}

/**
 * Cases to be tried many at a time, where each takes time and none can be made smaller: whoever finds a
 * fault names the seed and the case.
 */
export const sampled = <T>(
  arbitrary: Arbitrary<T>,
  usual: number,
): { readonly seed: number; readonly cases: readonly T[] } => {
  const { numRuns = usual, seed = randomInt(2 ** 31) } = runs<T>(usual)
  return { seed, cases: fc.sample(arbitrary, { numRuns, seed }) }
}
