import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { within } from '../../src/upstream/within.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('settles as the promise does, and leaves no timer', async () => {
  await expect(within(100, Promise.resolve('x'))).resolves.toBe('x')
  await expect(within(100, Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(vi.getTimerCount()).toBe(0)
})

test('gives up in time', async () => {
  const waiting = within(100, new Promise(() => {}))
  await vi.advanceTimersByTimeAsync(100)
  await expect(waiting).resolves.toBeUndefined()
})
