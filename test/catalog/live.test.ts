import { expect, test } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.ts'
import { fixedCatalog } from '../../src/catalog/live.ts'
import { card } from '../support/cards.ts'

const catalog = fixedCatalog(
  createCatalog({
    cards: [card('gpt-oss:20b'), card('plain', { capabilities: ['completion'] })],
    aliases: { 'gpt-4o': 'gpt-oss:20b' },
    upstreamName: 'ollama',
    list: 'all',
  }),
)

test('lists exactly what was configured, and asks nobody', async () => {
  await expect(catalog.started).resolves.toBeUndefined()
  expect((await catalog.list()).map(({ name }) => name)).toEqual(['gpt-oss:20b', 'plain'])
  expect(catalog.state()).toEqual({ knowledge: 'whole', reachable: true, failure: undefined })
})

test('finds by name and alias', async () => {
  expect((await catalog.resolve('ollama/gpt-oss:20b')).name).toBe('gpt-oss:20b')
  expect((await catalog.resolve('gpt-4o')).name).toBe('gpt-oss:20b')
})

test('tells of near names', async () => {
  await expect(catalog.resolve('gpt-oss:2b')).rejects.toMatchObject({
    failure: { kind: 'model-not-found', model: 'gpt-oss:2b', suggestions: ['gpt-oss:20b'] },
  })
})

test('suggests others in place of one that is missed', async () => {
  expect(await catalog.missed('plai')).toEqual(['plain'])
  expect(await catalog.missed('plain')).toEqual([])
})
