/** `keep_alive`: how long a model stays loaded, as Ollama takes it (`api/types.go: Duration`, 0.33), and what of it is a client's to say. */
import { z } from 'zod'
import { isGoDuration, isSeconds, secondsOfDuration } from '../../go-duration.ts'
import { double } from './field.ts'
import { invalid } from './refusal.ts'

export const keepAlive = z.union([z.string(), double]).nullish()

export type DecodedKeepAlive = {
  /** Seconds as a number, or a Go duration. */
  readonly keepAlive?: number | string
  /** Its name, where it was left out because only the operator may ask for as little, or as much. */
  readonly ignored: readonly string[]
}

/**
 * A bare number in a string is seconds too: Ollama would refuse `"-1"` for its missing unit. An empty
 * string says nothing.
 *
 * Where clients may not set load-time options, it may be five minutes, which are Ollama's own, to a day.
 * One client that has the model unloaded has it loaded anew for all others; one that keeps it for ever
 * keeps the memory.
 *
 * @throws Failed `invalid-request` for what Go would not take.
 */
export const decodeKeepAlive = (
  { keep_alive: wire }: { readonly keep_alive?: z.infer<typeof keepAlive> },
  allowLoadOptions: boolean,
): DecodedKeepAlive => {
  if (wire == null || wire === '') return NONE
  const value = typeof wire === 'string' ? (bareNumber(wire) ?? wire) : wire
  if (!(typeof value === 'number' ? isSeconds(value) : isGoDuration(value))) {
    throw invalid('keep_alive', EXPECTED)
  }
  return allowLoadOptions || isModest(value) ? { keepAlive: value, ignored: [] } : LEFT_OUT
}

const isModest = (value: number | string): boolean => {
  const seconds = typeof value === 'number' ? value : secondsOfDuration(value)
  return seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS
}

const LEAST_SECONDS = 5 * 60
const MOST_SECONDS = 24 * 3600

const NONE: DecodedKeepAlive = { ignored: [] }
const LEFT_OUT: DecodedKeepAlive = { ignored: ['keep_alive'] }

const EXPECTED = 'expected seconds, or a duration such as "5m", "1h30m" or "-1s" (for ever).'

const bareNumber = (text: string): number | undefined =>
  text.length <= LONGEST_NUMBER && BARE_NUMBER.test(text) ? Number(text) : undefined

const LONGEST_NUMBER = 64
const BARE_NUMBER = /^[-+]?\d+(?:\.\d+)?$/
