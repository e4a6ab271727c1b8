/** requestsPerMinute: a bucket that refills evenly. */
import { describe, expect, test } from 'vitest'
import { Failed } from '../../src/failure.ts'
import { createRateLimit } from '../../src/server/rate-limit.ts'

const key = (requestsPerMinute: number | null) => ({
  name: 'a',
  sha256: '',
  models: null,
  requestsPerMinute,
})

/** A limit with a clock that a test moves. */
const limit = () => {
  const clock = { now: 1000 }
  return { clock, admit: createRateLimit(() => clock.now) }
}

/** @returns how many of these requests were admitted, one after another. */
const admitted = (admit: () => void, requests: number): number =>
  Array.from({ length: requests }, () => {
    try {
      admit()
      return 1
    } catch (error) {
      expect(error).toBeInstanceOf(Failed)
      return 0
    }
  }).reduce<number>((sum, one) => sum + one, 0)

test.each([null, key(null)])('without a limit everybody comes in', (who) => {
  const { admit } = limit()
  expect(admitted(() => admit(who), 10_000)).toBe(10_000)
})

describe('a limit', () => {
  test.each([1, 3, 60, 1000])('of %i admits as many at once, and no more', (perMinute) => {
    const { admit } = limit()
    const who = key(perMinute)
    expect(admitted(() => admit(who), perMinute + 5)).toBe(perMinute)
  })

  test('refills evenly, and to no more than a minute’s worth', () => {
    const { admit, clock } = limit()
    const who = key(60)
    admitted(() => admit(who), 60)
    clock.now += 999
    expect(admitted(() => admit(who), 1)).toBe(0)
    clock.now += 2
    expect(admitted(() => admit(who), 5)).toBe(1)
    clock.now += 10_000
    expect(admitted(() => admit(who), 20)).toBe(10)
    clock.now += 3_600_000
    expect(admitted(() => admit(who), 200)).toBe(60)
  })

  test('says when to come back, and who comes then is admitted', () => {
    const { admit, clock } = limit()
    const who = key(6)
    admitted(() => admit(who), 6)
    const refused = (): unknown => {
      try {
        return admit(who)
      } catch (error) {
        return error instanceof Failed ? error.failure : error
      }
    }
    expect(refused()).toEqual({
      kind: 'rate-limited',
      message: expect.stringContaining('6 requests per minute'),
      retryAfterMs: 10_000,
    })
    clock.now += 4000
    expect(refused()).toMatchObject({ retryAfterMs: expect.closeTo(6000) })
    clock.now += 6001
    expect(refused()).toBeUndefined()
  })

  test('tells how the key stands, admitted or not', () => {
    const { admit, clock } = limit()
    const who = key(2)
    const told: unknown[] = []
    const ask = () => admitted(() => admit(who, (allowance) => told.push(allowance)), 1)
    for (let request = 0; request < 3; request++) ask()
    clock.now += 45_000
    ask()
    expect(told).toEqual([
      { limit: 2, remaining: 1, resetMs: 30_000 },
      { limit: 2, remaining: 0, resetMs: 60_000 },
      { limit: 2, remaining: 0, resetMs: 60_000 },
      { limit: 2, remaining: 0, resetMs: 45_000 },
    ])
  })

  test('is each key’s own, and a request that is refused costs nothing', () => {
    const { admit, clock } = limit()
    const [one, other] = [key(2), key(2)]
    expect(admitted(() => admit(one), 100)).toBe(2)
    expect(admitted(() => admit(other), 2)).toBe(2)
    clock.now += 30_001
    expect(admitted(() => admit(one), 2)).toBe(1)
  })
})
