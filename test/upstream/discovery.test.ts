import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.ts'
import type { ModelCard } from '../../src/catalog/model-card.ts'
import { encodeModelList } from '../../src/dialects/openai/model-list.ts'
import { createDiscovery } from '../../src/upstream/discovery.ts'
import { createFakeAsk, fails, refused, tagsWith } from '../support/fake-ask.ts'

const { signal } = new AbortController()

const servingOf = () => ({ streaming: true, overflow: 'error' }) as const

const named = (cards: readonly ModelCard[], name: string): ModelCard => {
  const card = cards.find((each) => each.name === name)
  if (card === undefined) throw new Error(`${name} was not found`)
  return card
}

const showsIn = (asked: readonly { path: string; model: string }[]): readonly string[] =>
  asked.filter(({ path }) => path === '/api/show').map(({ model }) => model)

const discoverRecorded = () => createDiscovery({ ask: createFakeAsk().ask, servingOf })(signal)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the recorded upstream', () => {
  test('offers every model that has tools or makes embeddings, native with its window included', async () => {
    const cards = await discoverRecorded()
    const catalog = createCatalog({ cards, aliases: {}, upstreamName: 'ollama', list: 'tools' })
    const { data } = encodeModelList(catalog.listed(), { context: 'trained' })
    expect(data.map(({ id, context_length: window }) => [id, window])).toEqual([
      ['generic-think:latest', 32_768],
      ['generic-tools:latest', 32_768],
      ['gptoss-like:latest', 32_768],
      ['qwen-tools:latest', 32_768],
      ['embed:latest', 32_768],
      ['native:latest', 32_768],
      ['oom:latest', 32_768],
      ['qwen-think:latest', 32_768],
      ['crash:latest', 32_768],
      ['slow-load:latest', 32_768],
      ['small-window:latest', 32_768],
      ['vision:latest', 32_768],
      ['team/namespaced:v1', 32_768],
    ])
    expect(catalog.hidden().map(({ card, why }) => [card.name, why])).toEqual([
      ['plain:latest', 'no-tools'],
    ])
  })

  test('is believed about what it serves now', async () => {
    const cards = await discoverRecorded()
    expect(named(cards, 'small-window:latest')).toMatchObject({ servedWindow: 64, loaded: false })
    expect(named(cards, 'generic-think:latest')).toMatchObject({ servedWindow: 4096, loaded: true })
    expect(named(cards, 'native:latest')).toMatchObject({ servedWindow: 32_768, loaded: false })
  })

  test('leaves uncertain what it could not show', async () => {
    const cards = await discoverRecorded()
    expect(cards.filter(({ certain }) => !certain).map(({ name }) => name)).toEqual([
      'oom:latest',
      'crash:latest',
      'slow-load:latest',
    ])
  })
})

test('serves a model as the operator wants, by its upstream name', async () => {
  const discover = createDiscovery({
    ask: createFakeAsk().ask,
    servingOf: (name) => ({
      ...servingOf(),
      ...(name === 'native:latest' ? { numCtx: 2048 } : {}),
    }),
  })
  const cards = await discover(signal)
  expect(named(cards, 'native:latest')).toMatchObject({
    servedWindow: 2048,
    serving: { numCtx: 2048 },
  })
  expect(named(cards, 'vision:latest').serving).toEqual(servingOf())
})

describe('/api/show', () => {
  test('is asked for four models at a time, no more', async () => {
    const fake = createFakeAsk()
    fake.answer = ({ path }) =>
      path === '/api/show'
        ? new Promise((resolve) => {
            setTimeout(resolve, 100, '{"capabilities":["completion"]}')
          })
        : undefined
    const discovering = createDiscovery({ ask: fake.ask, servingOf })(signal)
    await vi.advanceTimersByTimeAsync(1_000)
    await discovering
    expect(showsIn(fake.asked)).toHaveLength(14)
    expect(fake.open.most).toBe(4)
  })

  test('is asked once for each digest', async () => {
    const fake = createFakeAsk()
    const discover = createDiscovery({ ask: fake.ask, servingOf })
    fake.answer = ({ path }) =>
      path === '/api/tags' ? tagsWith(['native:latest', 'vision:latest']) : undefined
    await discover(signal)
    await discover(signal)
    expect(showsIn(fake.asked)).toEqual(['native:latest', 'vision:latest'])
    fake.answer = ({ path }) =>
      path === '/api/tags'
        ? tagsWith(['native:latest', 'vision:latest']).replace('"00f25b73', '"11f25b73')
        : undefined
    await discover(signal)
    expect(showsIn(fake.asked)).toEqual(['native:latest', 'vision:latest', 'native:latest'])
  })

  test('is asked again after an hour, for the server may have learnt to read', async () => {
    const fake = createFakeAsk()
    const discover = createDiscovery({ ask: fake.ask, servingOf })
    fake.answer = ({ path }) => (path === '/api/tags' ? tagsWith(['native:latest']) : undefined)
    await discover(signal)
    vi.advanceTimersByTime(3_599_000)
    await discover(signal)
    expect(showsIn(fake.asked)).toHaveLength(1)
    vi.advanceTimersByTime(1_000)
    fake.answer = ({ path }) => {
      if (path === '/api/show') throw fails(refused)
      return tagsWith(['native:latest'])
    }
    const cards = await discover(signal)
    expect(showsIn(fake.asked)).toHaveLength(2)
    expect(named(cards, 'native:latest').certain).toBe(true)
  })

  test.each([
    ['fails', () => Promise.reject(fails(refused))],
    ['answers nonsense', () => '<html>'],
  ])('that %s spoils no other model, and is asked again', async (_title, show) => {
    const fake = createFakeAsk()
    const discover = createDiscovery({ ask: fake.ask, servingOf })
    fake.answer = ({ model }) => (model === 'native:latest' ? show() : undefined)
    const cards = await discover(signal)
    expect(named(cards, 'native:latest')).toMatchObject({
      certain: false,
      capabilities: new Set(['completion']),
      contextWindow: 32_768,
    })
    expect(named(cards, 'vision:latest').certain).toBe(true)

    fake.answer = () => undefined
    expect(named(await discover(signal), 'native:latest').certain).toBe(true)
  })

  test('of an old server, which does not say what a model can do, leaves the model uncertain', async () => {
    const fake = createFakeAsk()
    fake.answer = ({ path }) =>
      path === '/api/show' ? '{"details":{"family":"llama"}}' : undefined
    const cards = await createDiscovery({ ask: fake.ask, servingOf })(signal)
    expect(cards.map(({ certain }) => certain)).not.toContain(true)
  })

  test('that hangs four times holds up nobody for longer than a second', async () => {
    const fake = createFakeAsk()
    const hanging = ['h1', 'h2', 'h3', 'h4']
    const never = new Promise<string>(() => {})
    fake.answer = ({ path, model }) => {
      if (path === '/api/tags') return tagsWith(hanging, [...hanging, 'good'])
      return hanging.includes(model) ? never : undefined
    }
    const closing = new AbortController()
    const heard: (readonly ModelCard[])[] = []
    const ask = createDiscovery({ ask: fake.ask, servingOf })
    const discovering = ask(closing.signal, (cards) => heard.push(cards))
    await vi.advanceTimersByTimeAsync(999)
    expect(showsIn(fake.asked)).toEqual(hanging)
    await vi.advanceTimersByTimeAsync(1)
    expect(showsIn(fake.asked)).toEqual([...hanging, 'good'])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(fake.open.now, 'those that hang are still waited for').toBe(4)
    // Often enough for whoever waits, not for every answer.
    expect(heard.length).toBeGreaterThan(10)
    expect(heard.length).toBeLessThan(30)
    closing.abort()
    await discovering
  })

  test('that is slow keeps the list waiting for nobody else', async () => {
    const fake = createFakeAsk()
    const late = Promise.withResolvers<string>()
    fake.answer = ({ model }) => (model === 'native:latest' ? late.promise : undefined)
    const discover = createDiscovery({ ask: fake.ask, servingOf })
    const lists: (readonly ModelCard[])[] = []
    const first = discover(signal, (cards) => lists.push(cards))
    await vi.advanceTimersByTimeAsync(0)
    const second = discover(signal, (cards) => lists.push(cards))
    await vi.advanceTimersByTimeAsync(0)

    expect(lists.map((cards) => named(cards, 'vision:latest').certain)).toEqual([false, true])
    expect(lists.map((cards) => named(cards, 'native:latest').certain)).toEqual([false, false])
    late.resolve('{"capabilities":["completion","tools"]}')
    expect(named(await first, 'native:latest').certain).toBe(true)
    expect(named(await second, 'native:latest').certain).toBe(true)
    expect(showsIn(fake.asked).filter((model) => model === 'native:latest')).toHaveLength(1)
  })
})

describe('/api/ps', () => {
  test.each([
    ['fails', () => Promise.reject(fails(refused))],
    ['answers nonsense', () => '404 page not found'],
    ['never answers', () => new Promise<string>(() => {})],
  ])('that %s is done without', async (_title, ps) => {
    const fake = createFakeAsk()
    fake.answer = ({ path }) => (path === '/api/ps' ? ps() : undefined)
    const discovering = createDiscovery({ ask: fake.ask, servingOf })(signal)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(named(await discovering, 'generic-think:latest')).toMatchObject({
      loaded: false,
      servedWindow: 32_768,
      certain: true,
    })
  })
})

describe('/api/tags', () => {
  test('that fails fails it all', async () => {
    const fake = createFakeAsk()
    fake.answer = ({ path }) => {
      if (path === '/api/tags') throw fails(refused)
      return undefined
    }
    await expect(createDiscovery({ ask: fake.ask, servingOf })(signal)).rejects.toMatchObject({
      failure: refused,
    })
  })

  test('that is no list is malformed', async () => {
    const fake = createFakeAsk()
    fake.answer = ({ path }) => (path === '/api/tags' ? '{"object":"list"}' : undefined)
    await expect(createDiscovery({ ask: fake.ask, servingOf })(signal)).rejects.toMatchObject({
      failure: { kind: 'upstream-malformed' },
    })
  })
})
