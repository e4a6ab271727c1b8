/** requestsPerMinute of a client key, as a bucket that refills evenly. */
import type { ClientKey } from '../client-key.ts'
import { Failed } from '../failure.ts'
import type { AppContext } from './context.ts'

/** How a key stands after a request. */
export type Allowance = {
  /** Requests a minute. */
  readonly limit: number
  /** How many would be admitted now. */
  readonly remaining: number
  /** Until all of `limit` would be, milliseconds. */
  readonly resetMs: number
}

/**
 * Admits one request of this key, and tells how the key then stands, admitted or not, if it has a limit.
 * A promise where somebody else has to be asked: one process among several keeps no buckets.
 *
 * @throws Failed `rate-limited`, saying when to come back; `draining` when there is nobody left to ask.
 */
export type Admit = (key: ClientKey | null, tell?: Tell) => void | Promise<void>

/** As {@link Admit}, at once. */
export type AdmitNow = (key: ClientKey | null, tell?: Tell) => void

/** What is left of a key's requests, and when that was counted. */
type Bucket = { tokens: number; at: number }

type Tell = (allowance: Allowance) => void

/** @param now milliseconds of a monotonic clock. */
export const createRateLimit = (now: () => number): AdmitNow => {
  // Weak, for keys can be taken away while tolk runs.
  const buckets = new WeakMap<ClientKey, Bucket>()
  return (key, tell) => {
    if (key === null || key.requestsPerMinute === null) return
    const limit = key.requestsPerMinute
    const perMs = limit / 60_000
    const time = now()
    let bucket = buckets.get(key)
    if (bucket === undefined) buckets.set(key, (bucket = { tokens: limit, at: time }))
    const tokens = Math.min(limit, bucket.tokens + (time - bucket.at) * perMs)
    const left = tokens >= 1 ? tokens - 1 : tokens
    bucket.tokens = left
    bucket.at = time
    tell?.({ limit, remaining: Math.floor(left), resetMs: (limit - left) / perMs })
    if (tokens >= 1) return
    throw new Failed({
      kind: 'rate-limited',
      message: `This API key may make ${limit} requests per minute. Wait a little, then try again.`,
      retryAfterMs: (1 - tokens) / perMs,
    })
  }
}

/** Holds every request of a key to its limit, and says in OpenAI's headers how the key stands. */
export const rateLimit =
  (admit: Admit) =>
  (c: AppContext): void | Promise<void> => {
    const { outgoing } = c.env
    return admit(c.get('key'), ({ limit, remaining, resetMs }) => {
      // On the raw response, for the reason that x-request-id is.
      outgoing.setHeader('x-ratelimit-limit-requests', String(limit))
      outgoing.setHeader('x-ratelimit-remaining-requests', String(remaining))
      outgoing.setHeader('x-ratelimit-reset-requests', goDuration(resetMs))
    })
  }

/** As OpenAI writes it: `12ms`, `7s`, `1m0s`. */
const goDuration = (ms: number): string => {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
