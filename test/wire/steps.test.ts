import { expect, test } from 'vitest'
import { allOf, Pace, type Steps } from '../../src/wire/steps.ts'

function* work(items: number, effort: number): Steps<number> {
  const pace = new Pace()
  for (let item = 0; item < items; item++) if (pace.isDue(effort)) yield
  return items
}

const restsOf = (steps: Steps<unknown>): number => [...steps].length

test('small work never rests', () => {
  expect(restsOf(work(500, 1000))).toBe(0)
})

test('rests as often as there is work for', () => {
  const few = restsOf(work(10_000, 1000))
  expect(few).toBeGreaterThan(10)
  expect(restsOf(work(100_000, 1000))).toBeGreaterThanOrEqual(10 * few - 1)
  expect(restsOf(work(3, 10_000_000))).toBe(3)
})

test('done at once it is the same', () => {
  expect(allOf(work(10_000, 1000))).toBe(10_000)
})
