import { describe, expect, test } from 'vitest'
import type { Completion } from '../../../src/chat/completion.ts'
import type { Logprob, ToolCall } from '../../../src/chat/event.ts'
import {
  encodeChatCompletion,
  encodeChatCompletions,
} from '../../../src/dialects/openai/chat-completion.ts'
import {
  REASONING_FIELDS,
  type ReasoningField,
} from '../../../src/dialects/openai/reasoning-field.ts'
import { toEscaped } from '../../../src/wire/escaped.ts'
import { fromOctets } from '../../../src/wire/octets.ts'
import { readCompletion } from '../../support/read-stream.ts'

const stamp = { id: 'chatcmpl-1', created: 5, model: 'm' }

/** What was said, written as one reads it. */
type Said = Partial<Completion> & { readonly reasoning?: string; readonly text?: string }

const said = ({ reasoning = '', text = '', ...completion }: Said): Completion => ({
  passages: [
    { type: 'reasoning' as const, pieces: [toEscaped(reasoning)] },
    { type: 'text' as const, pieces: [toEscaped(text)] },
  ].filter(({ pieces }) => pieces[0] !== ''),
  calls: [],
  reasoningLogprobs: [],
  logprobs: [],
  finish: {
    type: 'finish',
    reason: 'stop',
    usage: { promptTokens: 11, completionTokens: 18 },
  },
  ...completion,
})

const encoded = (completion: Said, field: ReasoningField = 'reasoning_content') =>
  readCompletion(fromOctets(encodeChatCompletion(said(completion), stamp, field).join('')))

const call: ToolCall = {
  type: 'tool-call',
  id: 'a',
  name: 'get_weather',
  arguments: '{ "id":9007199254740993 }',
}
const logprob = (token: string): Logprob => ({ token, logprob: -1, bytes: null, top: [] })

test('each block of reasoning has tags of its own, in its place, as in the stream', () => {
  const passages = [
    { type: 'reasoning', pieces: ['a', 'b'] },
    { type: 'text', pieces: ['x'] },
    { type: 'reasoning', pieces: ['again'] },
  ] as const
  const { choices } = encoded({ passages }, 'think-tags')
  expect(choices[0].message.content).toBe('<think>ab</think>x<think>again</think>')
})

test('a whole answer, to the letter', () => {
  expect(
    encodeChatCompletion(said({ reasoning: 'r', text: 't' }), stamp, 'reasoning_content').join(''),
  ).toBe(
    '{"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","system_fingerprint":"fp_ollama",' +
      '"choices":[{"index":0,"message":{"role":"assistant","content":"t","reasoning_content":"r","refusal":null},' +
      '"logprobs":null,"finish_reason":"stop"}],' +
      '"usage":{"prompt_tokens":11,"completion_tokens":18,"total_tokens":29}}',
  )
})

test('several completions are choices in their order, each as it would be alone', () => {
  const completions = [said({ reasoning: 'r', text: 't' }), said({ calls: [call] })]
  const usage = { promptTokens: 1, completionTokens: 2 }
  const all = encodeChatCompletions({ completions, usage }, stamp, 'reasoning_content').join('')
  const alone = completions.map(
    (completion) =>
      /"choices":\[(.*)\],"usage"/.exec(
        encodeChatCompletion(completion, stamp, 'reasoning_content').join(''),
      )?.[1] ?? '',
  )
  expect(all).toBe(
    '{"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","system_fingerprint":"fp_ollama",' +
      `"choices":[${alone[0]},${alone[1]?.replace('"index":0', '"index":1')}],` +
      '"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}',
  )
})

describe('the content', () => {
  test.for<readonly [string, Said, string | null]>([
    ['is the text', { text: 't' }, 't'],
    ['stands beside calls', { text: 't', calls: [call] }, 't'],
    ['is null when there are only calls', { calls: [call] }, null],
    ['is null when there are only calls and reasoning', { reasoning: 'r', calls: [call] }, null],
    ['is empty when nothing was said', {}, ''],
    ['is empty when there was only reasoning', { reasoning: 'r' }, ''],
    ['may be blank', { text: '\n' }, '\n'],
  ])('%s', ([, completion, content]) => {
    expect(encoded(completion).choices[0].message.content).toBe(content)
  })
})

describe('reasoning', () => {
  test.for([
    ['reasoning_content', { content: 't', reasoning_content: 'r' }],
    ['reasoning', { content: 't', reasoning: 'r' }],
    ['none', { content: 't' }],
    ['think-tags', { content: '<think>r</think>t' }],
  ] as const)('is given out as %s', ([field, message]) => {
    expect(encoded({ reasoning: 'r', text: 't' }, field).choices[0].message).toEqual({
      role: 'assistant',
      refusal: null,
      ...message,
    })
  })

  test.for(REASONING_FIELDS)('that was not there leaves no trace as %s', (field) => {
    expect(encoded({ text: 't' }, field).choices[0].message).toEqual({
      role: 'assistant',
      content: 't',
      refusal: null,
    })
  })
})

test('calls bring their ids and their arguments as they are, without an index', () => {
  const { message } = encoded({ calls: [call, { ...call, id: 'b', arguments: '{}' }] }).choices[0]
  expect(message.tool_calls).toEqual([
    {
      id: 'a',
      type: 'function',
      function: { name: 'get_weather', arguments: '{ "id":9007199254740993 }' },
    },
    { id: 'b', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
  ])
})

describe('log probabilities', () => {
  test.for([
    ['reasoning_content', ['r', 't']],
    ['reasoning', ['r', 't']],
    ['think-tags', ['r', 't']],
    ['none', ['t']],
  ] as const)('are those of what is shown: %s', ([field, shown]) => {
    const both = { text: 't', reasoningLogprobs: [logprob('r')], logprobs: [logprob('t')] }
    const { logprobs } = encoded(both, field).choices[0]
    expect(logprobs?.content.map(({ token }) => token)).toEqual(shown)
  })

  test('are null where there are none', () => {
    expect(encoded({ text: 't' }).choices[0].logprobs).toBeNull()
  })
})

test.for([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool-calls', 'tool_calls'],
] as const)('finishes with %s as %s', ([reason, word]) => {
  const finish = { type: 'finish', reason, usage: {} } as const
  expect(encoded({ finish }).choices[0].finish_reason).toBe(word)
})

test('leaves out usage that is unknown', () => {
  const finish = { type: 'finish', reason: 'stop', usage: { completionTokens: 3 } } as const
  expect(encoded({ finish })).not.toHaveProperty('usage')
})

describe('is UTF-8, a byte to a character', () => {
  const odd = 'é漢字👩‍👩‍👧‍👦'

  test.for<readonly [string, Said]>([
    ['the text', { text: odd }],
    ['the reasoning', { reasoning: odd }],
    ['a call', { calls: [{ ...call, name: odd }] }],
    ['a log probability', { logprobs: [logprob(odd)] }],
  ])('%s', ([, completion]) => {
    const pieces = encodeChatCompletion(said(completion), stamp, 'reasoning_content')
    expect(fromOctets(pieces.join(''))).toContain(odd)
  })

  test("a client's own model name", () => {
    const pieces = encodeChatCompletion(said({}), { ...stamp, model: odd }, 'none')
    expect(readCompletion(fromOctets(pieces.join(''))).model).toBe(odd)
  })
})
