/** Numbers as a report shows them: as many digits as they are worth. */

/** Three digits that count, with commas between thousands. */
export const numberText = (value: number): string => {
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** A dash where there is none. */
export const cellText = (value: number | null | undefined): string =>
  value === null || value === undefined || Number.isNaN(value) ? '–' : numberText(value)
