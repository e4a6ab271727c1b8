import { describe, expect, test } from 'vitest'
import { servingOf } from '../../src/config/serving.ts'
import { load, problemsOf } from './world.ts'

const rules = [
  { pattern: '*', params: { keepAlive: '30m', numCtx: 8192 } },
  { pattern: 'gpt-oss:*', params: { streaming: false, numCtx: 32_768 } },
]

describe('how a model is served', () => {
  test.each([
    ['nothing is said', 'm:latest', [], {}, { streaming: true, overflow: 'error' }],
    [
      'one rule matches',
      'm:latest',
      rules,
      {},
      { streaming: true, overflow: 'error', keepAlive: '30m', numCtx: 8192 },
    ],
    [
      'two do: the later counts',
      'gpt-oss:20b',
      rules,
      {},
      { streaming: false, overflow: 'error', keepAlive: '30m', numCtx: 32_768 },
    ],
    [
      'its own entry speaks',
      'gpt-oss:20b',
      rules,
      { numCtx: 4096, overflow: 'truncate' as const },
      { streaming: false, overflow: 'truncate', keepAlive: '30m', numCtx: 4096 },
    ],
  ])('when %s', (_, name, given, own, expected) => {
    expect(servingOf(name, given, own)).toEqual(expected)
  })

  test('goes for a described model as for a discovered one', () => {
    const file = `{
      upstreams: { a: { models: [{ id: "gpt-oss:20b" }, { id: "x", params: { streaming: false } }] } },
      models: { params: { "gpt-oss:*": { numCtx: 4096 } } },
    }`
    const { config } = load({ file })
    expect(config.upstream.models?.map(({ params }) => params)).toEqual([
      { streaming: true, overflow: 'error', numCtx: 4096 },
      { streaming: false, overflow: 'error' },
    ])
    expect(servingOf('gpt-oss:120b', config.models.params).numCtx).toBe(4096)
  })

  test('goes by the upstream’s name too, as clients put it in front', () => {
    const file = `{
      upstreams: { lan: {} },
      models: { params: { "ollama/gpt-oss:20b": { numCtx: 1000 }, "LAN/llama3": { numCtx: 2000 }, "lan/*": { keepAlive: 3 } } },
    }`
    const { params } = load({ file }).config.models
    expect(servingOf('gpt-oss:20b', params)).toMatchObject({ numCtx: 1000, keepAlive: 3 })
    expect(servingOf('llama3:latest', params)).toMatchObject({ numCtx: 2000, keepAlive: 3 })
    expect(servingOf('gpt-oss:120b', params)).not.toHaveProperty('numCtx')
  })

  test('a model is described once', () => {
    const file = '{ upstreams: { a: { models: [{ id: "m" }, { id: "n" }, { id: "m" }] } } }'
    expect(problemsOf({ file })).toEqual([
      '`upstreams.a.models[2].id` in tolk.json5 is that of models[0] too; each model is listed once.',
    ])
  })

  test('a described model may be asked for ten windows unless it says otherwise', () => {
    const file = '{ upstreams: { a: { models: [{ id: "m", contextWindow: 1000 }] } } }'
    expect(load({ file }).config.upstream.models?.[0]).toMatchObject({
      name: 'm',
      maxTokens: 10_000,
    })
  })
})

describe('the model called default', () => {
  test('is the primary', () => {
    const file = '{ models: { default: { primary: "m" }, aliases: { a: "b" } } }'
    expect(load({ file }).config.models.aliases).toEqual({ a: 'b', default: 'm' })
  })

  test('cannot be two', () => {
    const file = '{ models: { default: { primary: "m" }, aliases: { default: "n" } } }'
    expect(() => load({ file })).toThrow(
      '`models.aliases.default` in tolk.json5 says another model than `models.default.primary`; leave one of them.',
    )
  })
})
