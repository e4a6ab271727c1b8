/** The environment that `fuzz.ts` gives to the tests of this folder. */

/** How many times as many cases. */
export const FACTOR = 'FUZZ_FACTOR'
export const SEED = 'FUZZ_SEED'
