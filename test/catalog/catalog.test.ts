import { describe, expect, test } from 'vitest'
import { createCatalog, explainHidden, type CatalogOptions } from '../../src/catalog/catalog.ts'
import { card } from '../support/cards.ts'

const cards = [
  card('native:latest'),
  card('Mixed:v1'),
  card('mixed:v1'),
  card('team/namespaced:v1'),
  card('ollama/inside:latest'),
  card('inside:latest'),
  card('bare'),
  card('plain:latest', { capabilities: ['completion'] }),
  card('embed:latest', { capabilities: ['embedding'] }),
  card('painter:latest', { capabilities: ['image'] }),
  card('quiet:latest', { capabilities: [], certain: false }),
]

const catalog = (options: Partial<CatalogOptions> = {}) =>
  createCatalog({ cards, aliases: {}, upstreamName: 'lan', list: 'tools', ...options })

describe('a name', () => {
  test.each([
    ['native:latest', 'native:latest'],
    ['native', 'native:latest'],
    ['NATIVE', 'native:latest'],
    ['Native:Latest', 'native:latest'],
    ['ollama/native', 'native:latest'],
    ['lan/native:latest', 'native:latest'],
    ['LAN/Native', 'native:latest'],
    ['team/namespaced:v1', 'team/namespaced:v1'],
    ['ollama/team/namespaced:v1', 'team/namespaced:v1'],
    ['Mixed:v1', 'Mixed:v1'],
    ['mixed:v1', 'mixed:v1'],
    ['MIXED:V1', 'Mixed:v1'],
    ['ollama/inside', 'ollama/inside:latest'],
    ['inside', 'inside:latest'],
    ['bare', 'bare'],
    ['plain', 'plain:latest'],
    ['embed', 'embed:latest'],
  ])('%s finds %s', (name, found) => {
    expect(catalog().resolve(name)?.name).toBe(found)
  })

  test.each([
    '',
    'nope',
    'native:v2',
    'other/native',
    'namespaced:v1',
    'team/namespaced',
    'ollama/',
    ' native',
    '__proto__',
    'constructor',
  ])('%j finds nothing', (name) => {
    expect(catalog().resolve(name)).toBeUndefined()
  })

  test('finds the same in whatever order names are asked for, and however many spellings there are', () => {
    const one = catalog({ aliases: { gpt: 'native' } })
    for (const name of ['MIXED:V1', 'mixed:v1', 'Mixed:v1', 'GPT', 'nope', 'gpt', 'MIXED:V1']) {
      expect(one.resolve(name)).toBe(catalog({ aliases: { gpt: 'native' } }).resolve(name))
    }
    // More of them than anyone should remember.
    const word = 'native:latest'
    for (let bits = 0; bits < 4096; bits++) {
      const spelled = word
        .split('')
        .map((letter, at) => ((bits >> at) & 1 ? letter.toUpperCase() : letter))
      expect(one.resolve(spelled.join(''))?.name).toBe(word)
    }
  })
})

describe('an alias', () => {
  const aliases = {
    'gpt-4o': 'ollama/native',
    smart: 'gpt-4o',
    native: 'plain',
    'Mixed:v1': 'plain',
    one: 'two',
    two: 'three',
    three: 'one',
    self: 'self',
    gone: 'nope',
  }

  test.each([
    ['gpt-4o', 'native:latest'],
    ['GPT-4o', 'native:latest'],
    ['ollama/gpt-4o', 'native:latest'],
    ['smart', 'native:latest'],
  ])('%s finds %s', (name, found) => {
    expect(catalog({ aliases }).resolve(name)?.name).toBe(found)
  })

  test.each([
    ['native', 'native:latest'],
    ['Mixed:v1', 'Mixed:v1'],
  ])("loses to a model's own name: %s", (name, found) => {
    expect(catalog({ aliases }).resolve(name)?.name).toBe(found)
  })

  test.each(['one', 'two', 'self', 'gone'])('that leads nowhere finds nothing: %s', (name) => {
    expect(catalog({ aliases }).resolve(name)).toBeUndefined()
  })

  test('is no entry of the list', () => {
    expect(catalog({ aliases }).listed()).toEqual(catalog().listed())
  })
})

describe('the list', () => {
  test.each([
    [
      'tools',
      [
        'native:latest',
        'Mixed:v1',
        'mixed:v1',
        'team/namespaced:v1',
        'ollama/inside:latest',
        'inside:latest',
        'bare',
        'embed:latest',
      ],
    ],
    [
      'chat',
      [
        'native:latest',
        'Mixed:v1',
        'mixed:v1',
        'team/namespaced:v1',
        'ollama/inside:latest',
        'inside:latest',
        'bare',
        'plain:latest',
        'embed:latest',
        'quiet:latest',
      ],
    ],
    ['all', cards.map(({ name }) => name)],
  ] as const)('of %s is, in order, %j', (list, names) => {
    expect(
      catalog({ list })
        .listed()
        .map(({ name }) => name),
    ).toEqual(names)
  })

  test.each([
    [
      'tools',
      [
        ['plain:latest', 'no-tools'],
        ['painter:latest', 'no-chat'],
        ['quiet:latest', 'unknown'],
      ],
    ],
    ['chat', [['painter:latest', 'no-chat']]],
    ['all', []],
  ] as const)('of %s says what it hides and why', (list, hidden) => {
    expect(
      catalog({ list })
        .hidden()
        .map((each) => [each.card.name, each.why]),
    ).toEqual(hidden)
  })

  describe('where no model is known to have tools', () => {
    const old = ['a', 'b'].map((name) => card(name, { capabilities: [], certain: false }))
    const plain = card('plain', { capabilities: ['completion'] })
    const embed = card('embed', { capabilities: ['embedding'], certain: false })
    const half = card('half', { capabilities: ['completion'], certain: false })

    test.each([
      ['of a server too old to say, is of all', old, ['a', 'b']],
      ['is of those that are uncertain', [plain, half, embed], ['half', 'embed']],
      ['is empty when all is certain', [plain], []],
    ])('%s', (_, known, names) => {
      const found = catalog({ cards: known })
      expect(found.listed().map(({ name }) => name)).toEqual(names)
      expect(found.hidden()).toHaveLength(known.length - names.length)
    })
  })

  test('that hides nothing explains nothing', () => {
    expect(explainHidden(catalog({ list: 'all' }).hidden())).toBe('')
  })

  test('that hides some says how many, why, and how to see them', () => {
    expect(explainHidden(catalog().hidden())).toBe(
      '3 hidden (1 without tools, 1 without chat, 1 of unknown abilities); they can be called by name, and catalog.list: "all" lists them',
    )
  })
})

describe('a name mistyped', () => {
  const aliases = { 'gpt-4o': 'native', gone: 'nope' }

  test.each([
    ['natve', 'native'],
    ['plian', 'plain'],
    ['natve:latest', 'native'],
    ['gpt-4', 'gpt-4o'],
    ['team/namespaced:v2', 'team/namespaced:v1'],
  ])('%s is told of %s', (name, near) => {
    expect(catalog({ aliases }).nearest(name)[0]).toBe(near)
  })

  test('is only told names that can be called', () => {
    expect(catalog({ aliases }).nearest('gon')).not.toContain('gone')
    const near = ['natve', 'plian', 'gpt-4', 'mixd:v1'].flatMap((name) =>
      catalog({ aliases }).nearest(name),
    )
    expect(near.length).toBeGreaterThan(3)
    expect(near.filter((name) => catalog({ aliases }).resolve(name) === undefined)).toEqual([])
  })
})

describe('A-11 a model that another machine runs', () => {
  const remote = [...cards, card('far:cloud', { remote: true })]
  const aliases = { farther: 'far:cloud' }

  test.each(['tools', 'chat', 'all'] as const)('is in no list: %s', (list) => {
    const found = catalog({ cards: remote, list })
    expect(found.listed()).toEqual(catalog({ list }).listed())
    expect(found.hidden().filter(({ why }) => why === 'remote')).toHaveLength(1)
  })

  test('is not even listed where there is no other, and not suggested', () => {
    const alone = catalog({ cards: remote.slice(-1), aliases })
    expect(alone.listed()).toEqual([])
    expect(alone.nearest('far:clod')).toEqual([])
    expect(alone.nearest('farthr')).toEqual([])
    // It is found, to be refused by its own reason.
    expect(alone.resolve('farther')?.remote).toBe(true)
  })

  test('is explained by itself', () => {
    expect(explainHidden(catalog({ cards: remote, list: 'all' }).hidden())).toBe(
      '1 refused, for another machine would run them; catalog.allowRemote lets them in',
    )
    expect(explainHidden(catalog({ cards: remote }).hidden())).toMatch(
      /^3 hidden \(.*\); they can be called by name, .*; 1 refused, /,
    )
  })

  test('is like any other where it is allowed', () => {
    const found = catalog({ cards: remote, aliases, allowRemote: true })
    expect(found.listed().at(-1)?.name).toBe('far:cloud')
    expect(found.nearest('farthr')).toContain('farther')
  })
})
