import { describe, expect, test } from 'vitest'
import { decodeShow, encodeShow } from '../../../src/dialects/ollama/show.ts'
import { Failed } from '../../../src/failure.ts'
import { recording } from '../../support/recordings.ts'

const show = (name: string) => decodeShow(recording(`catalog/show-${name}`).bytes.toString('utf8'))

describe('the recordings', () => {
  test.each([
    ['plain', ['completion']],
    ['generic-tools', ['completion', 'tools']],
    ['generic-think', ['completion', 'tools', 'thinking']],
    ['qwen-tools', ['completion', 'tools']],
    ['qwen-think', ['completion', 'tools', 'thinking']],
    ['gptoss-like', ['completion', 'tools', 'thinking']],
    ['native', ['completion', 'tools', 'thinking']],
    ['vision', ['completion', 'tools', 'vision', 'thinking']],
    ['small-window', ['completion', 'tools', 'thinking']],
    ['embed', ['embedding']],
    ['team-namespaced-v1', ['completion', 'tools', 'thinking']],
  ])('say what %s can do, and its window', (name, capabilities) => {
    const { contextWindow, ...rest } = show(name)
    expect(contextWindow).toBe(32_768)
    expect([...(rest.capabilities ?? [])]).toEqual(capabilities)
  })

  test('say the window that a Modelfile asks for', () => {
    expect(show('small-window').numCtx).toBe(64)
    expect(show('native').numCtx).toBe(0)
  })

  test('say family, size and quantization', () => {
    expect(show('gptoss-like')).toMatchObject({
      family: 'gptoss',
      parameterSize: '1B',
      quantization: 'F16',
      parameterCount: 0,
    })
  })
})

const nothing = {
  capabilities: undefined,
  contextWindow: 0,
  numCtx: 0,
  parameterCount: 0,
  family: '',
  parameterSize: '',
  quantization: '',
  remote: false,
}

describe('an answer', () => {
  test.each([
    ['of nothing', {}, {}],
    ['of nulls', { capabilities: null, details: null, model_info: null, parameters: null }, {}],
    ['of nonsense', { capabilities: {}, details: 'x', model_info: [], parameters: 4 }, {}],
    ['with an empty list of abilities', { capabilities: [] }, { capabilities: new Set() }],
    ['without an architecture', { model_info: { 'llama.context_length': 4096 } }, {}],
    [
      "with another architecture's window",
      { model_info: { 'general.architecture': 'gemma3', 'llama.context_length': 4096 } },
      {},
    ],
    [
      'with a window of nonsense',
      { model_info: { 'general.architecture': 'gemma3', 'gemma3.context_length': '131072' } },
      {},
    ],
    [
      'with token lists left out',
      {
        model_info: {
          'general.architecture': 'gemma3',
          'gemma3.context_length': 131_072,
          'general.parameter_count': 4_299_915_632,
          'tokenizer.ggml.tokens': null,
        },
      },
      { contextWindow: 131_072, parameterCount: 4_299_915_632 },
    ],
  ])('%s is read as far as it goes', (_title, body, facts) => {
    expect(decodeShow(JSON.stringify(body))).toEqual({ ...nothing, ...facts })
  })

  test.each(['', 'no', '[]', '"x"', 'null'])('that is no object is refused: %s', (body) => {
    expect(() => decodeShow(body)).toThrow(Failed)
  })
})

test('asks by name, quotes and all', () => {
  expect(encodeShow('team/na"me:v1')).toBe(String.raw`{"model":"team/na\"me:v1"}`)
})
