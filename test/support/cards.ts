/** Model cards for tests: say what matters, the rest is an ordinary model. */
import type { Capability, ModelCard } from '../../src/catalog/model-card.ts'

export type CardFacts = Partial<Omit<ModelCard, 'capabilities'>> & {
  readonly capabilities?: readonly Capability[]
}

/** A certain card of a chat model with tools and a window of 32768 tokens. */
export const card = (name: string, facts: CardFacts = {}): ModelCard => ({
  name,
  displayName: name,
  certain: true,
  remote: false,
  contextWindow: 32_768,
  maxTokens: 327_680,
  servedWindow: 32_768,
  loaded: false,
  modified: 1_795_266_448,
  digest: 'd'.repeat(64),
  size: 1089,
  family: 'llama',
  parameterSize: '1B',
  quantization: 'F16',
  parameterCount: 1_000_000_000,
  serving: { streaming: true, overflow: 'error' },
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  ...facts,
  capabilities: new Set(facts.capabilities ?? ['completion', 'tools']),
})
