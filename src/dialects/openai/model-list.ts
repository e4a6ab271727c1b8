/** ModelCard → the records of `GET /v1/models`: one shape that serves every known client. */
import { mayChat, type ModelCard } from '../../catalog/model-card.ts'

export type ModelListOptions = {
  /** `effective` says the served window wherever the trained one would be said. */
  readonly context: 'trained' | 'effective'
  /** Whether Codex asks: its query has `client_version`. */
  readonly forCodex?: boolean
}

/** What one model is to a client. Every key is always there, and always of the same type. */
export type ModelRecord = ReturnType<typeof encodeModel>

/**
 * The whole list. Codex demands a top-level `models` and falls back to its own knowledge when that is
 * empty; other clients prefer `models` over `data`, so nobody else gets it.
 */
export const encodeModelList = (
  cards: readonly ModelCard[],
  { context, forCodex = false }: ModelListOptions,
) => ({
  object: 'list' as const,
  data: cards.map((card) => encodeModel(card, { context })),
  ...(forCodex ? { models: [] } : {}),
})

/**
 * One record. Two windows are told apart, as OpenRouter and LM Studio do: what the model was trained
 * for, and what it is served with now.
 *
 * There is no flat `max_tokens`: some clients read it as the context, others as the output limit. The
 * block `card` is the catalog entry of agents that keep their own (OpenClaw), under a neutral name.
 */
export const encodeModel = (card: ModelCard, { context }: ModelListOptions) => {
  const served = card.servedWindow
  const window = context === 'effective' ? served : card.contextWindow
  // Prompt and answer share the window that is served, so nothing beyond it can be budgeted.
  const output = Math.min(card.maxTokens, served)
  const abilities = abilitiesOf(card)
  const inputs = inputsOf(abilities)
  const outputs = outputsOf(abilities)
  return {
    id: card.name,
    object: 'model' as const,
    created: card.modified === 0 ? BEFORE_OLLAMA : card.modified,
    owned_by: ownerOf(card.name),
    type: 'model' as const,
    name: card.displayName,
    display_name: card.displayName,
    canonical_slug: card.name,
    description: describe(card, served),

    context_length: window,
    context_window: window,
    max_context_length: window,

    max_model_len: served,
    max_input_tokens: served,
    loaded_context_length: served,

    max_completion_tokens: output,
    max_output_tokens: output,
    top_provider: {
      context_length: served,
      max_completion_tokens: output,
      is_moderated: false,
    },

    architecture: {
      modality: `${inputs.join('+')}->${outputs.join('+')}`,
      input_modalities: inputs,
      output_modalities: outputs,
      tokenizer: card.family === '' ? 'Other' : card.family,
      instruct_type: null,
    },
    capabilities: {
      ...abilities,
      function_calling: abilities.tools,
      reasoning: abilities.thinking,
    },
    supported_parameters: parametersOf(abilities),
    pricing: pricesOf(card.cost),
    per_request_limits: null,
    default_parameters: null,
    meta: {
      n_ctx_train: window,
      n_ctx: served,
      size: card.size,
      n_params: card.parameterCount,
      quantization: card.quantization,
      family: card.family,
      digest: card.digest,
    },
    status: { value: card.loaded ? ('loaded' as const) : ('unloaded' as const) },
    card: {
      reasoning: abilities.thinking,
      input: inputs,
      contextWindow: window,
      maxTokens: context === 'effective' ? Math.min(card.maxTokens, 10 * served) : card.maxTokens,
      cost: { ...card.cost },
    },
  }
}

/** July 2023, Unix seconds: no model is older, and validators want a time above zero. */
const BEFORE_OLLAMA = 1_688_169_600

type Abilities = ReturnType<typeof abilitiesOf>

/**
 * What is not known is not denied where a denial does more harm: clients leave out models that cannot
 * chat or call tools, while a call that proves too much is refused upstream, in words. Vision, audio and
 * thinking are claimed only when known, for clients act on them unasked.
 */
const abilitiesOf = (card: ModelCard) => {
  const { capabilities } = card
  return {
    completion: capabilities.has('completion') || mayChat(card),
    tools: capabilities.has('tools') || mayChat(card),
    vision: capabilities.has('vision'),
    audio: capabilities.has('audio'),
    thinking: capabilities.has('thinking'),
    embedding: capabilities.has('embedding'),
    insert: capabilities.has('insert'),
  }
}

const inputsOf = ({ vision, audio }: Abilities): readonly string[] => [
  'text',
  ...(vision ? ['image'] : []),
  ...(audio ? ['audio'] : []),
]

const outputsOf = ({ embedding }: Abilities): readonly string[] =>
  embedding ? ['embeddings'] : ['text']

/** The namespace, which is whose the model is; `library` is Ollama's own. */
const ownerOf = (name: string): string => name.split('/').at(-2) ?? 'library'

const describe = ({ family, parameterSize, quantization }: ModelCard, served: number): string =>
  [
    ...[family, parameterSize, quantization].filter((fact) => fact !== ''),
    `${served} tokens of context`,
  ].join(', ')

/** What tolk honours with this model, by OpenAI's and OpenRouter's names. */
const parametersOf = ({ completion, tools, thinking }: Abilities): readonly string[] => [
  ...(completion ? CHAT_PARAMETERS : []),
  ...(tools ? TOOL_PARAMETERS : []),
  ...(thinking ? THINKING_PARAMETERS : []),
]

const CHAT_PARAMETERS = [
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'stop',
  'logprobs',
  'top_logprobs',
  'response_format',
  'structured_outputs',
]

const TOOL_PARAMETERS = ['tools', 'tool_choice', 'parallel_tool_calls']

const THINKING_PARAMETERS = ['reasoning', 'include_reasoning', 'reasoning_effort']

/** OpenRouter's price list: strings, per token or per call. */
const pricesOf = (cost: ModelCard['cost']) => ({
  prompt: perToken(cost.input),
  completion: perToken(cost.output),
  request: '0',
  image: '0',
  web_search: '0',
  internal_reasoning: '0',
  input_cache_read: perToken(cost.cacheRead),
  input_cache_write: perToken(cost.cacheWrite),
})

/** A price per million tokens as a plain decimal per token: `0.15` is `0.00000015`. */
const perToken = (perMillion: number): string =>
  (perMillion / 1_000_000).toFixed(12).replace(/0+$/, '').replace(/\.$/, '')
