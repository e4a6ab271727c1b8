/** The primary, with workers that a test plays: who is started, replaced, told and ended. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Known } from '../../src/catalog/live.ts'
import { createLog } from '../../src/log.ts'
import { createBulletin } from '../../src/workers/bulletin.ts'
import type { Answer, FromPrimary, FromWorker, Question } from '../../src/workers/messages.ts'
import { type Child, startPrimary } from '../../src/workers/primary.ts'
import { card } from '../support/cards.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const NOTHING: Known = {
  cards: [],
  state: { knowledge: 'none', reachable: false, failure: undefined },
}

/** A worker as its primary sees it, and what it was told. */
const play = (id: number) => {
  const told: FromPrimary[] = []
  const hearing: ((message: FromWorker) => void)[] = []
  const mourning: ((how: string) => void)[] = []
  const says = (message: FromWorker): void => {
    for (const hear of hearing) hear(message)
  }
  const ends = (how: string): void => {
    for (const mourn of mourning.splice(0)) mourn(how)
  }
  const child: Child = {
    id,
    pid: 1000 + id,
    send: (message) => told.push(message) > 0,
    hear: (listener) => void hearing.push(listener),
    onGone: (listener) => void mourning.push(listener),
    kill: () => ends('SIGKILL'),
  }
  return {
    child,
    told,
    says,
    die: () => ends('exit code 7'),
    begin: () => {
      says({ say: 'here', fingerprint: 'same' })
      says({ say: 'listening', url: 'http://127.0.0.1:1' })
    },
  }
}

const start = (count: number) => {
  const workers: ReturnType<typeof play>[] = []
  const logged: string[] = []
  const news = createBulletin(NOTHING)
  const questions: Question[] = []
  const primary = startPrimary({
    count,
    fork: () => {
      const worker = play(workers.length + 1)
      workers.push(worker)
      return worker.child
    },
    fingerprint: 'same',
    news,
    answer: async (question): Promise<Answer> => {
      questions.push(question)
      return { to: 'missed', outcome: { value: ['m'] } }
    },
    log: createLog('info', (line) => logged.push(line)),
    now: () => performance.now(),
  })
  return { workers, logged, news, questions, primary }
}

/** Whether it is settled by now. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending
}

test('says where they listen when all do', async () => {
  const { workers, primary } = start(2)
  expect(workers).toHaveLength(2)
  workers[0]?.begin()
  await vi.advanceTimersByTimeAsync(10)
  expect(await isSettled(primary.listening)).toBe(false)
  workers[1]?.begin()
  expect(await primary.listening).toBe('http://127.0.0.1:1')
})

test('the first that cannot listen says why, with what the sentence needs', async () => {
  const { workers, primary } = start(2)
  const fault = { message: 'bind', code: 'EADDRINUSE', port: 7 }
  for (const { says } of workers) says({ say: 'cannot-listen', fault })
  await expect(primary.listening).rejects.toMatchObject({ code: 'EADDRINUSE', port: 7 })
})

test('welcomes each with what is known by then, and tells all what is new', () => {
  const { workers, news } = start(2)
  workers[0]?.says({ say: 'here', fingerprint: 'same' })
  const known: Known = {
    cards: [card('a')],
    state: { knowledge: 'list', reachable: true, failure: undefined },
  }
  news.post(known)
  workers[1]?.says({ say: 'here', fingerprint: 'same' })
  expect(workers[0]?.told).toEqual([
    { say: 'welcome', known: NOTHING },
    { say: 'news', known },
  ])
  expect(workers[1]?.told).toEqual([{ say: 'welcome', known }])
})

test('what caused a failure stays here', () => {
  const { workers, news } = start(1)
  workers[0]?.begin()
  const failure = { kind: 'internal', cause: new Error('x', { cause: () => {} }) } as const
  news.post({ cards: [], state: { knowledge: 'none', reachable: false, failure } })
  expect(workers[0]?.told.at(-1)).toEqual({
    say: 'news',
    known: {
      cards: [],
      state: { knowledge: 'none', reachable: false, failure: { kind: 'internal' } },
    },
  })
})

test('an answer goes to whoever asked, with the number of the question', async () => {
  const { workers, questions } = start(2)
  for (const { begin } of workers) begin()
  const question = { to: 'missed', upstreamModel: 'x' } as const
  workers[1]?.says({ say: 'ask', id: 7, question })
  await vi.advanceTimersByTimeAsync(0)
  expect(questions).toEqual([question])
  expect(workers[1]?.told.at(-1)).toEqual({
    say: 'answer',
    id: 7,
    answer: { to: 'missed', outcome: { value: ['m'] } },
  })
  expect(workers[0]?.told).toHaveLength(1)
})

describe('a worker that dies', () => {
  test('is replaced, and the log says which it was and how', async () => {
    const { workers, logged } = start(2)
    for (const { begin } of workers) begin()
    workers[1]?.die()
    expect(workers).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(100)
    expect(workers).toHaveLength(3)
    expect(logged.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'a worker died',
        worker: 2,
        pid: 1002,
        how: 'exit code 7',
      }),
    )
  })

  test('again and again has tolk end, and say why', async () => {
    const { workers, primary } = start(1)
    for (let death = 0; death < 5; death += 1) {
      workers.at(-1)?.die()
      await vi.advanceTimersByTimeAsync(2000)
    }
    expect(workers).toHaveLength(6)
    expect(await isSettled(primary.broken)).toBe(false)
    workers.at(-1)?.die()
    expect(await primary.broken).toMatch(/more than 5 workers died/)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(workers).toHaveLength(6)
  })

  test('counts as dead when it neither listens nor ends', async () => {
    const { workers } = start(1)
    workers[0]?.says({ say: 'here', fingerprint: 'same' })
    await vi.advanceTimersByTimeAsync(31_000)
    expect(workers).toHaveLength(2)
    workers[1]?.begin()
    await vi.advanceTimersByTimeAsync(600_000)
    expect(workers).toHaveLength(2)
  })

  test('and whose successor finds another configuration leaves the others alone', async () => {
    const { workers, logged, primary } = start(2)
    for (const { begin } of workers) begin()
    workers[1]?.die()
    for (let time = 0; time < 20; time += 1) {
      await vi.advanceTimersByTimeAsync(30_000)
      workers.at(-1)?.says({ say: 'here', fingerprint: 'other' })
      expect(workers.at(-1)?.told).toEqual([])
    }
    expect(logged.join('')).toContain('restart tolk')
    expect(await isSettled(primary.broken)).toBe(false)
    await vi.advanceTimersByTimeAsync(30_000)
    workers.at(-1)?.begin()
    expect(workers.at(-1)?.told).toHaveLength(1)
  })

  test('and leaves nobody but such has tolk end', async () => {
    const { workers, primary } = start(1)
    workers[0]?.begin()
    workers[0]?.die()
    for (let time = 0; time < 5; time += 1) {
      await vi.advanceTimersByTimeAsync(2000)
      workers.at(-1)?.says({ say: 'here', fingerprint: 'other' })
    }
    expect(await primary.broken).toMatch(/^tolk ends/)
  })
})

describe('closing', () => {
  test('has each drain, waits for all, and replaces none', async () => {
    const { workers, primary, logged } = start(2)
    for (const { begin } of workers) begin()
    const closed = primary.close(5000)
    for (const { told } of workers) expect(told.at(-1)).toEqual({ say: 'drain', drainMs: 5000 })
    workers[0]?.die()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await isSettled(closed)).toBe(false)
    workers[1]?.die()
    await closed
    await vi.advanceTimersByTimeAsync(600_000)
    expect(workers).toHaveLength(2)
    expect(logged.join('')).not.toContain('died')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends who does not leave, soon after the deadline', async () => {
    const { workers, primary } = start(2)
    for (const { begin } of workers) begin()
    const closed = primary.close(5000)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await isSettled(closed)).toBe(false)
    await vi.advanceTimersByTimeAsync(2000)
    expect(await isSettled(closed)).toBe(true)
  })

  test('ends at once who has not even begun, and starts none that waits', async () => {
    const { workers, primary } = start(3)
    workers[0]?.begin()
    workers[0]?.die()
    await primary.close(5000)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(workers).toHaveLength(3)
  })
})

test('S-07 tells all that serve of other keys, and takes in only who has loaded the same', () => {
  const { workers, primary } = start(2)
  workers[0]?.begin()
  const access = { keys: [], revokedStreams: 'finish', upstreamHeaders: {} } as const
  primary.renew(access, 'other')
  expect(workers[0]?.told.at(-1)).toEqual({ say: 'access', access })
  // It has loaded what there was before.
  workers[1]?.says({ say: 'here', fingerprint: 'same' })
  expect(workers[1]?.told).toEqual([])
  vi.advanceTimersByTime(60_000)
  workers[2]?.says({ say: 'here', fingerprint: 'other' })
  expect(workers[2]?.told).toMatchObject([{ say: 'welcome' }])
})
