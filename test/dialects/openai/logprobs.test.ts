import { expect, test } from 'vitest'
import { encodeLogprobs } from '../../../src/dialects/openai/logprobs.ts'

test('says each token with its bytes and its alternatives', () => {
  expect(
    encodeLogprobs([
      {
        token: 'Hi',
        logprob: -0.25,
        bytes: [72, 105],
        top: [{ token: 'Ho', logprob: -1.5, bytes: [72, 111] }],
      },
      { token: '<|end|>', logprob: -0.5, bytes: null, top: [] },
    ]),
  ).toEqual({
    content: [
      {
        token: 'Hi',
        logprob: -0.25,
        bytes: [72, 105],
        top_logprobs: [{ token: 'Ho', logprob: -1.5, bytes: [72, 111] }],
      },
      { token: '<|end|>', logprob: -0.5, bytes: null, top_logprobs: [] },
    ],
    refusal: null,
  })
})
