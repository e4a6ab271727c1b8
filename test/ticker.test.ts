/** The ticker: one timer for everybody, and none when nobody watches. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { now, Watch } from '../src/ticker.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const counting = () => {
  const times: number[] = []
  const watch = new Watch({ tick: (time) => void times.push(time) })
  return { times, start: () => watch.start(), stop: () => watch.stop() }
}

test('tells the time of a clock that never goes back, ten times a second', () => {
  const watcher = counting()
  const started = now()
  watcher.start()
  vi.advanceTimersByTime(1000)
  watcher.stop()
  expect(watcher.times).toHaveLength(10)
  expect(watcher.times.map((time) => Math.round(time - started))).toEqual(
    Array.from({ length: 10 }, (_, at) => (at + 1) * 100),
  )
})

test('a jump of the wall clock is nobody’s deadline', () => {
  const watcher = counting()
  watcher.start()
  const started = now()
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(100)
  watcher.stop()
  expect(watcher.times.map((time) => Math.round(time - started))).toEqual([100])
})

test('a process that stood still reads first what came meanwhile, and judges then', () => {
  const watcher = counting()
  watcher.start()
  const started = now()
  vi.advanceTimersByTime(100)
  const clock = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + 60_000)
  vi.advanceTimersByTime(100)
  expect(watcher.times).toHaveLength(1)
  vi.advanceTimersByTime(100)
  watcher.stop()
  expect(watcher.times.map((time) => Math.round(time - started))).toEqual([100, 60_300])
})

test('an event loop that is late each time still has its deadlines', () => {
  const watcher = counting()
  watcher.start()
  const clock = performance.now.bind(performance)
  let late = 0
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + (late += 2000))
  vi.advanceTimersByTime(400)
  watcher.stop()
  expect(watcher.times).toHaveLength(2)
})

test('after a rest without anybody to tell, the first tick is not late', () => {
  const first = counting()
  first.start()
  first.stop()
  vi.advanceTimersByTime(60_000)
  first.start()
  vi.advanceTimersByTime(100)
  first.stop()
  expect(first.times).toHaveLength(1)
})

describe('the timer', () => {
  test('is one for all, and gone with the last', () => {
    const watchers = Array.from({ length: 1000 }, counting)
    for (const watcher of watchers) watcher.start()
    expect(vi.getTimerCount()).toBe(1)
    for (const watcher of watchers.slice(1)) watcher.stop()
    vi.advanceTimersByTime(100)
    expect(watchers.map(({ times }) => times.length)).toEqual([
      1,
      ...watchers.slice(1).map(() => 0),
    ])
    for (const watcher of watchers) watcher.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('starts again for the next', () => {
    for (let round = 0; round < 3; round++) {
      const watcher = counting()
      watcher.start()
      watcher.start()
      vi.advanceTimersByTime(100)
      watcher.stop()
      watcher.stop()
      expect(watcher.times).toHaveLength(1)
      expect(vi.getTimerCount()).toBe(0)
    }
  })
})

test('whoever leaves or comes during a tick spoils it for nobody', () => {
  const stays = counting()
  const comes = counting()
  const leaves = new Watch({
    tick: () => {
      leaves.stop()
      gone.stop()
      comes.start()
    },
  })
  const gone = counting()
  for (const watcher of [leaves, gone, stays]) watcher.start()
  vi.advanceTimersByTime(200)
  for (const watcher of [stays, comes]) watcher.stop()
  expect(stays.times).toHaveLength(2)
  expect(gone.times).toEqual([])
  expect(comes.times.length).toBeGreaterThan(0)
  expect(vi.getTimerCount()).toBe(0)
})
