import { expect, test } from 'vitest'
import { encodeFinishReason } from '../../../src/dialects/openai/finish-reason.ts'

test.for([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool-calls', 'tool_calls'],
] as const)('%s is said as %s', ([reason, word]) => {
  expect(encodeFinishReason(reason)).toBe(word)
})
