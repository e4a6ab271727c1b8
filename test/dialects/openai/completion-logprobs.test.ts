import { describe, expect, test } from 'vitest'
import type { Logprob } from '../../../src/chat/event.ts'
import { CompletionLogprobs } from '../../../src/dialects/openai/completion-logprobs.ts'

const logprob = (token: string, value: number, ...top: readonly [string, number][]): Logprob => ({
  token,
  logprob: value,
  bytes: null,
  top: top.map(([text, each]) => ({ token: text, logprob: each, bytes: null })),
})

const encoded = (...logprobs: readonly Logprob[]): unknown =>
  JSON.parse(new CompletionLogprobs().encode(logprobs))

describe('log probabilities', () => {
  test('are four lists, a token to a place', () => {
    expect(
      encoded(
        logprob('Hi', -0.25, ['Hi', -0.25], ['Ho', -1.5]),
        logprob(' you', -0.5, [' you', -0.5], [' me', -2]),
      ),
    ).toEqual({
      tokens: ['Hi', ' you'],
      token_logprobs: [-0.25, -0.5],
      top_logprobs: [
        { Hi: -0.25, Ho: -1.5 },
        { ' you': -0.5, ' me': -2 },
      ],
      text_offset: [0, 2],
    })
  })

  test('have the token alone where no alternatives were asked for, never null', () => {
    expect(encoded(logprob('a', -1))).toMatchObject({ top_logprobs: [{ a: -1 }] })
  })

  test('have the token itself, however unlikely it was', () => {
    expect(encoded(logprob('c', -9, ['a', -0.1], ['b', -1]))).toMatchObject({
      top_logprobs: [{ a: -0.1, b: -1, c: -9 }],
    })
  })

  test('have the likelier of two tokens that read alike', () => {
    expect(encoded(logprob('\ufffd', -1, ['\ufffd', -1], ['\ufffd', -3]))).toMatchObject({
      top_logprobs: [{ '\ufffd': -1 }],
    })
  })

  test('keep a token that is the name of something else', () => {
    const text = new CompletionLogprobs().encode([logprob('__proto__', -1, ['__proto__', -1])])
    expect(text).toContain('"top_logprobs":[{"__proto__":-1}]')
  })

  test('count places in code points, on from one time to the next', () => {
    const logprobs = new CompletionLogprobs()
    const offsets = [['👩‍👦', 'é'], ['漢'], ['a']].map((tokens) => {
      const written: unknown = JSON.parse(
        logprobs.encode(tokens.map((token) => logprob(token, -1))),
      )
      return written
    })
    expect(offsets).toMatchObject([
      { text_offset: [0, 3] },
      { text_offset: [4] },
      { text_offset: [5] },
    ])
  })
})
