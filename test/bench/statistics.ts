/** Medians and what lies around them: a bench's figures are never one run's. */

/** What many rounds say of one figure. */
export type Summary = { readonly median: number; readonly least: number; readonly most: number }

/** @throws when there is none. */
export const median = (samples: readonly number[]): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  if (upper === undefined || lower === undefined) throw new Error('the median of nothing')
  return (lower + upper) / 2
}

/** @throws when there is none. */
export const summarise = (samples: readonly number[]): Summary => ({
  median: median(samples),
  least: Math.min(...samples),
  most: Math.max(...samples),
})

/**
 * One round's value to the same round's base: what disturbs both disturbs the ratio least. Rounds in which
 * one of them is missing do not count.
 */
export const ratios = (
  values: readonly (number | undefined)[],
  bases: readonly (number | undefined)[],
): readonly number[] =>
  values.flatMap((value, round) => {
    const base = bases[round]
    return value === undefined || base === undefined || base === 0 ? [] : [value / base]
  })
