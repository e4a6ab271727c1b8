/** How soon a worker that died is replaced, and when no more. */
import { expect, test } from 'vitest'
import { createDeaths, MAX_DEATHS } from '../../src/workers/deaths.ts'

test('each death within a minute doubles the wait, until there are too many', () => {
  const next = createDeaths(() => 1000)
  const waits = Array.from({ length: MAX_DEATHS }, next)
  expect(waits).toEqual([100, 200, 400, 800, 1600])
  expect(next()).toBeNull()
  expect(next()).toBeNull()
})

test('a minute later a death is forgotten', () => {
  const clock = { now: 0 }
  const next = createDeaths(() => clock.now)
  for (let hour = 0; hour < 50; hour += 1) {
    expect(next()).toBe(100)
    clock.now += 60_000
  }
  next()
  clock.now += 59_999
  expect(next()).toBe(200)
})
