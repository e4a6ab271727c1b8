/** requestsPerMinute of a client key, as a bucket that refills evenly. */
import { Failed } from '../failure.ts'
import type { ClientKey } from '../client-key.ts'

/** Admits one request of this key now. @throws Failed `rate-limited`, saying when to come back. */
export type Admit = (key: ClientKey | null) => void

/** @param now milliseconds of a monotonic clock. */
export const createRateLimit = (now: () => number): Admit => {
  const buckets = new Map<ClientKey, { tokens: number; at: number }>()
  return (key) => {
    if (key === null || key.requestsPerMinute === null) return
    const limit = key.requestsPerMinute
    const perMs = limit / 60_000
    const time = now()
    const before = buckets.get(key) ?? { tokens: limit, at: time }
    const tokens = Math.min(limit, before.tokens + (time - before.at) * perMs)
    buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: time })
    if (tokens >= 1) return
    throw new Failed({
      kind: 'rate-limited',
      message: `This API key may make ${limit} requests per minute. Wait a little, then try again.`,
      retryAfterMs: (1 - tokens) / perMs,
    })
  }
}
