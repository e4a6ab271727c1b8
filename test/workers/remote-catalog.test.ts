/** The catalog from inside a worker: what the primary knows, with the promises of upstream/live-catalog.ts. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.ts'
import type { Known, LiveCatalog } from '../../src/catalog/live.ts'
import type { ModelCard } from '../../src/catalog/model-card.ts'
import { Failed } from '../../src/failure.ts'
import { createLog } from '../../src/log.ts'
import { createRateLimit } from '../../src/server/rate-limit.ts'
import { createDiscovery } from '../../src/upstream/discovery.ts'
import { createLiveCatalog } from '../../src/upstream/live-catalog.ts'
import { createAnswers } from '../../src/workers/answers.ts'
import { createBulletin } from '../../src/workers/bulletin.ts'
import type { Question } from '../../src/workers/messages.ts'
import { startPrimary } from '../../src/workers/primary.ts'
import { createRemoteCatalog } from '../../src/workers/remote-catalog.ts'
import { joinPrimary } from '../../src/workers/worker.ts'
import { createFakeAsk, type FakeAsk, refused, fails, tagsWith } from '../support/fake-ask.ts'
import { portPair } from '../support/port-pair.ts'

const open: LiveCatalog[] = []

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const live of open.splice(0)) live.close()
  vi.useRealTimers()
})

const catalogOf = (cards: readonly ModelCard[]) =>
  createCatalog({ cards, aliases: { 'gpt-5': 'later' }, upstreamName: 'ollama', list: 'tools' })

/** A primary's catalog, and that of its only worker. */
const start = async (fake: FakeAsk) => {
  const news = createBulletin<Known>({
    cards: [],
    state: { knowledge: 'none', reachable: false, failure: undefined },
  })
  const live = createLiveCatalog({
    discover: createDiscovery({
      ask: fake.ask,
      servingOf: () => ({ streaming: true, overflow: 'error' }),
    }),
    catalogOf,
    refreshMs: 60_000,
    onNews: (known) => news.post(known),
  })
  open.push(live)
  const pair = portPair()
  const log = createLog('silent', () => {})
  startPrimary({
    count: 1,
    fork: () => ({ ...pair.primary, id: 1, pid: 1, onGone: () => {}, kill: () => {} }),
    fingerprint: 'same',
    news,
    answer: createAnswers({
      catalog: live,
      admit: createRateLimit(() => 0),
      keyNamed: () => null,
      log,
    }),
    log,
    now: () => 0,
  })
  const link = await joinPrimary(pair.worker, 'same')
  link.listening('http://127.0.0.1:1')
  const remote = createRemoteCatalog({ link, catalogOf })
  const questions = (): readonly Question[] =>
    pair.said.flatMap((message) => (message.say === 'ask' ? [message.question] : []))
  return { live, remote, questions, cut: () => pair.cut() }
}

/** How often the upstream was asked for its list. */
const refreshes = ({ asked }: FakeAsk): number =>
  asked.filter(({ path }) => path === '/api/tags').length

const out = (): never => {
  throw fails(refused)
}

const offer = (fake: FakeAsk, ...added: readonly string[]): void => {
  fake.answer = ({ path, model }) => {
    if (path === '/api/tags') return tagsWith(['native:latest'], added)
    return added.includes(model) ? '{"capabilities":["completion","tools"]}' : undefined
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

describe('what the primary knows', () => {
  test('arrives whole: the same cards, in the same order, and the same state', async () => {
    const { live, remote } = await start(createFakeAsk())
    await remote.started
    expect(remote.current().listed()).toEqual(live.current().listed())
    expect(remote.current().hidden()).toEqual(live.current().hidden())
    expect(remote.current().listed()).toHaveLength(13)
    expect(remote.state()).toEqual({ knowledge: 'whole', reachable: true, failure: undefined })
  })

  test('costs no question: neither a known name nor the list', async () => {
    const { remote, questions } = await start(createFakeAsk())
    await remote.started
    expect(await remote.resolve('ollama/native')).toMatchObject({ name: 'native:latest' })
    expect(await remote.list()).toHaveLength(13)
    expect(questions()).toEqual([])
  })

  test('is told as it changes: in the background, in an outage, and after it', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { remote } = await start(fake)
    await remote.started
    offer(fake, 'later:latest')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(remote.current().resolve('gpt-5')?.name).toBe('later:latest')
    fake.answer = out
    await vi.advanceTimersByTimeAsync(60_000)
    expect(remote.state()).toEqual({ knowledge: 'whole', reachable: false, failure: refused })
    expect((await remote.list()).map(({ name }) => name)).toEqual(['native:latest', 'later:latest'])
    offer(fake)
    await vi.advanceTimersByTimeAsync(5000)
    expect(remote.state()).toEqual({ knowledge: 'whole', reachable: true, failure: undefined })
  })
})

describe('before anything is known', () => {
  test('early clients wait for the first answer', async () => {
    const fake = createFakeAsk()
    const late = Promise.withResolvers<string>()
    fake.answer = ({ path }) => (path === '/api/tags' ? late.promise : undefined)
    const { remote } = await start(fake)
    expect(remote.state()).toEqual({ knowledge: 'none', reachable: false, failure: undefined })
    const early = Promise.all([remote.resolve('native'), remote.list()])
    await settle()
    fake.answer = () => undefined
    late.resolve(await fake.ask('GET', '/api/tags', null, new AbortController().signal))
    const [native, list] = await early
    expect(native).toMatchObject({ name: 'native:latest', certain: true })
    expect(native.capabilities.has('tools')).toBe(true)
    expect(list).toHaveLength(13)
  })

  test('a slow model is waited for a moment, and then given out as it is', async () => {
    const fake = createFakeAsk()
    const never = new Promise<string>(() => {})
    fake.answer = ({ model }) => (model === 'native:latest' ? never : undefined)
    const { remote } = await start(fake)
    await settle()
    const native = remote.resolve('native')
    const vision = remote.resolve('vision')
    await vi.advanceTimersByTimeAsync(2000)
    expect(await native).toMatchObject({ name: 'native:latest', certain: false })
    expect(await vision).toMatchObject({ name: 'vision:latest', certain: true })
  })

  test('an upstream that is out is said to be, by its own failure', async () => {
    const fake = createFakeAsk()
    fake.answer = out
    const { remote } = await start(fake)
    await remote.started
    await expect(remote.resolve('native')).rejects.toEqual(new Failed(refused))
    const [list] = await Promise.all([
      Promise.allSettled([remote.list()]),
      vi.advanceTimersByTimeAsync(500),
    ])
    expect(list).toMatchObject([{ reason: { failure: refused } }])
  })
})

describe('an unknown name', () => {
  test.each(['later', 'gpt-5'])(
    'is found at the first ask when it was just added: %s',
    async (name) => {
      const fake = createFakeAsk()
      offer(fake)
      const { remote } = await start(fake)
      await remote.started
      offer(fake, 'later:latest')
      expect(await remote.resolve(name)).toMatchObject({ name: 'later:latest', certain: true })
      // The news are there before the answer.
      expect(remote.current().resolve(name)?.name).toBe('later:latest')
      expect(refreshes(fake)).toBe(2)
    },
  )

  test('is not found, with the nearest names, at one question to the upstream for all', async () => {
    const fake = createFakeAsk()
    const { remote } = await start(fake)
    await remote.started
    const asks = Array.from({ length: 100 }, () => remote.resolve('natve'))
    for (const result of await Promise.allSettled(asks)) {
      expect(result).toMatchObject({
        reason: {
          failure: { kind: 'model-not-found', model: 'natve', suggestions: ['native'] },
        },
      })
    }
    expect(refreshes(fake)).toBe(2)
  })

  test('that no server can have is not passed on', async () => {
    const { remote, questions } = await start(createFakeAsk())
    await remote.started
    await expect(remote.resolve('x'.repeat(1001))).rejects.toThrow('model-not-found')
    expect(questions()).toEqual([])
  })
})

test('a model that the upstream has lost is forgotten, and others like it are named', async () => {
  const fake = createFakeAsk()
  offer(fake, 'natives:latest')
  const { remote } = await start(fake)
  await remote.started
  offer(fake)
  expect(await remote.missed('natives:latest')).toEqual(['native'])
  expect(remote.current().resolve('natives')).toBeUndefined()
})

describe('without a primary', () => {
  test('what is known still is, and anything else is a 503 to try again', async () => {
    const { remote, cut } = await start(createFakeAsk())
    await remote.started
    cut()
    expect(await remote.resolve('native')).toMatchObject({ name: 'native:latest' })
    await expect(remote.resolve('nope')).rejects.toMatchObject({ failure: { kind: 'draining' } })
    expect(await remote.missed('natve')).toEqual(['native'])
  })
})
