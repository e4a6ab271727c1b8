import { expect, test } from 'vitest'
import { encodeUsage } from '../../../src/dialects/openai/usage.ts'

test('sums the two counts', () => {
  expect(encodeUsage({ promptTokens: 11, completionTokens: 18 })).toEqual({
    prompt_tokens: 11,
    completion_tokens: 18,
    total_tokens: 29,
  })
})

test('keeps a count of zero', () => {
  expect(encodeUsage({ promptTokens: 11, completionTokens: 0 })).toEqual({
    prompt_tokens: 11,
    completion_tokens: 0,
    total_tokens: 11,
  })
})

test.for([{}, { promptTokens: 11 }, { completionTokens: 18 }])(
  'makes up no count that is unknown: %j',
  (usage) => {
    expect(encodeUsage(usage)).toBeNull()
  },
)
