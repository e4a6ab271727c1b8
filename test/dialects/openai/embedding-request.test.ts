import { describe, expect, test } from 'vitest'
import { decodeEmbeddingRequest } from '../../../src/dialects/openai/embedding-request.ts'
import { Failed } from '../../../src/failure.ts'

const POLICY = { strict: false, allowLoadOptions: false }

const failureOf = (body: unknown, policy = POLICY): unknown => {
  try {
    return decodeEmbeddingRequest(body, policy)
  } catch (error) {
    return error instanceof Failed ? error.failure : error
  }
}

describe('input', () => {
  test.each([
    ['a text', 'hi', ['hi']],
    ['a list', ['a', 'b', 'a'], ['a', 'b', 'a']],
    ['a blank', ' ', [' ']],
    ['any letters', '漢字 👩‍👦', ['漢字 👩‍👦']],
  ])('%s', (_, input, inputs) => {
    expect(decodeEmbeddingRequest({ model: 'e', input }, POLICY)).toEqual({
      request: { model: 'e', inputs },
      encoding: 'float',
      ignored: [],
    })
  })

  test.each([
    ['missing', undefined, 'input', 'Missing'],
    ['null', null, 'input', 'Missing'],
    ['an empty text', '', 'input', 'not empty'],
    ['no texts', [], 'input', 'at least one'],
    ['an empty text among others', ['a', ''], 'input[1]', 'not empty'],
    ['a number', 7, 'input', 'expected a text'],
    ['an object among others', ['a', {}], 'input[1]', 'expected a text'],
    ['null among others', [null], 'input[0]', 'expected a text'],
    ['tokens', [1, 2, 3], 'input', 'check_embedding_ctx_length'],
    ['lists of tokens', [[1, 2], [3]], 'input', 'check_embedding_ctx_length'],
  ])('that is %s is refused by name', (_, input, param, words) => {
    expect(failureOf({ model: 'e', ...(input !== undefined && { input }) })).toMatchObject({
      param,
      message: expect.stringContaining(words),
    })
  })
})

describe('the other fields', () => {
  test('dimensions, encoding_format and keep_alive are read', () => {
    const body = {
      model: 'e',
      input: 'a',
      dimensions: 4,
      encoding_format: 'base64',
      keep_alive: 600,
    }
    expect(decodeEmbeddingRequest(body, POLICY)).toEqual({
      request: { model: 'e', inputs: ['a'], dimensions: 4, keepAlive: 600 },
      encoding: 'base64',
      ignored: [],
    })
  })

  test('the window is the operator’s, unless he lets clients set it', () => {
    const body = { model: 'e', input: 'a', num_ctx: 512 }
    expect(decodeEmbeddingRequest(body, POLICY).ignored).toEqual(['num_ctx'])
    expect(
      decodeEmbeddingRequest(body, { ...POLICY, allowLoadOptions: true }).request,
    ).toMatchObject({
      numCtx: 512,
      askedAs: { numCtx: 'num_ctx' },
    })
  })

  test.each([
    [{ user: 'me' }, []],
    [{ truncate: false }, []],
    [{ truncate: true }, ['truncate']],
    [{ odd: 1 }, ['odd']],
    [{ keep_alive: 0 }, ['keep_alive']],
  ])('%j has no effect but %j', (more, ignored) => {
    expect(decodeEmbeddingRequest({ model: 'e', input: 'a', ...more }, POLICY).ignored).toEqual(
      ignored,
    )
  })

  test.each([
    ['model', { input: 'a' }],
    ['model', { model: ' ', input: 'a' }],
    ['dimensions', { model: 'e', input: 'a', dimensions: 0 }],
    ['dimensions', { model: 'e', input: 'a', dimensions: 1.5 }],
    ['encoding_format', { model: 'e', input: 'a', encoding_format: 'hex' }],
    ['keep_alive', { model: 'e', input: 'a', keep_alive: 'soon' }],
  ])('a wrong %s is refused by name', (param, body) => {
    expect(failureOf(body)).toMatchObject({ param })
  })

  test('what has no effect is refused in strict mode', () => {
    expect(
      failureOf({ model: 'e', input: 'a', odd: 1 }, { ...POLICY, strict: true }),
    ).toMatchObject({
      kind: 'unsupported-parameter',
      param: 'odd',
    })
  })
})
