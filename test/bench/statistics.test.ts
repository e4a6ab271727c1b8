/** The bench's figures: what stands in the middle, and what is compared with what. */
import { describe, expect, test } from 'vitest'
import { Latency } from './latency.ts'
import { median, ratios, summarise } from './statistics.ts'

describe('the median', () => {
  test.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (samples, middle) => {
    expect(median(samples)).toBe(middle)
  })

  test('of nothing is no number', () => {
    expect(() => median([])).toThrow('the median of nothing')
  })
})

test('a summary has the least and the most beside it, and leaves the samples as they were', () => {
  const samples = [9, 1, 5]
  expect(summarise(samples)).toEqual({ median: 5, least: 1, most: 9 })
  expect(samples).toEqual([9, 1, 5])
})

test('a ratio is taken round by round, and only where both were measured', () => {
  expect(ratios([10, undefined, 30, 40], [5, 5, undefined, 10])).toEqual([2, 4])
  expect(ratios([10], [0])).toEqual([])
})

describe('latencies', () => {
  test('have their quantiles, to the microsecond', () => {
    const latency = new Latency()
    for (let us = 1; us <= 100; us++) latency.add(us)
    expect(latency.quantiles()).toEqual({ count: 100, p50: 50, p99: 99 })
  })

  test('count what is below zero as zero, and what is beyond a second as a second', () => {
    const latency = new Latency()
    latency.add(-3)
    latency.add(7e9)
    expect(latency.quantiles()).toEqual({ count: 2, p50: 0, p99: 1_000_000 })
  })

  test('are null when there was none', () => {
    expect(new Latency().quantiles()).toBeNull()
  })
})
