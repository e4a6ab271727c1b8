/** `keep_alive`: how long a model stays loaded, as Ollama takes it (`api/types.go: Duration`, 0.33). */
import { z } from 'zod'
import { isGoDuration, isSeconds } from '../../go-duration.ts'
import { double } from './field.ts'
import { invalid } from './refusal.ts'

export const keepAlive = z.union([z.string(), double]).nullish()

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
  if (wire == null || wire === '') return undefined
  const value = typeof wire === 'string' ? (bareNumber(wire) ?? wire) : wire
  if (typeof value === 'number' ? isSeconds(value) : isGoDuration(value)) return value
  throw invalid(param, EXPECTED)
}

const EXPECTED = 'expected seconds, or a duration such as "5m", "1h30m" or "-1s" (for ever).'

const bareNumber = (text: string): number | undefined =>
  text.length <= LONGEST_NUMBER && BARE_NUMBER.test(text) ? Number(text) : undefined

const LONGEST_NUMBER = 64
const BARE_NUMBER = /^[-+]?\d+(?:\.\d+)?$/
