/** A name's addresses: who is asked how often, and what stands in for an answer. */
import type { LookupAddress } from 'node:dns'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLookup } from '../../src/upstream/lookup.ts'

const HERE: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]
const GONE = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })

type Answer = (error: Error | null, found: readonly LookupAddress[]) => void

/** A resolver that answers when the test does. */
const start = () => {
  const asked: Answer[] = []
  const lookup = createLookup((_, done) => void asked.push(done))
  const told: unknown[] = []
  return {
    asked,
    told,
    look: (all = true) =>
      lookup('ollama.test', { all }, (error, found, family) => {
        told.push(error === null ? (all ? found : [found, family]) : codeOf(error))
      }),
  }
}

const codeOf = (error: Error): unknown => ('code' in error ? error.code : error)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** What is told at once is told in the next tick. */
const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

test('those who ask meanwhile are told the same answer', async () => {
  const { asked, told, look } = start()
  look()
  look()
  look(false)
  expect(asked).toHaveLength(1)
  asked[0]?.(null, HERE)
  expect(told).toEqual([HERE, HERE, ['127.0.0.1', 4]])
})

test('an answer is good for a second', async () => {
  const { asked, told, look } = start()
  look()
  asked[0]?.(null, HERE)
  await tick(999)
  look()
  await tick()
  expect(told).toHaveLength(2)
  await tick(2)
  look()
  expect(asked).toHaveLength(2)
  asked[1]?.(null, [{ address: '127.0.0.2', family: 4 }])
  expect(told[2]).toEqual([{ address: '127.0.0.2', family: 4 }])
})

test('the last answer stands in for a refusal, and after a second for silence', async () => {
  const { asked, told, look } = start()
  look()
  asked[0]?.(null, HERE)
  await tick(2000)
  look()
  asked[1]?.(GONE, [])
  expect(told[1]).toEqual(HERE)
  look()
  await tick(999)
  expect(told).toHaveLength(2)
  await tick(1)
  expect(told[2]).toEqual(HERE)
  // Nobody waits for it again, and it is not asked again while it is silent.
  look()
  await tick()
  expect(told[3]).toEqual(HERE)
  expect(asked).toHaveLength(3)
  asked[2]?.(null, [{ address: '127.0.0.2', family: 4 }])
  look()
  await tick()
  expect(told[4]).toEqual([{ address: '127.0.0.2', family: 4 }])
})

test('but not for longer than five minutes', async () => {
  const { asked, told, look } = start()
  look()
  asked[0]?.(null, HERE)
  await tick(300_001)
  look()
  asked[1]?.(GONE, [])
  expect(told[1]).toBe('ENOTFOUND')
})

test('where there is none, a refusal is told, and after five seconds silence is one', async () => {
  const { asked, told, look } = start()
  look()
  asked[0]?.(GONE, [])
  expect(told).toEqual(['ENOTFOUND'])
  look()
  await tick(4999)
  expect(told).toHaveLength(1)
  await tick(1)
  look()
  await tick()
  expect(told).toEqual(['ENOTFOUND', 'EAI_AGAIN', 'EAI_AGAIN'])
  expect(asked).toHaveLength(2)
})

test('a name without addresses is none', () => {
  const { asked, told, look } = start()
  look()
  asked[0]?.(null, [])
  expect(told).toEqual(['ENOTFOUND'])
})
