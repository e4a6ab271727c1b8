import { expect, test } from 'vitest'
import { createLimit } from '../../src/upstream/limit.ts'

test('runs at most so many at a time, and all of them in order', async () => {
  const limit = createLimit(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const tasks = [0, 1, 2, 3].map((number) =>
    limit(async () => {
      begun.push(number)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.push(resolve)
      await promise
      return number
    }),
  )
  expect(begun).toEqual([0, 1])
  ends[1]?.()
  await tasks[1]
  await expect.poll(() => begun).toEqual([0, 1, 2])
  ends[0]?.()
  ends[2]?.()
  await expect.poll(() => begun).toEqual([0, 1, 2, 3])
  ends[3]?.()
  expect(await Promise.all(tasks)).toEqual([0, 1, 2, 3])
})

test('gives the place of a task that failed to the next', async () => {
  const limit = createLimit(1)
  const first = limit(() => Promise.reject(new Error('no')))
  const second = limit(async () => 2)
  await expect(first).rejects.toThrow('no')
  await expect(second).resolves.toBe(2)
  await expect(limit(async () => 3)).resolves.toBe(3)
})
