import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/chat/event.ts'
import { ChatResponseDecoder } from '../../../src/dialects/ollama/chat-response.ts'
import { toOctets } from '../../../src/wire/octets.ts'
import { reasoning, text } from '../../support/chat-events.ts'
import { everyWay } from '../../support/feed.ts'
import { chatRecordings } from '../../support/recordings.ts'

const MAX = 16 * 1024 * 1024

const decode = (slices: readonly string[], maxLineLength = MAX): readonly ChatEvent[] => {
  const decoder = new ChatResponseDecoder(maxLineLength)
  const events = slices.flatMap((slice) => decoder.feed(slice))
  return [...events, ...decoder.end()]
}

const lines = (...objects: readonly object[]): string =>
  toOctets(objects.map((object) => `${JSON.stringify(object)}\n`).join(''))

const said = (message: object, more: object = {}): object => ({
  model: 'm',
  created_at: '2026-08-21T10:00:00.1Z',
  message: { role: 'assistant', content: '', ...message },
  done: false,
  ...more,
})

const done = (more: object = {}): object =>
  said({}, { done: true, done_reason: 'stop', prompt_eval_count: 11, eval_count: 18, ...more })

const finish: ChatEvent = {
  type: 'finish',
  reason: 'stop',
  usage: { promptTokens: 11, completionTokens: 18 },
}
const truncated: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }
const malformed = (message: string): ChatEvent => ({
  type: 'failure',
  failure: { kind: 'upstream-malformed', message: `The upstream sent ${message}.` },
})
const call = (id: string, args: string, name = 'get_weather'): ChatEvent => ({
  type: 'tool-call',
  id,
  name,
  arguments: args,
})

const wireLogprob = (token: string) => ({
  token,
  logprob: -0.25,
  bytes: [1],
  top_logprobs: [{ token: 'alt', logprob: -1.75 }],
})
const logprob = (token: string) => ({
  token,
  logprob: -0.25,
  bytes: [1],
  top: [{ token: 'alt', logprob: -1.75, bytes: null }],
})

const many = (value: string): string => `[${Array<string>(150_000).fill(value).join()}]`

describe('what a line says', () => {
  test.for<{ what: string; line: object; events: readonly ChatEvent[] }>([
    {
      what: 'thinking is reasoning',
      line: said({ thinking: 'Let me' }),
      events: [reasoning('Let me')],
    },
    {
      what: 'content is text',
      line: said({ content: 'Hi' }),
      events: [text('Hi')],
    },
    {
      what: 'a blank is text',
      line: said({ content: '\n\n' }),
      events: [text('\n\n')],
    },
    { what: 'nothing is nothing', line: said({}), events: [] },
    {
      what: 'absent and null are nothing',
      line: said({ content: null, thinking: null, tool_calls: null }),
      events: [],
    },
    {
      what: 'reasoning comes before text, whatever the order of the keys',
      line: said({ content: 'Hi', thinking: ' see.' }),
      events: [reasoning(' see.'), text('Hi')],
    },
    {
      what: 'reasoning, text, calls, finish: all on the done line',
      line: {
        ...done(),
        message: {
          tool_calls: [
            { id: 'nat0', function: { index: 0, name: 'f', arguments: { city: 'Paris' } } },
            { id: 'nat1', function: { index: 1, name: 'g', arguments: {} } },
          ],
          content: 'c',
          thinking: 't',
        },
      },
      events: [
        reasoning('t'),
        text('c'),
        call('nat0', '{"city":"Paris"}', 'f'),
        call('nat1', '{}', 'g'),
        finish,
      ],
    },
    {
      what: 'a call may lack its id, and its arguments',
      line: said({
        tool_calls: [
          { function: { name: 'f' } },
          { id: null, function: { name: 'f', arguments: null } },
        ],
      }),
      events: [call('', '{}', 'f'), call('', '{}', 'f')],
    },
    {
      what: 'fields of other versions and of remote models are passed over',
      line: said({ content: 'a', refusal: 1, images: null }, { remote_model: 'x', context: [1] }),
      events: [text('a')],
    },
    {
      what: 'text may look like anything',
      line: said({ content: '</think> & \u2028 data: [DONE]\n\n' }),
      events: [text('</think> & \u2028 data: [DONE]\n\n')],
    },
  ])('$what', ({ line, events }) => {
    expect(new ChatResponseDecoder(MAX).feed(lines(line))).toEqual(events)
  })
})

describe('the arguments of a call', () => {
  test.for([
    '{"z":1,"a":2}',
    '{"id":9007199254740993,"x":1e400,"y":1.10}',
    '{ "city" : "Z\\u00fcrich" }',
    '{"text":"}]\\"\\\\ \\ud800"}',
    '{"a":{"arguments":{"b":[]}},"function":{"arguments":1}}',
  ])('are the very text: %s', (args) => {
    const line = `{"message":{"tool_calls":[{"function":{"arguments":{},"name":"f"}},{"id":"a","function":{"name":"f","arguments":${args}}}]},"done":false}\n`
    expect(new ChatResponseDecoder(MAX).feed(line)).toEqual([
      call('', '{}', 'f'),
      call('a', args, 'f'),
    ])
  })

  // Each call was looked for from the beginning of its line: the square of their number, 40 s for these.
  test('are each its own, for thousands of calls on one line', () => {
    const cities = Array.from({ length: 8000 }, (_, index) => `{"city":"city ${index}","days":3}`)
    const calls = cities.map((args) => `{"function":{"name":"get_weather","arguments":${args}}}`)
    const line = `{"message":{"tool_calls":[${calls.join(', ')}]},"done":true}\n`
    const events = new ChatResponseDecoder(MAX).feed(line)
    expect(events.slice(0, -1)).toEqual(cities.map((args) => call('', args)))
  })
})

describe('the done line', () => {
  test.for([
    [{ done_reason: 'length' }, { reason: 'length' }],
    [{ done_reason: 'load' }, { reason: 'stop' }],
    [{ done_reason: undefined }, { reason: 'stop' }],
    [{ done_reason: null }, { reason: 'stop' }],
    [{}, { usage: { promptTokens: 11, completionTokens: 18 } }],
    [{ prompt_eval_count: undefined }, { usage: { completionTokens: 18 } }],
    [{ eval_count: undefined }, { usage: { promptTokens: 11, completionTokens: 0 } }],
    [{ message: undefined }, { reason: 'stop' }],
    [{ message: null }, { reason: 'stop' }],
  ] as const)('with %j finishes with %j', ([more, finished]) => {
    const events = decode([lines({ ...done(), ...more })])
    expect(events).toEqual([expect.objectContaining({ type: 'finish', ...finished })])
  })

  test('does not know of unknown counts', () => {
    const [event] = decode([lines(done({ prompt_eval_count: undefined }))])
    expect(event).not.toHaveProperty('usage.promptTokens')
  })

  test.for([
    ['a second done line', lines(done())],
    ['content', lines(said({ content: 'late' }))],
    ['an error', lines({ error: 'late' })],
    ['what is no JSON', 'garbage\n{'],
    ['a line of megabytes', 'x'.repeat(2000)],
  ])('is the last word: after it %s is not read', ([, rest]) => {
    for (const { way, slices } of everyWay(`${lines(said({ content: 'a' }), done())}${rest}`)) {
      expect({ way, events: decode(slices, 1000) }).toEqual({
        way,
        events: [text('a'), finish],
      })
    }
  })
})

describe('log probabilities', () => {
  test('come with the first event of their line', () => {
    const line = said(
      { content: 'b', thinking: 'a' },
      { logprobs: [wireLogprob('a'), wireLogprob('b')] },
    )
    expect(new ChatResponseDecoder(MAX).feed(lines(line))).toEqual([
      reasoning('a', [logprob('a'), logprob('b')]),
      text('b'),
    ])
  })

  test('of lines that say nothing wait for one that does', () => {
    const decoder = new ChatResponseDecoder(MAX)
    expect(decoder.feed(lines(said({}, { logprobs: [wireLogprob('{')] })))).toEqual([])
    expect(decoder.feed(lines(said({}, { logprobs: [wireLogprob('}')] })))).toEqual([])
    expect(decoder.feed(lines(said({ content: 'a' }, { logprobs: [wireLogprob('a')] })))).toEqual([
      text('a', [logprob('{'), logprob('}'), logprob('a')]),
    ])
    expect(decoder.feed(lines(done()))).toEqual([finish])
  })

  test('that nothing comes after go with the finish', () => {
    expect(decode([lines(said({}, { logprobs: [wireLogprob('a')] }), done())])).toEqual([
      { ...finish, logprobs: [logprob('a')] },
    ])
  })

  test('are absent where none were asked for', () => {
    const [event] = decode([lines(said({ content: 'a' }), done())])
    expect(event).not.toHaveProperty('logprobs')
  })
})

describe('an answer that is not whole', () => {
  const half = lines(said({ content: 'a' }))
  const a = text('a')

  test.for<readonly [string, string, readonly ChatEvent[]]>([
    ['nothing at all', '', [truncated]],
    ['only blank lines', '\n\r\n  \n', [truncated]],
    ['no done line', half, [a, truncated]],
    ['half a line at the end', `${half}{"message":{"content":"b"`, [a, truncated]],
    ['half a done line', `${half}{"message":{"content":""},"done":tr`, [a, truncated]],
    ['stream:false with done:false', lines(said({ content: 'a' })).trim(), [a, truncated]],
    [
      'the all-zero object',
      '{"model":"","created_at":"0001-01-01T00:00:00Z","message":{"role":"","content":""},"done":false}\n',
      [truncated],
    ],
  ])('is a truncation: %s', ([, body, events]) => {
    for (const { way, slices } of everyWay(body)) {
      expect({ way, events: decode(slices) }).toEqual({ way, events })
    }
  })

  test.for<readonly [string, string, ChatEvent]>([
    ['a done line', JSON.stringify(done()), finish],
    [
      'an error',
      '{"StatusCode":402,"Status":"402 Payment Required","error":"no credit"}',
      {
        type: 'failure',
        failure: { kind: 'upstream-rejected', status: 402, message: 'no credit' },
      },
    ],
  ])('is whole all the same when only the last newline is missing: %s', ([, tail, last]) => {
    for (const { way, slices } of everyWay(half + tail)) {
      expect({ way, events: decode(slices) }).toEqual({ way, events: [a, last] })
    }
  })
})

describe('an error line', () => {
  test('is the last word', () => {
    const body = lines(
      said({ content: 'a' }),
      { error: 'an error was encountered while running the model: unexpected EOF' },
      said({ content: 'b' }),
      done(),
    )
    expect(decode([body])).toEqual([
      text('a'),
      { type: 'failure', failure: expect.objectContaining({ kind: 'model-failed' }) },
    ])
  })

  test('is one also beside a message', () => {
    expect(decode([lines(said({ content: 'a' }, { error: 'no' }))])).toEqual([
      { type: 'failure', failure: { kind: 'upstream-rejected', status: 502, message: 'no' } },
    ])
  })
})

describe('a line that is not as promised', () => {
  test.for<readonly [string, string]>([
    ['null', 'a line that is no chat response'],
    ['[]', 'a line that is no chat response'],
    ['"x"', 'a line that is no chat response'],
    ['7', 'a line that is no chat response'],
    ['{}', 'a line without a message'],
    ['{"done":false}', 'a line without a message'],
    ['{"message":"a"}', 'a line that is no chat response (message)'],
    ['{"message":{"content":5}}', 'a line that is no chat response (message.content)'],
    ['{"message":{"content":["a"]}}', 'a line that is no chat response (message.content)'],
    ['{"message":{"thinking":true}}', 'a line that is no chat response (message.thinking)'],
    ['{"message":{"tool_calls":{}}}', 'a line that is no chat response (message.tool_calls)'],
    [
      '{"message":{"tool_calls":[{}]}}',
      'a line that is no chat response (message.tool_calls[0].function)',
    ],
    [
      '{"message":{"tool_calls":[{"function":{"name":""}}]}}',
      'a line that is no chat response (message.tool_calls[0].function.name)',
    ],
    [
      '{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}',
      'a line that is no chat response (message.tool_calls[0].function.arguments)',
    ],
    ['{"message":{},"done":"yes"}', 'a line that is no chat response (done)'],
    ['{"message":{},"done":true,"eval_count":"1"}', 'a line that is no chat response (eval_count)'],
    [
      '{"message":{},"logprobs":[{"token":1}]}',
      'a line that is no chat response (logprobs[0].token)',
    ],
    ['<html>', 'a line that is not JSON'],
    ['data: {"message":{}}', 'a line that is not JSON'],
    ['{"message":{}}}', 'a line that is not JSON'],
  ])('%s: the last word says so', ([line, what]) => {
    const body = `${lines(said({ content: 'a' }))}${line}\n${lines(done())}`
    expect(decode([body])).toEqual([text('a'), malformed(what)])
  })

  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

  test.for<readonly [string, string]>([
    ['an error nested deeper than the stack', `{"error":${deep}}`],
    ['arguments nested deeper than the stack', `{"message":{"tool_calls":${deep}}}`],
    ['a hundred thousand wrong calls', `{"message":{"tool_calls":${many('1')}}}`],
    [
      'a hundred thousand wrong bytes',
      `{"message":{},"logprobs":[{"token":"","logprob":0,"bytes":${many('""')}}]}`,
    ],
  ])('is a failure and no accident: %s', ([, line]) => {
    expect(decode([`${line}\n`])).toEqual([expect.objectContaining({ type: 'failure' })])
  })
})

describe('the longest line', () => {
  const content = 'x'.repeat(1000)
  const line = lines(said({ content }))

  test.for([
    [line.length - 1, [text(content), finish]],
    [line.length - 2, [malformed('a line longer than the limit')]],
  ] as const)('of %i characters', ([max, events]) => {
    for (const { way, slices } of everyWay(`${line}${lines(done())}`, 3)) {
      expect({ way, events: decode(slices, max) }).toEqual({ way, events })
    }
  })

  test('may be megabytes', () => {
    const long = '語\n'.repeat(2_000_000)
    const body = lines(said({ content: long }), done())
    const slices = Array.from({ length: Math.ceil(body.length / 65_536) }, (_, index) =>
      body.slice(index * 65_536, (index + 1) * 65_536),
    )
    expect(decode(slices)).toEqual([text(long), finish])
  })
})

describe('framing', () => {
  test.for([
    ['CRLF', (body: string) => body.replaceAll('\n', '\r\n')],
    ['blank lines', (body: string) => body.replaceAll('\n', '\n\n \n')],
    ['leading spaces', (body: string) => body.replaceAll(/^/gm, '  ')],
    ['a byte order mark', (body: string) => `${toOctets('\uFEFF')}${body}`],
    ['no last newline', (body: string) => body.trimEnd()],
  ] as const)('tolerates %s', ([, changed]) => {
    const body = lines(said({ thinking: 'a' }), said({ content: 'b' }), done())
    for (const { way, slices } of everyWay(changed(body))) {
      expect({ way, events: decode(slices) }).toEqual({
        way,
        events: [reasoning('a'), text('b'), finish],
      })
    }
  })

  test('tolerates a byte order mark on an answer of one line that lacks its newline', () => {
    expect(decode([`${toOctets('\uFEFF')}${JSON.stringify(done())}`])).toEqual([finish])
  })

  test('counts records: lines that hold something, up to the last word', () => {
    const decoder = new ChatResponseDecoder(MAX)
    expect(decoder.records).toBe(0)
    decoder.feed(`\n${lines(said({}))}\n{"message":`)
    expect(decoder.records).toBe(1)
    decoder.feed(`{}}\n${lines(done(), done())}`)
    expect(decoder.records).toBe(3)
  })
})

describe('every recording', () => {
  const streams = chatRecordings().filter(({ response }) => response.status === 200)

  test.for(streams)('$name says the same however it is cut', ({ bytes }) => {
    const body = bytes.toString('utf8')
    const events = decode([body])
    for (const { way, slices } of everyWay(body, 3)) {
      expect({ way, events: decode(slices) }).toEqual({ way, events })
    }
  })

  test.for(streams)('$name has exactly one last word', ({ bytes }) => {
    const kinds = decode([bytes.toString('utf8')]).map(({ type }) => type)
    const last = kinds.findIndex((type) => type === 'finish' || type === 'failure')
    expect(last).toBe(kinds.length - 1)
  })
})
