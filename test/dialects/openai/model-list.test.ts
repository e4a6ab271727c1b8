import { describe, expect, test } from 'vitest'
import { configuredCard } from '../../../src/catalog/configured-model.ts'
import { encodeModel, encodeModelList } from '../../../src/dialects/openai/model-list.ts'
import { card } from '../../support/cards.ts'

const trained = { context: 'trained' } as const

const rich = card('team/seer:v1', {
  displayName: 'Seer',
  capabilities: ['completion', 'tools', 'vision', 'audio', 'thinking'],
  servedWindow: 4096,
  loaded: true,
})

const cards = [
  rich,
  card('native:latest'),
  card('plain:latest', { capabilities: ['completion'] }),
  card('embed:latest', { capabilities: ['embedding'] }),
  card('quiet:latest', {
    capabilities: [],
    certain: false,
    digest: '',
    family: '',
    parameterSize: '',
    quantization: '',
    size: 0,
    modified: 0,
    parameterCount: 0,
  }),
  configuredCard({
    id: 'gpt-oss:20b',
    name: 'GPT-OSS 20B',
    reasoning: true,
    tools: true,
    input: ['text'],
    contextWindow: 8192,
    maxTokens: 4096,
    cost: { input: 0.15, output: 60, cacheRead: 0.001, cacheWrite: 0 },
    params: { streaming: true, overflow: 'error' },
  }),
]

test('is the whole record', () => {
  expect(encodeModel(rich, trained)).toEqual({
    id: 'team/seer:v1',
    object: 'model',
    created: 1_795_266_448,
    owned_by: 'team',
    type: 'model',
    name: 'Seer',
    display_name: 'Seer',
    canonical_slug: 'team/seer:v1',
    description: 'llama, 1B, F16, 4096 tokens of context',
    context_length: 32_768,
    context_window: 32_768,
    max_context_length: 32_768,
    max_model_len: 4096,
    max_input_tokens: 4096,
    loaded_context_length: 4096,
    max_completion_tokens: 4096,
    max_output_tokens: 4096,
    top_provider: { context_length: 4096, max_completion_tokens: 4096, is_moderated: false },
    architecture: {
      modality: 'text+image+audio->text',
      input_modalities: ['text', 'image', 'audio'],
      output_modalities: ['text'],
      tokenizer: 'llama',
      instruct_type: null,
    },
    capabilities: {
      completion: true,
      tools: true,
      vision: true,
      audio: true,
      thinking: true,
      embedding: false,
      insert: false,
      function_calling: true,
      reasoning: true,
    },
    supported_parameters: [
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
      'tools',
      'tool_choice',
      'parallel_tool_calls',
      'reasoning',
      'include_reasoning',
      'reasoning_effort',
    ],
    pricing: {
      prompt: '0',
      completion: '0',
      request: '0',
      image: '0',
      web_search: '0',
      internal_reasoning: '0',
      input_cache_read: '0',
      input_cache_write: '0',
    },
    per_request_limits: null,
    default_parameters: null,
    meta: {
      n_ctx_train: 32_768,
      n_ctx: 4096,
      size: 1089,
      n_params: 1_000_000_000,
      quantization: 'F16',
      family: 'llama',
      digest: 'd'.repeat(64),
    },
    status: { value: 'loaded' },
    card: {
      reasoning: true,
      input: ['text', 'image', 'audio'],
      contextWindow: 32_768,
      maxTokens: 327_680,
      cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    },
  })
})

/** Each path of a record with the type of what is there; lists count as one thing. */
const shapeOf = (value: unknown, path = ''): readonly string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => shapeOf(inner, `${path}.${key}`))
    : [`${path}: ${Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value}`]

describe('every record', () => {
  const shape = shapeOf(encodeModel(rich, trained))

  test.each(cards.map((each) => [each.name, each] as const))(
    'has the same keys and types: %s',
    (_name, each) => {
      expect(shapeOf(encodeModel(each, trained))).toEqual(shape)
      expect(shapeOf(JSON.parse(JSON.stringify(encodeModel(each, trained))))).toEqual(shape)
    },
  )

  test.each(cards.map((each) => [each.name, each] as const))(
    'keeps the four cautions: %s',
    (_name, each) => {
      const record = encodeModel(each, trained)
      expect(record).not.toHaveProperty('max_tokens')
      expect(Array.isArray(record.capabilities)).toBe(false)
      expect(record.created).toBeGreaterThan(0)
      expect(record.max_completion_tokens).toBeLessThanOrEqual(record.max_model_len)
      expect(record.max_model_len).toBeLessThanOrEqual(record.context_length)
    },
  )
})

test('says what each model takes and gives', () => {
  expect(
    cards.map((each) => {
      const { architecture, supported_parameters: parameters } = encodeModel(each, trained)
      return [each.name, architecture.modality, parameters.includes('tools')]
    }),
  ).toEqual([
    ['team/seer:v1', 'text+image+audio->text', true],
    ['native:latest', 'text->text', true],
    ['plain:latest', 'text->text', false],
    ['embed:latest', 'text->embeddings', false],
    ['quiet:latest', 'text->text', true],
    ['gpt-oss:20b', 'text->text', true],
  ])
})

test.each([
  [[], true],
  [['completion'], true],
  [['embedding'], false],
  [['image'], false],
] as const)(
  'of a model that is uncertain beyond %j, chat and tools are not denied: %s',
  (can, may) => {
    const record = encodeModel(card('m', { capabilities: [...can], certain: false }), trained)
    expect(record.capabilities).toMatchObject({
      completion: may,
      tools: may,
      function_calling: may,
      vision: false,
      thinking: false,
    })
    expect(record.supported_parameters.includes('tools')).toBe(may)
  },
)

test.each([
  ['native:latest', 'library'],
  ['team/seer:v1', 'team'],
  ['hf.co/user/model:Q4', 'user'],
])('says whose %s is: %s', (name, owner) => {
  expect(encodeModel(card(name), trained).owned_by).toBe(owner)
})

test('says a configured output budget and prices per token, without exponents', () => {
  const record = encodeModelList(cards, trained).data.at(-1)
  expect(record).toMatchObject({
    display_name: 'GPT-OSS 20B',
    max_completion_tokens: 4096,
    card: { maxTokens: 4096, cost: { input: 0.15, output: 60, cacheRead: 0.001, cacheWrite: 0 } },
    pricing: {
      prompt: '0.00000015',
      completion: '0.00006',
      input_cache_read: '0.000000001',
      input_cache_write: '0',
    },
  })
})

test('says the served window everywhere when that is what is configured', () => {
  expect(encodeModel(rich, { context: 'effective' })).toMatchObject({
    context_length: 4096,
    context_window: 4096,
    max_context_length: 4096,
    meta: { n_ctx_train: 4096, n_ctx: 4096 },
    card: { contextWindow: 4096, maxTokens: 40_960 },
  })
})

describe('the list', () => {
  test('holds the records in order', () => {
    const list = encodeModelList(cards, trained)
    expect(list.object).toBe('list')
    expect(list.data.map(({ id }) => id)).toEqual(cards.map(({ name }) => name))
  })

  test('is empty, not null, when there is nothing', () => {
    expect(encodeModelList([], trained)).toEqual({ object: 'list', data: [] })
  })

  test('has an empty `models` for a client that names its version, and for nobody else', () => {
    expect(encodeModelList([], { ...trained, forCodex: true })).toEqual({
      object: 'list',
      data: [],
      models: [],
    })
    expect(encodeModelList(cards, trained)).not.toHaveProperty('models')
  })
})
