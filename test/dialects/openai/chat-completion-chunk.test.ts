import { describe, expect, test } from 'vitest'
import type { ChatEvent, Finish, Logprob } from '../../../src/chat/event.ts'
import {
  ChunkEncoder,
  type ChunkOptions,
} from '../../../src/dialects/openai/chat-completion-chunk.ts'
import { fromOctets } from '../../../src/wire/octets.ts'
import { reasoning, text } from '../../support/chat-events.ts'
import { readStream, type Delta } from '../../support/read-stream.ts'

const encoderWith = (options: Partial<ChunkOptions> = {}): ChunkEncoder =>
  new ChunkEncoder({
    stamp: { id: 'chatcmpl-1', created: 5, model: 'm' },
    reasoningField: 'reasoning_content',
    includeUsage: false,
    ...options,
  })

const HEAD =
  'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m","system_fingerprint":"fp_ollama","choices":['

const thought = reasoning('Let me think.')
const hi = text('Hi')
const call = (id: string, args = '{"city":"Paris"}'): ChatEvent => ({
  type: 'tool-call',
  id,
  name: 'get_weather',
  arguments: args,
})
const finish: Finish = {
  type: 'finish',
  reason: 'stop',
  usage: { promptTokens: 11, completionTokens: 18 },
}
const failure: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }
const logprob: Logprob = { token: 'Hi', logprob: -1, bytes: [72, 105], top: [] }

const deltas = (
  events: readonly ChatEvent[],
  options: Partial<ChunkOptions> = {},
): readonly Delta[] =>
  readStream(encoderWith(options).encode(events)).choices.map(({ delta }) => delta)

test('a whole stream, to the letter', () => {
  expect(encoderWith().encode([thought, hi, call('a'), finish])).toBe(
    [
      `${HEAD}{"index":0,"delta":{"role":"assistant"},"logprobs":null,"finish_reason":null}]}`,
      `${HEAD}{"index":0,"delta":{"reasoning_content":"Let me think."},"logprobs":null,"finish_reason":null}]}`,
      `${HEAD}{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}]}`,
      `${HEAD}{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"get_weather","arguments":"{\\"city\\":\\"Paris\\"}"}}]},"logprobs":null,"finish_reason":null}]}`,
      `${HEAD}{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}`,
      'data: [DONE]',
      '',
    ].join('\n\n'),
  )
})

test('usage when asked: its own chunk before the end, null on all others', () => {
  expect(encoderWith({ includeUsage: true }).encode([hi, finish])).toBe(
    [
      `${HEAD}{"index":0,"delta":{"role":"assistant"},"logprobs":null,"finish_reason":null}],"usage":null}`,
      `${HEAD}{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null}],"usage":null}`,
      `${HEAD}{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}`,
      `${HEAD}],"usage":{"prompt_tokens":11,"completion_tokens":18,"total_tokens":29}}`,
      'data: [DONE]',
      '',
    ].join('\n\n'),
  )
})

test('usage that is unknown is null in the last chunk too', () => {
  const { chunks } = readStream(
    encoderWith({ includeUsage: true }).encode([{ ...finish, usage: { completionTokens: 1 } }]),
  )
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: null })
})

test('says the same in one batch and in many', () => {
  const events = [thought, hi, thought, call('a'), call('b'), hi, finish]
  for (const reasoningField of ['reasoning_content', 'reasoning', 'none', 'think-tags'] as const) {
    const encoder = encoderWith({ reasoningField })
    const frames = events.map((event) => encoder.encode([event])).join('')
    expect(frames).toBe(encoderWith({ reasoningField }).encode(events))
  }
})

describe('the role', () => {
  test.for([thought, hi, call('a'), finish])('is said before the first $type', (event) => {
    expect(deltas([event])[0]).toEqual({ role: 'assistant' })
  })

  test('is said once', () => {
    const said = deltas([hi, thought, call('a'), hi, finish])
    expect(said.filter((delta) => 'role' in delta)).toEqual([{ role: 'assistant' }])
  })

  test('is said when the model begins to think, also to those who are not shown it', () => {
    expect(deltas([thought], { reasoningField: 'none' })).toEqual([{ role: 'assistant' }])
  })

  test('is not said of a turn that fails at once', () => {
    expect(readStream(encoderWith().encode([failure])).chunks).toEqual([])
  })
})

describe('reasoning', () => {
  test.for([
    ['reasoning_content', [{ reasoning_content: 'Let me think.' }, { content: 'Hi' }]],
    ['reasoning', [{ reasoning: 'Let me think.' }, { content: 'Hi' }]],
    ['none', [{ content: 'Hi' }]],
    [
      'think-tags',
      [
        { content: '<think>' },
        { content: 'Let me think.' },
        { content: '</think>' },
        { content: 'Hi' },
      ],
    ],
  ] as const)('is given out as %s', ([reasoningField, expected]) => {
    expect(deltas([thought, hi, finish], { reasoningField })).toEqual([
      { role: 'assistant' },
      ...expected,
      {},
    ])
  })

  test('in tags is closed before whatever comes next', () => {
    for (const next of [call('a'), finish]) {
      const open = { content: '<think>' }
      const said = deltas([thought, thought, next], { reasoningField: 'think-tags' })
      expect(said.slice(1, 5)).toEqual([
        open,
        { content: 'Let me think.' },
        { content: 'Let me think.' },
        { content: '</think>' },
      ])
    }
  })

  test('in tags is opened again when the model thinks again', () => {
    expect(deltas([thought, hi, thought, finish], { reasoningField: 'think-tags' })).toEqual([
      { role: 'assistant' },
      { content: '<think>' },
      { content: 'Let me think.' },
      { content: '</think>' },
      { content: 'Hi' },
      { content: '<think>' },
      { content: 'Let me think.' },
      { content: '</think>' },
      {},
    ])
  })

  test('that is hidden hides its log probabilities', () => {
    const hidden: ChatEvent = reasoning('Hi', [logprob])
    const frames = encoderWith({ reasoningField: 'none' }).encode([hidden, hi, finish])
    expect(readStream(frames).choices.map((choice) => choice.logprobs)).toEqual([null, null, null])
  })
})

describe('calls', () => {
  test('are counted, and come one a chunk', () => {
    const calls = deltas([call('a'), hi, call('b'), call('c'), finish]).flatMap((delta) =>
      'tool_calls' in delta ? delta.tool_calls : [],
    )
    expect(calls.map(({ index, id }) => [index, id])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
  })

  test('bring their arguments as they are', () => {
    const args = '{ "id": 9007199254740993, "z":1,\r\n"a":"\\ud800 \\u2028" }'
    const [, delta] = deltas([call('a', args)])
    expect(delta).toMatchObject({ tool_calls: [{ function: { arguments: args } }] })
  })
})

describe('log probabilities', () => {
  const encoded = {
    content: [{ token: 'Hi', logprob: -1, bytes: [72, 105], top_logprobs: [] }],
    refusal: null,
  }

  const logprobs = [logprob]

  test.for<ChatEvent>([
    reasoning('Hi', logprobs),
    text('Hi', logprobs),
    { type: 'tool-call', id: 'a', name: 'f', arguments: '{}', logprobs },
    { ...finish, logprobs },
  ])('come with the chunk of their $type', (event) => {
    const frames = encoderWith().encode([event])
    expect(readStream(frames).choices.map((choice) => choice.logprobs)).toEqual([null, encoded])
  })
})

describe('a failure', () => {
  test('is an error event and the end: no finish reason, no [DONE]', () => {
    const { choices, error, isDone } = readStream(encoderWith().encode([hi, failure]))
    expect(choices.map(({ finish_reason: reason }) => reason)).toEqual([null, null])
    expect(error).toMatchObject({ type: 'server_error', code: 'upstream_stream_interrupted' })
    expect(isDone).toBe(false)
  })

  test('in the middle of tagged reasoning closes the tag', () => {
    expect(deltas([thought, failure], { reasoningField: 'think-tags' }).at(-1)).toEqual({
      content: '</think>',
    })
  })
})

test("text and a client's own model name may hold anything", () => {
  const odd = '\u2028\u2029\r\n\n"\\ data: [DONE]\n\n </script> \ud800 \0 👩‍👩‍👧‍👦'
  const stamp = { id: 'chatcmpl-1', created: 5, model: odd }
  const { chunks } = readStream(fromOctets(encoderWith({ stamp }).encode([text(odd), finish])))
  expect(chunks.map(({ model }) => model)).toEqual([odd, odd, odd])
  expect(chunks[1]).toMatchObject({ choices: [{ delta: { content: odd } }] })
})

describe('is UTF-8, a byte to a character', () => {
  const odd = 'é漢字👩‍👩‍👧‍👦'
  const token: Logprob = { token: odd, logprob: -1, bytes: null, top: [] }

  test.for<readonly [string, ChatEvent]>([
    ['text', text(odd)],
    ['reasoning', reasoning(odd)],
    ['the id of a call', call(odd)],
    ['the name of a call', { type: 'tool-call', id: 'a', name: odd, arguments: '{}' }],
    ['the arguments of a call', call('a', `{"${odd}":1}`)],
    ['the token of a log probability', text('a', [token])],
    ['its alternatives', { ...finish, logprobs: [{ ...logprob, top: [token] }] }],
    ['a failure', { type: 'failure', failure: { kind: 'upstream-malformed', message: odd } }],
  ])('%s', ([, event]) => {
    expect(fromOctets(encoderWith().encode([event]))).toContain(odd)
  })
})
