import { describe, expect, test } from 'vitest'
import {
  type CompletionRequest,
  decodeCompletionRequest,
} from '../../../src/dialects/openai/completion-request.ts'
import { Failed } from '../../../src/failure.ts'

const POLICY = { strict: false, allowLoadOptions: false }
const STRICT = { ...POLICY, strict: true }

const decoded = (fields: object, policy = POLICY): CompletionRequest =>
  decodeCompletionRequest({ model: 'm', prompt: 'a', ...fields }, policy)

const failureOf = (fields: object, policy = POLICY): unknown => {
  try {
    return decoded(fields, policy)
  } catch (error) {
    return error instanceof Failed ? error.failure : error
  }
}

test('the least request is one raw prompt, and nothing that nobody asked for', () => {
  expect(decoded({})).toEqual({
    request: { model: 'm', raw: true, sampling: {} },
    prompts: ['a'],
    echo: false,
    stream: false,
    includeUsage: false,
    ignored: [],
  })
})

describe('a prompt', () => {
  test.each([
    ['a text', 'hi', ['hi']],
    ['a blank', '\n', ['\n']],
    ['a list', ['a', 'b', 'a'], ['a', 'b', 'a']],
    ['any letters', '漢字 👩‍👦', ['漢字 👩‍👦']],
    [
      'a thousand texts',
      Array.from({ length: 1000 }, String),
      Array.from({ length: 1000 }, String),
    ],
  ])('is %s', (_, prompt, prompts) => {
    expect(decoded({ prompt }).prompts).toEqual(prompts)
  })

  test.each([
    ['missing', undefined, 'prompt', 'Missing'],
    ['null', null, 'prompt', 'Missing'],
    ['empty', '', 'prompt', 'not empty'],
    ['no texts', [], 'prompt', 'at least one'],
    ['an empty text among others', ['a', ''], 'prompt[1]', 'not empty'],
    ['a number', 7, 'prompt', 'expected a text'],
    ['null among others', ['a', null], 'prompt[1]', 'expected a text'],
    ['more texts than a thousand', Array.from({ length: 1001 }, String), 'prompt', 'at most 1000'],
    ['tokens', [1, 2, 3], 'prompt', 'another tokenizer'],
    ['lists of tokens', [[1, 2], [3]], 'prompt', 'another tokenizer'],
  ])('that is %s is refused by name', (_, prompt, param, words) => {
    expect(failureOf({ prompt })).toMatchObject({ param, message: expect.stringContaining(words) })
  })
})

describe('raw or templated', () => {
  test.each<[object, object]>([
    [{}, { raw: true }],
    [{ raw: null, suffix: '' }, { raw: true }],
    [{ raw: false }, { raw: false }],
    [{ suffix: '}' }, { raw: false, suffix: '}' }],
    [
      { suffix: '}', raw: false },
      { raw: false, suffix: '}' },
    ],
  ])('%j is %j', (fields, expected) => {
    expect(decoded(fields).request).toEqual({ model: 'm', sampling: {}, ...expected })
  })

  test('a raw prompt with a suffix is refused: only the template knows where it goes', () => {
    expect(failureOf({ raw: true, suffix: '}' })).toMatchObject({
      kind: 'invalid-request',
      param: 'suffix',
    })
  })

  test.each<[object, object, readonly string[]]>([
    [{ raw: false, reasoning_effort: 'high' }, { effort: 'high' }, []],
    [{ reasoning_effort: 'high' }, {}, ['reasoning_effort']],
    [{ suffix: '}', think: true }, {}, ['think']],
    [{ reasoning_effort: 'none' }, {}, []],
  ])('a model thinks only where its template has it think: %j', (fields, effort, ignored) => {
    const { request, ignored: told } = decoded(fields)
    expect({ ...(request.effort !== undefined && { effort: request.effort }) }).toEqual(effort)
    expect(told).toEqual(ignored)
    // Agents send one to whatever they talk to.
    expect(decoded(fields, STRICT).ignored).toEqual(ignored)
  })
})

describe('the other fields', () => {
  test('are those of a chat', () => {
    const { request, ...answer } = decoded({
      max_tokens: 5,
      temperature: 0,
      top_p: 0.5,
      seed: 1,
      stop: '\n',
      presence_penalty: 1,
      frequency_penalty: -1,
      top_k: 3,
      options: { typical_p: 0.5, num_gpu: 1 },
      keep_alive: '10m',
      logprobs: 5,
      format: 'json',
      stream: true,
      stream_options: { include_usage: true },
      reasoning_field: 'reasoning',
      user: 'me',
    })
    expect(request).toEqual({
      model: 'm',
      raw: true,
      sampling: {
        maxTokens: 5,
        temperature: 0,
        topP: 0.5,
        seed: 1,
        stop: ['\n'],
        presencePenalty: 1,
        frequencyPenalty: -1,
        topK: 3,
      },
      options: { typical_p: 0.5 },
      keepAlive: '10m',
      logprobs: { top: 5 },
      format: 'json',
    })
    expect(answer).toEqual({
      prompts: ['a'],
      echo: false,
      stream: true,
      includeUsage: true,
      reasoningField: 'reasoning',
      ignored: ['options.num_gpu'],
    })
  })

  test('log probabilities of the tokens alone are 0 of the others', () => {
    expect(decoded({ logprobs: 0 }).request).toMatchObject({ logprobs: { top: 0 } })
    expect(decoded({ logprobs: null }).request).not.toHaveProperty('logprobs')
  })

  test.each([
    [{ n: 1, best_of: 1, logit_bias: {}, echo: false }, []],
    [{ logit_bias: { 1: 1 } }, ['logit_bias']],
    [{ reasoning_field: 'think-tags' }, ['reasoning_field']],
    [{ num_ctx: 512 }, ['num_ctx']],
    [{ keep_alive: -1 }, ['keep_alive']],
    [{ odd: 1 }, ['odd']],
  ])('%j has no effect but %j, and is refused in strict mode', (fields, ignored) => {
    expect(decoded(fields).ignored).toEqual(ignored)
    const [param] = ignored
    const strict = param === undefined ? { ignored } : { kind: 'unsupported-parameter', param }
    expect(failureOf(fields, STRICT)).toMatchObject(strict)
  })

  test.each([
    ['model', { model: ' ' }, 'invalid-request'],
    ['suffix', { suffix: 7 }, 'invalid-request'],
    ['echo', { echo: 'yes' }, 'invalid-request'],
    ['logprobs', { logprobs: 6 }, 'invalid-request'],
    ['logprobs', { logprobs: true }, 'invalid-request'],
    ['logprobs', { logprobs: 0, echo: true }, 'unsupported-parameter'],
    ['max_tokens', { max_tokens: 0 }, 'invalid-request'],
    ['n', { n: 0 }, 'invalid-request'],
    ['n', { n: 2 }, 'unsupported-parameter'],
    ['best_of', { best_of: 2 }, 'unsupported-parameter'],
    ['raw', { raw: 1 }, 'invalid-request'],
    ['keep_alive', { keep_alive: 'soon' }, 'invalid-request'],
  ])('a wrong %s is refused by name: %j', (param, fields, kind) => {
    expect(failureOf(fields)).toMatchObject({ kind, param })
  })
})
