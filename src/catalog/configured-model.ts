/** A model the operator describes in full → its ModelCard; nobody is asked. */
import type { Capability, Cost, ModelCard, Serving } from './model-card.ts'

/** One entry of an upstream's `models`, as the configuration gives it (product § 5). */
export type ConfiguredModel = {
  /** The upstream's name for it; listed and sent exactly so. */
  readonly id: string
  /** For people. */
  readonly name: string
  readonly reasoning: boolean
  readonly tools: boolean
  readonly input: readonly ('text' | 'image')[]
  /** Tokens. */
  readonly contextWindow: number
  /** Tokens. */
  readonly maxTokens: number
  readonly cost: Cost
  readonly params: Serving
}

/** The operator's word is the whole truth, so the card is certain. */
export const configuredCard = (model: ConfiguredModel): ModelCard => ({
  name: model.id,
  displayName: model.name,
  capabilities: capabilitiesOf(model),
  certain: true,
  // Whoever names it wants it served, wherever it runs.
  remote: false,
  contextWindow: model.contextWindow,
  maxTokens: model.maxTokens,
  servedWindow: Math.min(model.params.numCtx ?? model.contextWindow, model.contextWindow),
  loaded: false,
  modified: 0,
  digest: '',
  size: 0,
  family: '',
  parameterSize: '',
  quantization: '',
  parameterCount: 0,
  serving: model.params,
  cost: model.cost,
})

const capabilitiesOf = (model: ConfiguredModel): ReadonlySet<Capability> => {
  const capabilities = new Set<Capability>(['completion'])
  if (model.tools) capabilities.add('tools')
  if (model.reasoning) capabilities.add('thinking')
  if (model.input.includes('image')) capabilities.add('vision')
  return capabilities
}
