/** Lines that come by the hundred: the first few are written, then one a second, until it is quiet. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../src/log.ts'
import { createStorms } from '../src/log-storms.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const start = (few: number) => {
  const lines: string[] = []
  const { admits } = createStorms(
    createLog('info', (line) => lines.push(line)),
    few,
  )
  return {
    /** How many of so many are to be written. */
    admitted: (kind: string, count: number) =>
      Array.from({ length: count }, () => admits(kind)).filter(Boolean).length,
    counts: () => lines.map((line): unknown => JSON.parse(line)).map((line) => expectCount(line)),
  }
}

const expectCount = (line: unknown): unknown => {
  expect(line).toMatchObject({ level: 'warn' })
  return typeof line === 'object' && line !== null && 'count' in line ? line.count : undefined
}

test('R-21 a thousand alike are the first few and a line a second, and none of them is uncounted', () => {
  const { admitted, counts } = start(10)
  expect(admitted('a', 1000)).toBe(10)
  expect(counts()).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(counts()).toEqual([990])
  expect(admitted('a', 500)).toBe(0)
  vi.advanceTimersByTime(1000)
  expect(counts()).toEqual([990, 500])
})

test('after a second of quiet they are few again', () => {
  const { admitted, counts } = start(10)
  admitted('a', 11)
  vi.advanceTimersByTime(2000)
  expect(admitted('a', 11)).toBe(10)
  vi.advanceTimersByTime(1000)
  expect(counts()).toEqual([1, 1])
})

test('as many in ten seconds are no storm, however long it lasts', () => {
  const { admitted, counts } = start(10)
  for (let second = 0; second < 100; second++) {
    expect(admitted('a', 1)).toBe(1)
    vi.advanceTimersByTime(1100)
  }
  expect(counts()).toEqual([])
})

test('another class has its own', () => {
  const { admitted } = start(10)
  admitted('a', 100)
  expect(admitted('b', 5)).toBe(5)
})

test('0 writes all of them', () => {
  const { admitted } = start(0)
  expect(admitted('a', 1000)).toBe(1000)
})
