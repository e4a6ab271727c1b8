/** What all workers have counted, gathered from those that answer. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createGathering } from '../../src/workers/gathering.ts'
import type { FromPrimary } from '../../src/workers/messages.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A worker that hears, and the numbers that it was asked under. */
const hearing = () => {
  const ids: number[] = []
  const send = (message: FromPrimary): boolean =>
    message.say === 'measure' && ids.push(message.id) > 0
  return { ids, send }
}

test('has what each says, in whatever order they say it', async () => {
  const { gather, settle } = createGathering()
  const workers = [hearing(), hearing()]
  const gathered = gather(workers)
  const [first = 0, second = 0] = workers.flatMap(({ ids }) => ids)
  settle(second, [{ name: 'b' }])
  settle(first, [{ name: 'a' }])
  expect(await gathered).toEqual([[{ name: 'a' }], [{ name: 'b' }]])
  expect(vi.getTimerCount()).toBe(0)
})

test('leaves out one that hangs, and one that is gone', async () => {
  const { gather, settle } = createGathering()
  const workers = [hearing(), hearing(), { send: () => false }]
  const gathered = gather(workers)
  const [first = 0, second = 0] = workers.flatMap((each) => ('ids' in each ? each.ids : []))
  settle(first, [{ name: 'a' }])
  await vi.advanceTimersByTimeAsync(2000)
  expect(await gathered).toEqual([[{ name: 'a' }]])
  settle(second, [{ name: 'too late' }])
  expect(vi.getTimerCount()).toBe(0)
})

test('has nothing where there is nobody', async () => {
  expect(await createGathering().gather([])).toEqual([])
})
