/** Whether the event loop comes round in time, tick by tick. */
import { afterEach, expect, test, vi } from 'vitest'
import { LoopWatch } from '../../src/server/loop-watch.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** @returns a way to let so many ms go by between two ticks. */
const start = () => {
  const heldUp = vi.fn<(ms: number, path: string) => void>()
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1000)
  const watch = new LoopWatch(heldUp)
  clock.mockRestore()
  closers.push(() => watch.close())
  let time = 1000
  return {
    watch,
    heldUp,
    after: (ms: number): boolean => {
      time += ms
      watch.tick(time)
      return watch.isHeldUp
    },
  }
}

test('two hundred milliseconds late are in time, more are told with the path', () => {
  const { watch, heldUp, after } = start()
  watch.target = `/v1/models?key=canary`
  after(100)
  after(300)
  expect(heldUp).not.toHaveBeenCalled()
  after(301)
  expect(heldUp.mock.calls).toEqual([[201, '/v1/models']])
})

test('R-17 late for more than two seconds on end is held up, for five seconds', () => {
  const { after } = start()
  expect(Array.from({ length: 4 }, () => after(600))).toEqual([false, false, false, true])
  expect(Array.from({ length: 49 }, () => after(100)).every(Boolean)).toBe(true)
  expect(after(100)).toBe(false)
})

test('so is one long moment', () => {
  const { after } = start()
  expect(after(2000)).toBe(false)
  after(100)
  expect(after(2200)).toBe(true)
})

test('one tick in time in between begins anew', () => {
  const { after } = start()
  for (let round = 0; round < 10; round++) {
    expect([after(600), after(600), after(600), after(100)]).toEqual([false, false, false, false])
  }
})
