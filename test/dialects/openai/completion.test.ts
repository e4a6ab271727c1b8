import { describe, expect, test } from 'vitest'
import { CompletionFold, type Completion } from '../../../src/chat/completion.ts'
import type { ChatEvent, Logprob } from '../../../src/chat/event.ts'
import { encodeCompletion } from '../../../src/dialects/openai/completion.ts'
import type { ReasoningField } from '../../../src/dialects/openai/reasoning-field.ts'
import { fromOctets } from '../../../src/wire/octets.ts'
import { reasoning, text } from '../../support/chat-events.ts'

const finish: ChatEvent = { type: 'finish', reason: 'stop', usage: {} }

const folded = (...events: readonly ChatEvent[]): Completion => {
  const end = new CompletionFold().add([...events, finish])
  if (end === null || 'kind' in end) throw new Error('no completion')
  return end
}

const STAMP = { id: 'cmpl-1', created: 5, model: 'm' }
const USAGE = { promptTokens: 3, completionTokens: 2 }

const written = (
  completions: readonly Completion[],
  field: ReasoningField = 'reasoning_content',
  usage: object = USAGE,
): string => fromOctets(encodeCompletion({ completions, usage }, STAMP, field).join(''))

test('a whole answer, to the letter', () => {
  expect(written([folded(text('é"')), folded()])).toBe(
    '{"id":"cmpl-1","object":"text_completion","created":5,"model":"m","system_fingerprint":"fp_ollama","choices":[' +
      '{"text":"é\\"","index":0,"logprobs":null,"finish_reason":"stop"},' +
      '{"text":"","index":1,"logprobs":null,"finish_reason":"stop"}],' +
      '"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}',
  )
})

test('usage that is unknown is absent', () => {
  expect(JSON.parse(written([folded()], 'none', {}))).not.toHaveProperty('usage')
})

describe('reasoning', () => {
  const thought = folded(reasoning('a'), text('b'))

  test.each([
    ['reasoning_content', { text: 'b', reasoning_content: 'a' }],
    ['reasoning', { text: 'b', reasoning: 'a' }],
    ['none', { text: 'b' }],
    ['think-tags', { text: 'b', reasoning_content: 'a' }],
  ] as const)('as %s is never text', (field, choice) => {
    expect(JSON.parse(written([thought], field))).toMatchObject({
      choices: [{ index: 0, logprobs: null, finish_reason: 'stop', ...choice }],
    })
    expect(Object.keys(Object(JSON.parse(written([thought], field)).choices[0])).length).toBe(
      3 + Object.keys(choice).length,
    )
  })
})

const logprob = (token: string): Logprob => ({ token, logprob: -1, bytes: null, top: [] })

test('log probabilities are those of the text alone', () => {
  const scored = folded(reasoning('a', [logprob('a')]), text('b', [logprob('b')]))
  expect(JSON.parse(written([scored]))).toMatchObject({
    choices: [{ logprobs: { tokens: ['b'], text_offset: [0] } }],
  })
})
