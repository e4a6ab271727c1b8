import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.ts'
import type { CatalogState, LiveCatalog } from '../../src/catalog/live.ts'
import { Failed, type Failure } from '../../src/failure.ts'
import { createDiscovery } from '../../src/upstream/discovery.ts'
import { createLiveCatalog } from '../../src/upstream/live-catalog.ts'
import { createFakeAsk, fails, type FakeAsk, refused, tagsWith } from '../support/fake-ask.ts'

const REFRESH_MS = 60_000

const open: LiveCatalog[] = []

const start = (fake: FakeAsk): { live: LiveCatalog; heard: readonly CatalogState[] } => {
  const heard: CatalogState[] = []
  const live = createLiveCatalog({
    discover: createDiscovery({
      ask: fake.ask,
      servingOf: () => ({ streaming: true, overflow: 'error' }),
    }),
    catalogOf: (cards) =>
      createCatalog({
        cards,
        aliases: { 'gpt-4o': 'native', 'gpt-5': 'later' },
        upstreamName: 'ollama',
        list: 'tools',
      }),
    refreshMs: REFRESH_MS,
    onRefresh: (state) => heard.push(state),
  })
  open.push(live)
  return { live, heard }
}

/** How often the upstream was asked for its list. */
const refreshes = ({ asked }: FakeAsk): number =>
  asked.filter(({ path }) => path === '/api/tags').length

const out = (): never => {
  throw fails(refused)
}

/** Offers `native` and whatever else is added; every model shows tools. */
const offer = (fake: FakeAsk, ...added: readonly string[]): void => {
  fake.answer = ({ path, model }) => {
    if (path === '/api/tags') return tagsWith(['native:latest'], added)
    return added.includes(model) ? '{"capabilities":["completion","tools"]}' : undefined
  }
}

/** Why it was refused; heard from the start, so that no rejection goes unheard. */
const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  try {
    await promise
  } catch (error) {
    if (error instanceof Failed) return error.failure
    throw error
  }
  throw new Error('it was not refused')
}

const settle = () => vi.advanceTimersByTimeAsync(0)

const names = async (live: LiveCatalog): Promise<readonly string[]> =>
  (await live.list()).map(({ name }) => name)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  for (const live of open.splice(0)) live.close()
  await settle()
  const left = vi.getTimerCount()
  vi.useRealTimers()
  if (left > 0) throw new Error(`${left} timers were left behind`)
})

describe('at start', () => {
  test('asks at once, and makes early clients wait for the answer', async () => {
    const fake = createFakeAsk()
    const { live, heard } = start(fake)
    expect(live.current().listed()).toEqual([])
    expect(live.state()).toEqual({ knowledge: 'none', reachable: false, failure: undefined })
    const [native, list] = await Promise.all([live.resolve('native'), live.list(), live.started])
    expect(native).toMatchObject({ name: 'native:latest', certain: true })
    expect(list).toHaveLength(13)
    expect(heard).toEqual([{ knowledge: 'whole', reachable: true, failure: undefined }])
    expect(refreshes(fake)).toBe(1)
  })

  test('gives out a model whose show is slow after two seconds, and the list too', async () => {
    const fake = createFakeAsk()
    const never = new Promise<string>(() => {})
    fake.answer = ({ model }) => (model === 'native:latest' ? never : undefined)
    const { live } = start(fake)
    await settle()
    const vision = live.resolve('vision')
    const native = live.resolve('native')
    const list = names(live)
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await vision).name).toBe('vision:latest')
    expect(await native).toMatchObject({ name: 'native:latest', certain: false })
    expect(await list).not.toContain('native:latest')
    expect(live.state().knowledge).toBe('list')
    expect(refreshes(fake)).toBe(1)
  })

  test('gives out a good model as soon as it is known, while five others hang', async () => {
    const fake = createFakeAsk()
    const hanging = Array.from({ length: 5 }, (_, number) => `hangs-${number}:latest`)
    const never = new Promise<string>(() => {})
    fake.answer = ({ path, model }) => {
      if (path === '/api/tags') return tagsWith([], [...hanging, 'good:latest'])
      if (model === '') return undefined
      return hanging.includes(model) ? never : '{"capabilities":["completion","tools"]}'
    }
    const { live } = start(fake)
    const list = names(live)
    const good = live.resolve('good')
    await vi.advanceTimersByTimeAsync(1_100)
    expect(await good).toMatchObject({ certain: true })
    await vi.advanceTimersByTimeAsync(900)
    expect(await list).toEqual(['good:latest'])
    expect(live.state()).toMatchObject({ knowledge: 'list', reachable: true })
  })

  test('lists what may well be good rather than nothing, while nothing is certain', async () => {
    const fake = createFakeAsk()
    const never = new Promise<string>(() => {})
    fake.answer = ({ path }) =>
      path === '/api/tags' ? tagsWith(['native:latest', 'embed:latest'], ['odd:latest']) : never
    const { live } = start(fake)
    const list = names(live)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await list).toEqual(['embed:latest', 'native:latest', 'odd:latest'])
  })

  test('gives an upstream that hangs two seconds each time, then says that it hangs', async () => {
    const fake = createFakeAsk()
    fake.answer = () => new Promise<string>(() => {})
    const { live } = start(fake)
    for (let time = 0; time < 3; time++) {
      const list = failureOf(live.list())
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await list).toEqual({
        kind: 'upstream-timeout',
        phase: 'first-line',
        waitedMs: 2_000,
      })
    }
    expect(refreshes(fake)).toBe(1)
  })

  test('gives it no longer when it hangs after it has failed', async () => {
    const fake = createFakeAsk()
    fake.answer = out
    const { live } = start(fake)
    await live.started
    fake.answer = () => new Promise<string>(() => {})
    await vi.advanceTimersByTimeAsync(5_000)
    const list = failureOf(live.list())
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await list).toEqual(refused)
  })

  test('says why when the upstream is out, to the list and to any name', async () => {
    const fake = createFakeAsk()
    fake.answer = out
    const { live } = start(fake)
    await live.started
    expect(live.state()).toEqual({ knowledge: 'none', reachable: false, failure: refused })
    await expect(live.resolve('native')).rejects.toMatchObject({ failure: refused })
    const list = failureOf(live.list())
    await vi.advanceTimersByTimeAsync(500)
    expect(await list).toEqual(refused)
  })

  test('finds the upstream as soon as it is there and somebody asks', async () => {
    const fake = createFakeAsk()
    fake.answer = out
    const { live } = start(fake)
    await live.started
    offer(fake)
    expect(await names(live)).toEqual(['native:latest'])
    expect(live.state()).toEqual({ knowledge: 'whole', reachable: true, failure: undefined })
  })

  test('finds the upstream within five seconds when nobody asks', async () => {
    const fake = createFakeAsk()
    fake.answer = out
    const { live, heard } = start(fake)
    await live.started
    offer(fake)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(live.current().resolve('native')?.name).toBe('native:latest')
    expect(heard.map(({ failure }) => failure?.kind)).toEqual(['upstream-unreachable', undefined])
  })
})

describe('in the background', () => {
  test('asks every minute, and shows what is new', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { live } = start(fake)
    await live.started
    offer(fake, 'later:latest')
    await vi.advanceTimersByTimeAsync(REFRESH_MS - 1)
    expect(await names(live)).toEqual(['native:latest'])
    expect(refreshes(fake)).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await names(live)).toEqual(['native:latest', 'later:latest'])
    offer(fake)
    await vi.advanceTimersByTimeAsync(REFRESH_MS)
    expect(await names(live)).toEqual(['native:latest'])
    expect(refreshes(fake)).toBe(3)
  })

  test('does not ask again while an answer is awaited', async () => {
    const fake = createFakeAsk()
    const late = Promise.withResolvers<string>()
    fake.answer = ({ path }) => (path === '/api/tags' ? late.promise : undefined)
    start(fake)
    await vi.advanceTimersByTimeAsync(3 * REFRESH_MS)
    expect(refreshes(fake)).toBe(1)
    late.resolve('{"models":[]}')
    await settle()
    await vi.advanceTimersByTimeAsync(REFRESH_MS)
    expect(refreshes(fake)).toBe(2)
  })

  test('keeps the last good list through an outage, and says that it is old', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { live } = start(fake)
    await live.started
    fake.answer = out
    await vi.advanceTimersByTimeAsync(REFRESH_MS)
    expect(live.state()).toEqual({ knowledge: 'whole', reachable: false, failure: refused })
    expect(await names(live)).toEqual(['native:latest'])
    expect((await live.resolve('native')).name).toBe('native:latest')
    offer(fake)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(live.state()).toEqual({ knowledge: 'whole', reachable: true, failure: undefined })
  })

  test('asks nobody after close', async () => {
    const fake = createFakeAsk()
    const { live, heard } = start(fake)
    live.close()
    await live.started
    await vi.advanceTimersByTimeAsync(3 * REFRESH_MS)
    expect(refreshes(fake)).toBe(1)
    expect(heard).toEqual([])
  })
})

test('tells of all that is learnt, of an outage, and of its end', async () => {
  const fake = createFakeAsk()
  const late = Promise.withResolvers<string>()
  fake.answer = ({ path }) => (path === '/api/tags' ? tagsWith(['native:latest']) : late.promise)
  const heard: string[] = []
  const live = createLiveCatalog({
    discover: createDiscovery({
      ask: fake.ask,
      servingOf: () => ({ streaming: true, overflow: 'error' }),
    }),
    catalogOf: (cards) =>
      createCatalog({ cards, aliases: {}, upstreamName: 'ollama', list: 'tools' }),
    refreshMs: REFRESH_MS,
    onNews: ({ cards, state }) => {
      const certain = cards.filter((card) => card.certain).length
      heard.push(`${certain} of ${cards.length}, ${state.knowledge}, ${state.failure?.kind}`)
    },
  })
  open.push(live)
  await settle()
  late.resolve('{"capabilities":["completion","tools"]}')
  await live.started
  fake.answer = out
  await vi.advanceTimersByTimeAsync(REFRESH_MS)
  offer(fake)
  await vi.advanceTimersByTimeAsync(5_000)
  // A list, and then its details, each time.
  expect(heard).toEqual([
    '0 of 1, list, undefined',
    '1 of 1, whole, undefined',
    '1 of 1, whole, upstream-unreachable',
    '1 of 1, whole, undefined',
    '1 of 1, whole, undefined',
  ])
})

describe('a known name', () => {
  test('costs no question', async () => {
    const fake = createFakeAsk()
    const { live } = start(fake)
    await live.started
    for (const name of ['native', 'ollama/native', 'gpt-4o', 'plain', 'crash']) {
      await live.resolve(name)
    }
    expect(refreshes(fake)).toBe(1)
  })
})

describe('an unknown name', () => {
  test('has the upstream asked once, and is then not found, with the nearest names', async () => {
    const fake = createFakeAsk()
    const { live } = start(fake)
    await live.started
    await expect(live.resolve('natve')).rejects.toMatchObject({
      failure: { kind: 'model-not-found', model: 'natve', suggestions: ['native'] },
    })
    expect(refreshes(fake)).toBe(2)
  })

  test.each(['later', 'gpt-5'])(
    'is found at the first ask when it was just added: %s',
    async (name) => {
      const fake = createFakeAsk()
      offer(fake)
      const { live } = start(fake)
      await live.started
      offer(fake, 'later:latest')
      expect(await live.resolve(name)).toMatchObject({ name: 'later:latest', certain: true })
      expect(refreshes(fake)).toBe(2)
    },
  )

  test('costs one question however many ask', async () => {
    const fake = createFakeAsk()
    const { live } = start(fake)
    await live.started
    const asks = Array.from({ length: 1_000 }, (_, number) => live.resolve(`nope-${number}`))
    const results = await Promise.allSettled(asks)
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    expect(refreshes(fake)).toBe(2)
  })

  test('costs two questions a second however long they ask', async () => {
    const fake = createFakeAsk()
    const { live } = start(fake)
    await live.started
    const asks: Promise<Failure>[] = []
    for (let ms = 0; ms < 10_000; ms += 50) {
      asks.push(failureOf(live.resolve(`nope-${ms}`)))
      await vi.advanceTimersByTimeAsync(50)
    }
    await vi.advanceTimersByTimeAsync(500)
    for (const failure of await Promise.all(asks)) expect(failure.kind).toBe('model-not-found')
    expect(refreshes(fake)).toBeLessThanOrEqual(1 + 21)
  })

  test('is found although another was just looked for in vain', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { live } = start(fake)
    await live.started
    await expect(live.resolve('nope')).rejects.toThrow('model-not-found')
    offer(fake, 'later:latest')
    const later = live.resolve('later')
    await vi.advanceTimersByTimeAsync(500)
    expect((await later).name).toBe('later:latest')
  })

  test('is found although a list without it was under way', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { live } = start(fake)
    await live.started
    const old = Promise.withResolvers<string>()
    fake.answer = ({ path }) => (path === '/api/tags' ? old.promise : undefined)
    await vi.advanceTimersByTimeAsync(REFRESH_MS)
    const later = live.resolve('later')
    offer(fake, 'later:latest')
    old.resolve(tagsWith(['native:latest']))
    expect((await later).name).toBe('later:latest')
    expect(refreshes(fake)).toBe(3)
  })

  test('waits for no slow show of another model', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { live } = start(fake)
    await live.started
    const never = new Promise<string>(() => {})
    fake.answer = ({ path, model }) => {
      if (path === '/api/tags') return tagsWith(['native:latest'], ['slow:latest', 'later:latest'])
      return model === 'slow:latest' ? never : '{"capabilities":["completion","tools"]}'
    }
    await vi.advanceTimersByTimeAsync(REFRESH_MS)
    expect((await live.resolve('native')).name).toBe('native:latest')
    expect((await live.resolve('later')).name).toBe('later:latest')
    await expect(live.resolve('nope')).rejects.toThrow('model-not-found')
  })

  test('is not said to be missing when the upstream cannot be asked', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { live } = start(fake)
    await live.started
    fake.answer = out
    await expect(live.resolve('later')).rejects.toMatchObject({ failure: refused })
    expect((await live.resolve('native')).name).toBe('native:latest')
  })

  test('is refused after close', async () => {
    const fake = createFakeAsk()
    const { live } = start(fake)
    await live.started
    live.close()
    await expect(live.resolve('nope')).rejects.toMatchObject({ failure: { kind: 'draining' } })
    expect((await live.resolve('native')).name).toBe('native:latest')
  })
})

describe('a model that the upstream has lost', () => {
  test('is gone from the list, and others are suggested', async () => {
    const fake = createFakeAsk()
    offer(fake, 'later:8b', 'later:70b')
    const { live } = start(fake)
    await live.started
    offer(fake, 'later:70b')
    expect(await live.missed('later:8b')).toEqual(['later:70b'])
    expect(await names(live)).toEqual(['native:latest', 'later:70b'])
    expect(refreshes(fake)).toBe(2)
  })

  test('is not suggested when the upstream lists it still', async () => {
    const fake = createFakeAsk()
    offer(fake)
    const { live } = start(fake)
    await live.started
    expect(await live.missed('native:latest')).toEqual([])
  })

  test('is waited for two seconds, and no news is no accident', async () => {
    const fake = createFakeAsk()
    offer(fake, 'later:8b', 'later:70b')
    const { live } = start(fake)
    await live.started
    fake.answer = () => new Promise<string>(() => {})
    const missed = live.missed('later:8b')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await missed).toEqual(['later:70b'])
    fake.answer = out
    live.close()
    expect(await live.missed('later:8b')).toEqual(['later:70b'])
  })
})

test('what an older refresh brings late replaces nothing newer', async () => {
  const fake = createFakeAsk()
  const late = Promise.withResolvers<string>()
  fake.answer = ({ path, model }) => {
    if (path === '/api/tags') return tagsWith(['native:latest'], ['slow:latest'])
    return model === 'slow:latest' ? late.promise : undefined
  }
  const { live } = start(fake)
  await settle()
  offer(fake, 'later:latest')
  await live.resolve('later')
  late.resolve('{"capabilities":["completion","tools"]}')
  await live.started
  expect(await names(live)).toEqual(['native:latest', 'later:latest'])
  await vi.advanceTimersByTimeAsync(REFRESH_MS)
  expect(refreshes(fake), 'one a minute after both').toBe(3)
})

test('what an older refresh brings late hides no outage', async () => {
  const fake = createFakeAsk()
  const late = Promise.withResolvers<string>()
  fake.answer = ({ path, model }) => {
    if (path === '/api/tags') return tagsWith(['native:latest'], ['slow:latest'])
    return model === 'slow:latest' ? late.promise : undefined
  }
  const { live } = start(fake)
  await settle()
  fake.answer = out
  await expect(live.resolve('later')).rejects.toMatchObject({ failure: refused })
  late.resolve('{"capabilities":["completion","tools"]}')
  await live.started
  expect(live.state()).toEqual({ knowledge: 'whole', reachable: false, failure: refused })
  expect(await names(live)).toEqual(['native:latest', 'slow:latest'])
})

test('a fault of our own is said to be one', async () => {
  const live = createLiveCatalog({
    discover: () => Promise.reject(new TypeError('oops')),
    catalogOf: (cards) =>
      createCatalog({ cards, aliases: {}, upstreamName: 'ollama', list: 'tools' }),
    refreshMs: REFRESH_MS,
  })
  open.push(live)
  await live.started
  expect(live.state().failure).toEqual({ kind: 'internal' })
})
