/** The moment of a write, carried in a token's text: one clock for all processes of a machine. */
import { STAMP_DIGITS } from './tokens.ts'

/** Microseconds of the monotonic clock. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1000n)

const ZERO = 48

/** Writes the moment over the 16 digits at `offset`. */
export const putStamp = (bytes: Uint8Array, offset: number, us: number): void => {
  let rest = us
  for (let at = offset + STAMP_DIGITS - 1; at >= offset; at--) {
    const tens = Math.floor(rest / 10)
    bytes[at] = ZERO + rest - tens * 10
    rest = tens
  }
}

/** The moment that stands at `offset`; NaN when these are not 16 digits. */
export const stampAt = (bytes: Uint8Array, offset: number): number => {
  let us = 0
  for (let at = offset; at < offset + STAMP_DIGITS; at++) {
    const digit = (bytes[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    us = us * 10 + digit
  }
  return us
}
