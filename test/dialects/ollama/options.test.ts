import { describe, expect, test } from 'vitest'
import { encodeOptions } from '../../../src/dialects/ollama/options.ts'

describe('options for Ollama', () => {
  test('carry every kind of sampling under its own name', () => {
    const sampling = {
      maxTokens: 1,
      temperature: 0,
      topP: 0.2,
      topK: 3,
      minP: 0.4,
      repeatPenalty: 1.5,
      frequencyPenalty: 0.6,
      presencePenalty: 0.7,
      seed: 0,
      stop: ['a'],
    }
    expect(encodeOptions({ sampling })).toEqual({
      num_predict: 1,
      temperature: 0,
      top_p: 0.2,
      top_k: 3,
      min_p: 0.4,
      repeat_penalty: 1.5,
      frequency_penalty: 0.6,
      presence_penalty: 0.7,
      seed: 0,
      stop: ['a'],
    })
  })

  test('are absent when there is nothing to say', () => {
    expect(encodeOptions({ sampling: {} })).toBeUndefined()
    expect(encodeOptions({ sampling: {}, options: {} })).toBeUndefined()
  })

  test('put sampling over the options of the same name, and the window over both', () => {
    const options = { temperature: 1, num_keep: 4, num_ctx: 1 }
    expect(encodeOptions({ options, sampling: { temperature: 0 }, numCtx: 8192 })).toEqual({
      temperature: 0,
      num_keep: 4,
      num_ctx: 8192,
    })
  })
})
