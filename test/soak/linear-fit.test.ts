/** The line through many points, and the value below which a share lies. */
import { expect, test } from 'vitest'
import { linearFit } from './linear-fit.ts'
import { quantile } from './quantile.ts'

test('points on a line give that line', () => {
  const line = linearFit([0, 1, 2, 10].map((x) => ({ x, y: 3 - 2 * x })))
  expect(line.slope).toBeCloseTo(-2)
  expect(line.start).toBeCloseTo(3)
})

test('noise on both sides takes nothing from the slope', () => {
  const points = Array.from({ length: 100 }, (_, x) => ({ x, y: 5 * x + (x % 2 === 0 ? 40 : -40) }))
  expect(linearFit(points).slope).toBeCloseTo(5, 0)
})

test('what only goes up and down has no slope', () => {
  const points = Array.from({ length: 101 }, (_, x) => ({ x, y: Math.abs(50 - x) }))
  expect(linearFit(points).slope).toBeCloseTo(0)
})

test.each([[[]], [[{ x: 1, y: 1 }]], [[1, 2].map((y) => ({ x: 1, y }))]])(
  'without two points that are apart there is no line: %j',
  (points) => {
    expect(() => linearFit(points)).toThrow('two points')
  },
)

test.each([
  [0, 1],
  [0.5, 51],
  [0.99, 100],
  [1, 100],
])('the %d quantile of 1 to 100, in whatever order, is %d', (share, value) => {
  const samples = Array.from({ length: 100 }, (_, at) => ((at * 37) % 100) + 1)
  expect(quantile(samples, share)).toBe(value)
})

test('nothing has no quantile', () => {
  expect(quantile([], 0.5)).toBeNaN()
})
