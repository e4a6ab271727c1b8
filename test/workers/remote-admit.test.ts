/** A limit across workers: each asks, and the primary's buckets answer. */
import { expect, test } from 'vitest'
import { fixedCatalog } from '../../src/catalog/live.ts'
import { createCatalog } from '../../src/catalog/catalog.ts'
import type { ClientKey } from '../../src/client-key.ts'
import { Failed } from '../../src/failure.ts'
import { createLog } from '../../src/log.ts'
import { type Admit, createRateLimit } from '../../src/server/rate-limit.ts'
import { createAnswers } from '../../src/workers/answers.ts'
import { createRemoteAdmit } from '../../src/workers/remote-admit.ts'

const key = (name: string, requestsPerMinute: number | null): ClientKey => ({
  name,
  sha256: '',
  models: null,
  requestsPerMinute,
})

const KEYS = [key('free', null), key('a', 2), key('b', 2)]

const keyNamed = (name: string) => KEYS.find((each) => each.name === name) ?? null

const noCatalog = fixedCatalog(
  createCatalog({ cards: [], aliases: {}, upstreamName: 'ollama', list: 'all' }),
)

/** Workers that ask one set of buckets, and the lines it logged. */
const workers = (count: number, admit = createRateLimit(() => 1000)) => {
  const logged: string[] = []
  const log = createLog('error', (line) => logged.push(line))
  const answer = createAnswers({ catalog: noCatalog, admit, keyNamed, log })
  let questions = 0
  const link = {
    admit: async (name: string) => {
      questions += 1
      const { to, outcome } = await answer({ to: 'admit', key: name })
      if (to !== 'admit' || !('value' in outcome)) throw new Error('another answer')
      return outcome.value
    },
  }
  return {
    admits: Array.from({ length: count }, (): Admit => createRemoteAdmit(link)),
    questions: () => questions,
    logged,
  }
}

test('who has no limit is let in at once, and nobody is asked', () => {
  const { admits, questions } = workers(1)
  expect(admits[0]?.(null)).toBeUndefined()
  expect(admits[0]?.(KEYS[0] ?? null)).toBeUndefined()
  expect(questions()).toBe(0)
})

test('a limit holds across workers, is each key’s own, and every worker tells how it stands', async () => {
  const { admits } = workers(3)
  for (const who of KEYS.slice(1)) {
    const told: unknown[] = []
    const results = await Promise.allSettled(
      admits.map(async (admit) => admit(who, (allowance) => told.push(allowance))),
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(results[2]).toMatchObject({
      reason: { failure: { kind: 'rate-limited', retryAfterMs: 30_000 } },
    })
    expect(told).toEqual([
      { limit: 2, remaining: 1, resetMs: 30_000 },
      { limit: 2, remaining: 0, resetMs: 60_000 },
      { limit: 2, remaining: 0, resetMs: 60_000 },
    ])
  }
})

test('a fault of ours lets nobody in, and is logged where it happened', async () => {
  const { admits, logged } = workers(1, () => {
    throw new TypeError('canary')
  })
  await expect(admits[0]?.(KEYS[1] ?? null)).rejects.toEqual(new Failed({ kind: 'internal' }))
  expect(logged.join('')).toContain('"error_name":"TypeError"')
  expect(logged.join('')).not.toContain('canary')
})

test('A-09 a request whose key was taken away meanwhile is let in, and is its last', async () => {
  const { admits } = workers(1)
  const gone = key('gone', 2)
  await expect(admits[0]?.(gone)).resolves.toBeUndefined()
})
