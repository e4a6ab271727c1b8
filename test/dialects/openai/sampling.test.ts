import { describe, expect, test } from 'vitest'
import { faultOf, refused, requestOf } from '../../support/chat-body.ts'

describe('sampling', () => {
  test.each([
    [{}, {}],
    [{ max_tokens: 10 }, { maxTokens: 10 }],
    [{ max_completion_tokens: 20 }, { maxTokens: 20 }],
    [{ max_completion_tokens: 20, max_tokens: 10 }, { maxTokens: 20 }],
    [{ max_completion_tokens: null, max_tokens: 10 }, { maxTokens: 10 }],
    [{ temperature: 0 }, { temperature: 0 }],
    [{ temperature: 3.5 }, { temperature: 3.5 }],
    [{ top_p: 0.9 }, { topP: 0.9 }],
    [{ top_k: 40 }, { topK: 40 }],
    [{ min_p: 0.05 }, { minP: 0.05 }],
    [{ repeat_penalty: 1.1 }, { repeatPenalty: 1.1 }],
    [{ frequency_penalty: -2 }, { frequencyPenalty: -2 }],
    [{ presence_penalty: 2 }, { presencePenalty: 2 }],
    [{ seed: 0 }, { seed: 0 }],
    [{ seed: -1 }, { seed: -1 }],
    [{ seed: Number.MAX_SAFE_INTEGER }, { seed: Number.MAX_SAFE_INTEGER }],
    [{ stop: 'END' }, { stop: ['END'] }],
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, { stop: ['a', 'b', 'c', 'd', 'e'] }],
    [{ stop: ['', 'b'] }, { stop: ['b'] }],
    [{ stop: [] }, {}],
    [{ stop: '' }, {}],
  ])('of %j is %j, neither more nor clamped', (fields, sampling) => {
    expect(requestOf(fields).sampling).toEqual(sampling)
  })

  test.each([
    ['0.69999999999999996', 0.7],
    ['0.10000000000000001', 0.1],
    ['0.699999988079071044921875', 0.699999988079071],
    ['1.0000000000000000000', 1],
    ['1e-400', 0],
  ])('takes %s for the double next to it', (digits, value) => {
    const names = 'temperature top_p min_p repeat_penalty frequency_penalty presence_penalty'.split(
      ' ',
    )
    for (const name of names) {
      expect(Object.values(requestOf(`{"${name}":${digits}}`).sampling)).toEqual([value])
      expect(requestOf(`{"options":{"${name}":${digits}}}`).options).toEqual({ [name]: value })
    }
  })

  test.each([
    ['{"max_tokens":0}', 'expected at least 1.'],
    ['{"max_tokens":9007199254740992}', 'expected at most 9007199254740991.'],
    ['{"n":0}', 'expected at least 1.'],
    ['{"logprobs":true,"top_logprobs":21}', 'expected at most 20.'],
    ['{"top_k":3000000000}', 'expected at most 2147483647.'],
    ['{"top_k":-3000000000}', 'expected at least -2147483648.'],
    ['{"seed":9007199254740992}', 'expected at most 9007199254740991.'],
    ['{"seed":-9007199254740992}', 'expected at least -9007199254740991.'],
    ['{"num_ctx":0}', 'expected at least 1.'],
    ['{"options":{"num_ctx":0}}', 'expected at least 1.'],
    ['{"options":{"repeat_last_n":3e9}}', 'expected at most 2147483647.'],
  ])('out of bounds is told so in words of ours: %s', (wire, sentence) => {
    expect(refused(wire)).toMatchObject({ message: expect.stringMatching(`: ${sentence}$`) })
  })

  test.each([
    ['{"max_tokens":0}', 'invalid_value', 'max_tokens'],
    ['{"max_tokens":-1}', 'invalid_value', 'max_tokens'],
    ['{"max_tokens":1.5}', 'invalid_type', 'max_tokens'],
    ['{"max_tokens":"10"}', 'invalid_type', 'max_tokens'],
    ['{"max_completion_tokens":0}', 'invalid_value', 'max_completion_tokens'],
    ['{"temperature":"0"}', 'invalid_type', 'temperature'],
    ['{"temperature":[]}', 'invalid_type', 'temperature'],
    ['{"temperature":1e400}', 'invalid_value', 'temperature'],
    ['{"temperature":{"rawJSON":"1"}}', 'invalid_type', 'temperature'],
    ['{"temperature":1e39}', 'invalid_value', 'temperature'],
    ['{"top_p":true}', 'invalid_type', 'top_p'],
    ['{"top_k":1.5}', 'invalid_type', 'top_k'],
    ['{"top_k":3000000000}', 'invalid_value', 'top_k'],
    ['{"min_p":"0"}', 'invalid_type', 'min_p'],
    ['{"repeat_penalty":{}}', 'invalid_type', 'repeat_penalty'],
    ['{"frequency_penalty":"0"}', 'invalid_type', 'frequency_penalty'],
    ['{"presence_penalty":"0"}', 'invalid_type', 'presence_penalty'],
    ['{"seed":1.5}', 'invalid_type', 'seed'],
    ['{"seed":"7"}', 'invalid_type', 'seed'],
    ['{"seed":9007199254740992}', 'invalid_value', 'seed'],
    ['{"seed":9007199254740993}', 'invalid_type', 'seed'],
    ['{"stop":5}', 'invalid_type', 'stop'],
    ['{"stop":["a",5]}', 'invalid_type', 'stop[1]'],
    ['{"stop":{}}', 'invalid_type', 'stop'],
  ])('%s is refused as %s, naming %s', (wire, code, param) => {
    expect(faultOf(wire)).toEqual([code, param])
  })
})
