import { describe, expect, test } from 'vitest'
import { decodeModelCard, type Findings } from '../../../src/dialects/ollama/model-card.ts'
import type { Show } from '../../../src/dialects/ollama/show.ts'
import type { Tag } from '../../../src/dialects/ollama/tags.ts'

const tag: Tag = {
  name: 'a:latest',
  digest: 'ab',
  size: 10,
  modified: 20,
  family: 'llama',
  parameterSize: '1B',
  quantization: 'F16',
  contextWindow: 0,
  remote: false,
  capabilities: new Set(['completion']),
}

const show: Show = {
  capabilities: new Set(['completion', 'tools']),
  contextWindow: 32_768,
  numCtx: 0,
  parameterCount: 1_000,
  family: 'qwen3',
  parameterSize: '8B',
  quantization: 'Q4_K_M',
  remote: false,
}

const card = (findings: Partial<Findings> = {}) =>
  decodeModelCard({
    tag,
    show,
    loaded: undefined,
    serving: { streaming: true, overflow: 'error' },
    ...findings,
  })

const serving = (numCtx: number) => ({ streaming: true, overflow: 'error', numCtx }) as const

test('says all that was found', () => {
  expect(card()).toEqual({
    name: 'a:latest',
    displayName: 'a:latest',
    capabilities: new Set(['completion', 'tools']),
    certain: true,
    remote: false,
    contextWindow: 32_768,
    maxTokens: 327_680,
    servedWindow: 32_768,
    loaded: false,
    modified: 20,
    digest: 'ab',
    size: 10,
    family: 'qwen3',
    parameterSize: '8B',
    quantization: 'Q4_K_M',
    parameterCount: 1_000,
    serving: { streaming: true, overflow: 'error' },
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  })
})

test('is uncertain, and as the list says, while show has not answered', () => {
  expect(card({ show: undefined })).toMatchObject({
    capabilities: new Set(['completion']),
    certain: false,
    family: 'llama',
    parameterSize: '1B',
    quantization: 'F16',
    parameterCount: 0,
  })
})

test('is uncertain with a server too old to say what a model can do', () => {
  expect(card({ show: { ...show, capabilities: undefined } })).toMatchObject({
    capabilities: new Set(['completion']),
    certain: false,
    contextWindow: 32_768,
  })
})

describe('the windows', () => {
  test.each<[string, Partial<Findings>, number, number]>([
    ['of nobody', { show: undefined }, 8192, 8192],
    ['of the list alone', { show: undefined, tag: { ...tag, contextWindow: 4096 } }, 4096, 4096],
    ['of show, above the list', { tag: { ...tag, contextWindow: 4096 } }, 32_768, 32_768],
    ['of a Modelfile', { show: { ...show, numCtx: 64 } }, 32_768, 64],
    [
      'of memory, above the Modelfile',
      { show: { ...show, numCtx: 64 }, loaded: 4096 },
      32_768,
      4096,
    ],
    ['of memory that does not say', { show: { ...show, numCtx: 64 }, loaded: 0 }, 32_768, 64],
    [
      'of the operator, above all',
      { show: { ...show, numCtx: 64 }, loaded: 4096, serving: serving(2048) },
      32_768,
      2048,
    ],
    ['of an operator who asks too much', { serving: serving(65_536) }, 32_768, 32_768],
    ['of a memory beyond the model', { loaded: 65_536 }, 32_768, 32_768],
    ['of a Modelfile beyond the model', { show: { ...show, numCtx: 65_536 } }, 32_768, 32_768],
  ])('%s', (_title, findings, contextWindow, servedWindow) => {
    expect(card(findings)).toMatchObject({
      contextWindow,
      servedWindow,
      maxTokens: 10 * contextWindow,
    })
  })
})

test.each([
  [undefined, false],
  [0, true],
  [4096, true],
])('in memory with %s: loaded is %s', (loaded, is) => {
  expect(card({ loaded }).loaded).toBe(is)
})

describe('A-11 another machine runs it', () => {
  test.each<[what: string, findings: Partial<Findings>, is: boolean]>([
    ['as nobody says', {}, false],
    ['as the list says', { tag: { ...tag, remote: true } }, true],
    ['as show says', { show: { ...show, remote: true } }, true],
    ['as its tag says', { tag: { ...tag, name: 'a:cloud' } }, true],
    ['as the end of its tag says', { tag: { ...tag, name: 'a:120b-Cloud' } }, true],
    ['as its name does not say', { tag: { ...tag, name: 'cloud:latest' } }, false],
    ['as its tag does not say', { tag: { ...tag, name: 'a:cloudy' } }, false],
    ['as the list alone says', { tag: { ...tag, remote: true }, show: undefined }, true],
  ])('%s', (_title, findings, is) => {
    expect(card(findings).remote).toBe(is)
  })
})
