import { describe, expect, test } from 'vitest'
import { decodeTags } from '../../../src/dialects/ollama/tags.ts'
import { Failed } from '../../../src/failure.ts'
import { recording } from '../../support/recordings.ts'

const recorded = decodeTags(recording('catalog/tags').bytes.toString('utf8'))

describe('the recorded list', () => {
  test('keeps the order of the upstream', () => {
    expect(recorded.map(({ name }) => name)).toEqual([
      'generic-think:latest',
      'generic-tools:latest',
      'gptoss-like:latest',
      'qwen-tools:latest',
      'embed:latest',
      'native:latest',
      'oom:latest',
      'qwen-think:latest',
      'crash:latest',
      'plain:latest',
      'slow-load:latest',
      'small-window:latest',
      'vision:latest',
      'team/namespaced:v1',
    ])
  })

  test('says of a model all there is', () => {
    expect(recorded[0]).toEqual({
      name: 'generic-think:latest',
      digest: '731f6f15c9ec793a0fd86b3491df5bf098d5f90e6169e77af1fc380b03a3469f',
      size: 1089,
      modified: Date.UTC(2026, 10, 21, 13, 7, 28) / 1000,
      family: 'llama',
      parameterSize: '1B',
      quantization: 'F16',
      contextWindow: 32_768,
      remote: false,
      capabilities: new Set(['completion', 'tools', 'thinking']),
    })
  })

  test('does not know that native has tools', () => {
    const native = recorded.find(({ name }) => name === 'native:latest')
    expect(native?.capabilities).toEqual(new Set(['completion']))
  })
})

const unknown = {
  digest: '',
  size: 0,
  modified: 0,
  family: '',
  parameterSize: '',
  quantization: '',
  contextWindow: 0,
  remote: false,
  capabilities: new Set(),
}

describe('an entry', () => {
  test.each([
    ['with a name alone', { name: 'a:latest' }, {}],
    ['under `model` alone', { model: 'a:latest' }, {}],
    [
      'with a null in each field',
      { name: 'a:latest', size: null, modified_at: null, details: null, capabilities: null },
      {},
    ],
    [
      'with nonsense in each field',
      {
        name: 'a:latest',
        digest: 7,
        size: '1',
        modified_at: 'soon',
        details: [],
        capabilities: 'tools',
      },
      {},
    ],
    [
      'with half of its details',
      { name: 'a:latest', details: { family: 'llama', context_length: -1 } },
      { family: 'llama' },
    ],
    [
      'with words we do not know',
      { name: 'a:latest', capabilities: ['tools', 'telepathy', 3] },
      { capabilities: new Set(['tools']) },
    ],
    [
      'with a digest that names its algorithm',
      { name: 'a:latest', digest: 'sha256:ab' },
      { digest: 'ab' },
    ],
    ["with Go's zero time", { name: 'a:latest', modified_at: '0001-01-01T00:00:00Z' }, {}],
    [
      'with a local offset',
      { name: 'a:latest', modified_at: '2026-01-01T01:00:00.5+01:00' },
      { modified: Date.UTC(2026, 0, 1) / 1000 },
    ],
    [
      'of a cloud model',
      { name: 'a:latest', remote_model: 'a', remote_host: 'https://ollama.com:443', size: 344 },
      { size: 344, remote: true },
    ],
  ])('%s is kept', (_title, wire, facts) => {
    expect(decodeTags(JSON.stringify({ models: [wire] }))).toEqual([
      { ...unknown, name: 'a:latest', ...facts },
    ])
  })

  test.each([
    ['without a name', {}],
    ['with an empty name', { name: '', model: '' }],
    ['that is null', null],
    ['that is a string', 'a:latest'],
  ])('%s costs only itself', (_title, wire) => {
    const names = decodeTags(JSON.stringify({ models: [{ name: 'b' }, wire, { name: 'c' }] }))
    expect(names.map(({ name }) => name)).toEqual(['b', 'c'])
  })
})

describe('a list', () => {
  test('names each model once, where it came first', () => {
    const models = [{ name: 'a', size: 1 }, { name: 'b' }, { model: 'a', size: 2 }, { name: 'A' }]
    expect(decodeTags(JSON.stringify({ models })).map(({ name, size }) => [name, size])).toEqual([
      ['a', 1],
      ['b', 0],
      ['A', 0],
    ])
  })

  test.each([['{"models":null}'], ['{"models":[]}']])('may be empty: %s', (body) => {
    expect(decodeTags(body)).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '<html>It works!</html>'],
    ['JSON cut short', '{"models":[{"name":"a'],
    ['no object', '[]'],
    ['null', 'null'],
    ['an object of something else', '{"object":"list","data":[]}'],
    ['no list', '{"models":{}}'],
  ])('is refused when it is %s', (_title, body) => {
    expect(() => decodeTags(body)).toThrow(Failed)
    expect(() => decodeTags(body)).toThrow(
      expect.objectContaining({
        failure: {
          kind: 'upstream-malformed',
          message: expect.stringContaining('/api/tags'),
        },
      }),
    )
  })
})
