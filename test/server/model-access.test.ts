/** Which models a key opens; the door itself is tested from outside (`test/e2e/client-keys.test.ts`). */
import { describe, expect, test } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.ts'
import { fixedCatalog } from '../../src/catalog/live.ts'
import { mayUse, resolveFor } from '../../src/server/model-access.ts'
import { card } from '../support/cards.ts'

const HERE = { allowRemote: false }

const key = (models: readonly string[] | null) => ({
  name: 'laptop',
  sha256: '',
  models,
  requestsPerMinute: null,
})

test.each<[models: readonly string[] | null, model: string, opens: boolean]>([
  [null, 'anything', true],
  [['m:latest'], 'm:latest', true],
  [['m:latest'], 'm:latest2', false],
  [['m:*'], 'm:7b', true],
  [['m:*'], 'mm:7b', false],
  [['m*'], 'mm:7b', true],
  [['*'], 'a/b:c', true],
  [['a/*'], 'a/b:c', true],
  [['a/*'], 'b/a/c', false],
  [['a.b:c'], 'axb:c', false],
  [['a', 'b'], 'b', true],
])('a key for %j and the model %s: %s', (models, model, opens) => {
  expect(mayUse(key(models), model)).toBe(opens)
})

test('without keys every model is open', () => {
  expect(mayUse(null, 'm')).toBe(true)
})

describe('a model is found for a client', () => {
  const catalog = fixedCatalog(
    createCatalog({
      cards: [card('open:latest'), card('hidden:latest')],
      aliases: { way: 'hidden' },
      upstreamName: 'ollama',
      list: 'all',
    }),
  )
  const some = key(['open:*'])

  test.each(['open', 'OPEN:LATEST', 'ollama/open'])('%s', async (name) => {
    expect((await resolveFor(some, catalog, name, HERE)).name).toBe('open:latest')
  })

  test.each(['hidden', 'HIDDEN', 'ollama/hidden:latest', 'way'])('not %s', async (name) => {
    await expect(resolveFor(some, catalog, name, HERE)).rejects.toMatchObject({
      failure: { kind: 'forbidden', param: 'model' },
    })
  })

  test('and of those like it only the ones that it opens are named', async () => {
    await expect(resolveFor(some, catalog, 'hiden', HERE)).rejects.toMatchObject({
      failure: { kind: 'model-not-found', suggestions: [] },
    })
    await expect(resolveFor(null, catalog, 'hiden', HERE)).rejects.toMatchObject({
      failure: { kind: 'model-not-found', suggestions: ['hidden'] },
    })
    await expect(resolveFor(some, catalog, 'opn', HERE)).rejects.toMatchObject({
      failure: { suggestions: ['open'] },
    })
  })
})
