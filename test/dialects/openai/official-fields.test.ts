/** Every field of OpenAI's own request schema is honoured, reported, refused or known to ask for nothing here. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { decodeCompletionRequest } from '../../../src/dialects/openai/completion-request.ts'
import { decodeEmbeddingRequest } from '../../../src/dialects/openai/embedding-request.ts'
import { accepted, LENIENT, refused } from '../../support/chat-body.ts'

/** What becomes of a field: it changes the request or its answer, or a header names it, or it has no effect. */
type Fate = 'honoured' | 'ignored' | 'without effect'

const tools = [{ type: 'function', function: { name: 'f' } }]
const pick = { type: 'function', function: { name: 'f' } }

/** A value that asks for something, what it needs beside it, and what becomes of it. */
type Sample = readonly [value: unknown, fate: Fate, beside?: object]

const CHAT: Readonly<Record<string, Sample>> = {
  messages: [[{ role: 'user', content: 'Another.' }], 'honoured'],
  model: ['another', 'honoured'],
  audio: [{ voice: 'alloy', format: 'wav' }, 'ignored'],
  frequency_penalty: [0.5, 'honoured'],
  function_call: [{ name: 'f' }, 'honoured', { functions: [{ name: 'f' }] }],
  functions: [[{ name: 'f' }], 'honoured'],
  logit_bias: [{ '50256': -100 }, 'ignored'],
  logprobs: [true, 'honoured'],
  max_completion_tokens: [5, 'honoured'],
  max_tokens: [5, 'honoured'],
  metadata: [{ a: 'b' }, 'without effect'],
  modalities: [['text', 'audio'], 'ignored'],
  moderation: [{ model: 'omni' }, 'ignored'],
  parallel_tool_calls: [false, 'honoured', { tools }],
  prediction: [{ type: 'content', content: 'x' }, 'ignored'],
  presence_penalty: [0.5, 'honoured'],
  prompt_cache_key: ['k', 'without effect'],
  prompt_cache_options: [{ ttl: '1h' }, 'without effect'],
  prompt_cache_retention: ['24h', 'without effect'],
  reasoning_effort: ['low', 'honoured'],
  response_format: [{ type: 'json_object' }, 'honoured'],
  safety_identifier: ['s', 'without effect'],
  seed: [7, 'honoured'],
  service_tier: ['flex', 'without effect'],
  stop: ['.', 'honoured'],
  store: [true, 'without effect'],
  stream: [true, 'honoured'],
  'stream_options.include_obfuscation': [true, 'ignored'],
  'stream_options.include_usage': [true, 'honoured', { stream: true }],
  temperature: [0.5, 'honoured'],
  tool_choice: [pick, 'honoured', { tools }],
  tools: [tools, 'honoured'],
  top_logprobs: [2, 'honoured', { logprobs: true }],
  top_p: [0.5, 'honoured'],
  user: ['u', 'without effect'],
  verbosity: ['low', 'without effect'],
  web_search_options: [{ search_context_size: 'low' }, 'ignored'],
}

const COMPLETION: Readonly<Record<string, Sample>> = {
  model: ['another', 'honoured'],
  prompt: [['b', 'c'], 'honoured'],
  echo: [true, 'honoured'],
  frequency_penalty: [0.5, 'honoured'],
  logit_bias: [{ '50256': -100 }, 'ignored'],
  logprobs: [2, 'honoured'],
  max_tokens: [5, 'honoured'],
  presence_penalty: [0.5, 'honoured'],
  seed: [7, 'honoured'],
  stop: ['.', 'honoured'],
  stream: [true, 'honoured'],
  'stream_options.include_obfuscation': [true, 'ignored'],
  'stream_options.include_usage': [true, 'honoured', { stream: true }],
  suffix: ['}', 'honoured'],
  temperature: [0.5, 'honoured'],
  top_p: [0.5, 'honoured'],
  user: ['u', 'without effect'],
}

/** Held by the tests of choices. */
const ELSEWHERE = ['n']

/** Fields of an interface in the package's own types; of one that holds others, those. */
const fieldsOf = (file: string, name: string): readonly string[] => {
  const path = createRequire(import.meta.url).resolve(`openai/resources/${file}`)
  const source = readFileSync(path.replace(/\.m?js$/, '.d.ts'), 'utf8')
  const start = source.indexOf(`export interface ${name} {`)
  if (start === -1) throw new Error(`the openai package has no ${name} any more`)
  const body = source.slice(start, source.indexOf('\n}', start))
  return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, field = '']) => field)
}

const CHAT_FILE = 'chat/completions/completions'

test('no field of a chat is left out, and none is invented', () => {
  const own = fieldsOf(CHAT_FILE, 'ChatCompletionCreateParamsBase').filter(
    (field) => field !== 'stream_options',
  )
  const options = fieldsOf(CHAT_FILE, 'ChatCompletionStreamOptions')
  expect(own.length).toBeGreaterThan(30)
  expect([...Object.keys(CHAT), ...ELSEWHERE].toSorted()).toEqual(
    [...own, ...options.map((option) => `stream_options.${option}`)].toSorted(),
  )
})

/** `a.b` inside `a`. */
const fieldsWith = (field: string, value: unknown): object => {
  const [outer = '', inner] = field.split('.')
  return { [outer]: inner === undefined ? value : { [inner]: value } }
}

type Decode = (fields: object) => { readonly ignored: readonly string[] }

const fateOf = (field: string, [value, , beside = {}]: Sample, decode: Decode = accepted): Fate => {
  const { ignored, ...with_ } = decode({ ...beside, ...fieldsWith(field, value) })
  const { ignored: _none, ...without } = decode(beside)
  if (ignored.includes(field)) return 'ignored'
  return isDeepStrictEqual(with_, without) ? 'without effect' : 'honoured'
}

describe('of a chat', () => {
  test.each(Object.entries(CHAT))('%s', (field, sample) => {
    expect(fateOf(field, sample)).toBe(sample[1])
  })

  test.each(Object.entries(CHAT).filter(([, [, fate]]) => fate === 'ignored'))(
    '%s is refused by name where the operator wants that',
    (field, [value, , beside = {}]) => {
      const failure = refused(
        { ...beside, ...fieldsWith(field, value) },
        { ...LENIENT, strict: true },
      )
      expect(failure).toMatchObject({ kind: 'unsupported-parameter', param: field })
    },
  )

  test.each(Object.keys(CHAT).filter((field) => !['messages', 'model'].includes(field)))(
    '%s may be null, as SDKs send what is not set',
    (field) => {
      expect(accepted(fieldsWith(field, null)).ignored).toEqual([])
    },
  )
})

describe('of embeddings', () => {
  const least = { model: 'm', input: 'a' }
  const EMBEDDINGS: Readonly<Record<string, unknown>> = {
    input: ['b'],
    model: 'another',
    dimensions: 4,
    encoding_format: 'base64',
  }

  test('none is left out, and each but the user is honoured', () => {
    expect([...Object.keys(EMBEDDINGS), 'user'].toSorted()).toEqual(
      [...fieldsOf('embeddings', 'EmbeddingCreateParams')].toSorted(),
    )
    const plain = decodeEmbeddingRequest(least, LENIENT)
    for (const [field, value] of Object.entries(EMBEDDINGS)) {
      expect(decodeEmbeddingRequest({ ...least, [field]: value }, LENIENT)).not.toEqual(plain)
    }
    expect(decodeEmbeddingRequest({ ...least, user: 'u' }, LENIENT)).toEqual(plain)
  })
})

const decode = (fields: object) =>
  decodeCompletionRequest({ model: 'm', prompt: 'a', ...fields }, LENIENT)

describe('of text completions', () => {
  test('none is left out, and none is invented', () => {
    const own = fieldsOf('completions', 'CompletionCreateParamsBase').filter(
      (field) => field !== 'stream_options',
    )
    const options = fieldsOf(CHAT_FILE, 'ChatCompletionStreamOptions')
    expect([...Object.keys(COMPLETION), 'n', 'best_of'].toSorted()).toEqual(
      [...own, ...options.map((option) => `stream_options.${option}`)].toSorted(),
    )
  })

  test.each(Object.entries(COMPLETION))('%s', (field, sample) => {
    expect(fateOf(field, sample, decode)).toBe(sample[1])
  })

  test.each(['n', 'best_of'])('%s is refused above 1', (field) => {
    expect(decode({ [field]: 1 })).toEqual(decode({}))
    expect(() => decode({ [field]: 2 })).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ param: field }) }),
    )
  })

  test.each(Object.keys(COMPLETION).filter((field) => !['prompt', 'model'].includes(field)))(
    '%s may be null, as SDKs send what is not set',
    (field) => {
      expect(decode(fieldsWith(field, null)).ignored).toEqual([])
    },
  )
})
