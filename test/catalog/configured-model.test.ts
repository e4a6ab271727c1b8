import { expect, test } from 'vitest'
import { configuredCard, type ConfiguredModel } from '../../src/catalog/configured-model.ts'

const model: ConfiguredModel = {
  id: 'gpt-oss:20b',
  name: 'GPT-OSS 20B',
  reasoning: false,
  tools: true,
  input: ['text'],
  contextWindow: 8192,
  maxTokens: 81_920,
  cost: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 },
  params: { streaming: false, overflow: 'error', keepAlive: '30m' },
}

test('says exactly what the operator said', () => {
  expect(configuredCard(model)).toMatchObject({
    name: 'gpt-oss:20b',
    displayName: 'GPT-OSS 20B',
    capabilities: new Set(['completion', 'tools']),
    certain: true,
    contextWindow: 8192,
    maxTokens: 81_920,
    servedWindow: 8192,
    cost: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 },
    serving: { streaming: false, overflow: 'error', keepAlive: '30m' },
  })
})

test.each<[Partial<ConfiguredModel>, readonly string[]]>([
  [{ tools: false }, ['completion']],
  [{ reasoning: true }, ['completion', 'tools', 'thinking']],
  [{ input: ['text', 'image'] }, ['completion', 'tools', 'vision']],
])('%j can do %j', (facts, capabilities) => {
  expect([...configuredCard({ ...model, ...facts }).capabilities]).toEqual(capabilities)
})

test.each([
  [4096, 4096],
  [16_384, 8192],
])('serves a window of %d as %d', (numCtx, servedWindow) => {
  const params = { ...model.params, numCtx }
  expect(configuredCard({ ...model, params })).toMatchObject({
    servedWindow,
    contextWindow: 8192,
    serving: { numCtx },
  })
})
