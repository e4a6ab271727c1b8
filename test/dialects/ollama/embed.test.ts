import { describe, expect, test } from 'vitest'
import { decodeEmbedResponse, encodeEmbedRequest } from '../../../src/dialects/ollama/embed.ts'
import { Failed } from '../../../src/failure.ts'
import { recording } from '../../support/recordings.ts'

const failureOf = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error instanceof Failed ? error.failure : error
  }
}

const textOf = (name: string): string => recording(`embed/${name}`).bytes.toString('utf8')

describe('a request', () => {
  test('says what was asked for and nothing else, and has nothing cut', () => {
    const body = encodeEmbedRequest({ model: 'e', inputs: ['a', 'b'] }, 'embed:latest', {
      overflow: 'error',
    })
    expect(JSON.parse(body)).toEqual({ model: 'embed:latest', input: ['a', 'b'], truncate: false })
  })

  test('carries dimensions, options, window and keep_alive', () => {
    const request = {
      model: 'e',
      inputs: ['a'],
      dimensions: 4,
      options: { num_thread: 2 },
      numCtx: 512,
      keepAlive: '5m',
    }
    expect(JSON.parse(encodeEmbedRequest(request, 'e', { overflow: 'truncate' }))).toEqual({
      model: 'e',
      input: ['a'],
      truncate: true,
      dimensions: 4,
      options: { num_thread: 2, num_ctx: 512 },
      keep_alive: '5m',
    })
  })
})

describe('an answer', () => {
  test.each([
    ['one', 1, 8, 3],
    ['two', 2, 8, 4],
    ['dimensions', 1, 4, 1],
    ['not-embedding', 1, 8, 1],
  ])('%s: %i vectors of %i numbers, %i tokens', (name, count, size, promptTokens) => {
    const answer = decodeEmbedResponse(textOf(name), count)
    expect(answer.vectors.map((vector) => vector.length)).toEqual(
      Array.from({ length: count }, () => size),
    )
    expect(answer.promptTokens).toBe(promptTokens)
    // To the digit: the text of the numbers is the same again.
    expect(textOf(name)).toContain(JSON.stringify(answer.vectors))
  })

  test.each([
    ['none', textOf('empty'), 1],
    ['fewer than inputs', textOf('one'), 2],
    ['more than inputs', textOf('two'), 1],
    ['vectors of two lengths', '{"embeddings":[[1,2],[1]]}', 2],
    ['an empty vector', '{"embeddings":[[]]}', 1],
    ['a number that is none', '{"embeddings":[[1,null]]}', 1],
    ['no vectors', '{"model":"m"}', 1],
    ['no JSON', '<html>', 1],
  ])('with %s is malformed', (_, body, count) => {
    expect(failureOf(() => decodeEmbedResponse(body, count))).toMatchObject({
      kind: 'upstream-malformed',
    })
  })
})
