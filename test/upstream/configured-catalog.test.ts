import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.ts'
import type { CatalogState, LiveCatalog } from '../../src/catalog/live.ts'
import { createConfiguredCatalog } from '../../src/upstream/configured-catalog.ts'
import { card } from '../support/cards.ts'
import { fails, refused } from '../support/fake-ask.ts'

let live: LiveCatalog
let heard: CatalogState[]
let probe: (signal: AbortSignal) => Promise<unknown>
let probes: number

const start = () => {
  live = createConfiguredCatalog({
    catalog: createCatalog({
      cards: [card('gpt-oss:20b')],
      aliases: { default: 'gpt-oss:20b' },
      upstreamName: 'ollama',
      list: 'all',
    }),
    probe: (signal) => {
      probes++
      return probe(signal)
    },
    refreshMs: 60_000,
    onRefresh: (state) => heard.push(state),
  })
}

const isThere = async () => '0.33.0'
const isOut = () => Promise.reject(fails(refused))

beforeEach(() => {
  vi.useFakeTimers()
  heard = []
  probes = 0
})
afterEach(() => {
  live.close()
  const left = vi.getTimerCount()
  vi.useRealTimers()
  if (left > 0) throw new Error(`${left} timers were left behind`)
})

test('is not ready before the upstream has answered, and lists its models all the same', async () => {
  probe = () => new Promise(() => {})
  start()
  expect(live.state()).toEqual({ knowledge: 'whole', reachable: false, failure: undefined })
  expect((await live.list()).map(({ name }) => name)).toEqual(['gpt-oss:20b'])
  expect((await live.resolve('default')).name).toBe('gpt-oss:20b')
})

test('tells an outage within a minute, its end within five seconds, and keeps its models', async () => {
  probe = isThere
  start()
  await live.started
  expect(live.state()).toEqual({ knowledge: 'whole', reachable: true, failure: undefined })
  probe = isOut
  await vi.advanceTimersByTimeAsync(60_000)
  expect(live.state()).toEqual({ knowledge: 'whole', reachable: false, failure: refused })
  expect(await live.list()).toHaveLength(1)
  probe = isThere
  await vi.advanceTimersByTimeAsync(5000)
  expect(live.state().reachable).toBe(true)
  expect(heard.map(({ reachable }) => reachable)).toEqual([true, false, true])
})

test('asks nobody for a name it does not know, and nobody after close', async () => {
  probe = isThere
  start()
  await live.started
  await expect(live.resolve('gpt-oss:2b')).rejects.toMatchObject({
    failure: { kind: 'model-not-found', suggestions: ['gpt-oss:20b'] },
  })
  expect(await live.missed('gpt-oss:20b')).toEqual([])
  live.close()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(probes).toBe(1)
})

test('says nothing of a probe that was ended by the close', async () => {
  probe = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(fails({ kind: 'client-closed' })))
    })
  start()
  live.close()
  await live.started
  expect(heard).toEqual([])
})
