/** `keep_alive`: how long a model stays loaded, as Ollama takes it (`api/types.go: Duration`, 0.33). */
import { z } from 'zod'
import { invalid } from './refusal.ts'

export const keepAlive = z.union([z.string(), z.number()]).nullish()

/**
 * Seconds as a number, or a Go duration. A bare number in a string is seconds too: Ollama would refuse
 * `"-1"` for its missing unit. Absent for an empty string.
 *
 * @throws Failed `invalid-request` for what Go would not take.
 */
export const decodeKeepAlive = (
  wire: z.infer<typeof keepAlive>,
  param: string,
): number | string | undefined => {
  const value = wire ?? ''
  if (value === '') return undefined
  if (typeof value === 'string' && !BARE_NUMBER.test(value)) {
    if (secondsOf(value) <= MAX_SECONDS) return value
    throw invalid(param, EXPECTED)
  }
  if (Math.abs(Number(value)) <= MAX_SECONDS) return Number(value)
  throw invalid(param, EXPECTED)
}

const EXPECTED = 'expected seconds, or a duration such as "5m", "1h30m" or "-1s" (for ever).'
const BARE_NUMBER = /^[-+]?\d+(?:\.\d+)?$/

/** Go counts durations in nanoseconds, in 64 bits: some 292 years. */
const MAX_SECONDS = 9.2e9

/** The length of a Go duration, without its sign; NaN when it is none (`time.ParseDuration`). */
const secondsOf = (text: string): number => {
  if (!DURATION.test(text)) return Number.NaN
  let seconds = 0
  for (const [, count, unit] of text.matchAll(TERM)) {
    seconds += Number(count) * (UNITS.get(unit ?? '') ?? Number.NaN)
  }
  return seconds
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-9],
  ['us', 1e-6],
  ['µs', 1e-6],
  ['μs', 1e-6],
  ['ms', 1e-3],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
])
const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g
const DURATION = /^[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
