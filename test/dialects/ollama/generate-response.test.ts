import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/chat/event.ts'
import { ChatResponseDecoder } from '../../../src/dialects/ollama/chat-response.ts'
import { decodeError } from '../../../src/dialects/ollama/error.ts'
import { GENERATE, ofPrompt } from '../../../src/dialects/ollama/generate-response.ts'
import { reasoning, text } from '../../support/chat-events.ts'
import { everyWay } from '../../support/feed.ts'
import { recording } from '../../support/recordings.ts'

const eventsOf = (slices: readonly string[], maxLine = 1_000_000): readonly ChatEvent[] => {
  const decoder = new ChatResponseDecoder(maxLine, undefined, undefined, undefined, GENERATE)
  return [...slices.flatMap((slice) => decoder.feed(slice)), ...decoder.end()]
}

const octetsOf = (name: string): string => recording(`generate/${name}`).bytes.toString('latin1')

const finish = (reason: 'stop' | 'length', promptTokens: number, completionTokens: number) => ({
  type: 'finish',
  reason,
  usage: { promptTokens, completionTokens },
})

const HELLO = ['Hello', ' there,', ' how', ' are', ' you', ' today?'].map((word) => text(word))
const WORDS = Array.from({ length: 12 }, (_, index) =>
  text(`${index === 0 ? '' : ' '}word${index}`),
)

describe('the recording', () => {
  test.each<[string, readonly object[]]>([
    ['plain', [...HELLO, finish('stop', 5, 6)]],
    ['raw', [...HELLO, finish('stop', 3, 6)]],
    ['length', [...WORDS, text(' '), finish('length', 5, 13)]],
    [
      'think',
      [
        ...['The', ' user', ' greets', ' me.', ' I', ' should', ' greet', ' back.'].map((word) =>
          reasoning(word),
        ),
        ...['Hi!', ' Nice', ' to', ' meet', ' you.'].map((word) => text(word)),
        finish('stop', 5, 15),
      ],
    ],
    [
      'eof',
      [
        ...['This', ' stream', ' will', ' stop', ' wit'].map((word) => text(word)),
        { type: 'failure', failure: { kind: 'upstream-truncated' } },
      ],
    ],
  ])('%s is these events, however it is cut', (name, events) => {
    for (const { way, slices } of everyWay(octetsOf(name))) {
      expect({ way, events: eventsOf(slices) }).toEqual({ way, events })
    }
  })

  test.each<[string, object]>([
    ['missing', { kind: 'model-not-found', model: 'nope' }],
    [
      'suffix-unsupported',
      {
        kind: 'unsupported-by-model',
        ability: 'suffix',
        param: 'suffix',
        message: expect.stringMatching(/^The model 'nope' /),
      },
    ],
  ])('%s is a refusal', (name, failure) => {
    const { response, bytes } = recording(`generate/${name}`)
    expect(
      decodeError({ status: response.status, body: bytes.toString('utf8') }, 'nope'),
    ).toMatchObject(failure)
  })
})

const line = (fields: object): string => `${JSON.stringify({ model: 'm', ...fields })}\n`

describe('a line', () => {
  test('may say a thought and a text, with the log probabilities of both', () => {
    const logprobs = [{ token: 'a', logprob: -1, bytes: [97] }]
    expect(
      eventsOf([line({ response: 'a', thinking: 'b', done: true, done_reason: 'stop', logprobs })]),
    ).toEqual([
      reasoning('b', [{ token: 'a', logprob: -1, bytes: [97], top: [] }]),
      text('a'),
      { type: 'finish', reason: 'stop', usage: { completionTokens: 0 } },
    ])
  })

  test('may end with the tokens of a whole window', () => {
    const context = Array.from({ length: 262_144 }, (_, index) => index)
    const last = line({ response: '', done: true, done_reason: 'stop', context, eval_count: 1 })
    expect(eventsOf([last], 16 * 2 ** 20)).toEqual([
      { type: 'finish', reason: 'stop', usage: { completionTokens: 1 } },
    ])
  })

  test.each<[string, string, object]>([
    ['says nothing', line({ done: false }), { kind: 'upstream-malformed' }],
    ['says no text', line({ response: 7, done: false }), { kind: 'upstream-malformed' }],
    ['is no JSON', '<html>\n', { kind: 'upstream-malformed' }],
    ['is an error', '{"error":"went wrong"}\n', { kind: 'upstream-rejected', status: 502 }],
    [
      'is longer than allowed',
      line({ response: 'a'.repeat(1000) }),
      { kind: 'upstream-malformed' },
    ],
  ])('that %s is a failure, and the last word', (_, wrong, failure) => {
    expect(eventsOf([line({ response: 'a' }), wrong, line({ response: 'b' })], 500)).toEqual([
      text('a'),
      { type: 'failure', failure: expect.objectContaining(failure) },
    ])
  })
})

test('a prompt that is too long is refused as a prompt', () => {
  const { response, bytes } = recording('errors/overflow-native')
  const failure = decodeError({ status: response.status, body: bytes.toString('utf8') }, 'm')
  expect(ofPrompt(failure)).toMatchObject({
    kind: 'context-exceeded',
    param: 'prompt',
    message: expect.stringContaining('Shorten the prompt, or'),
  })
  expect(ofPrompt({ kind: 'draining' })).toEqual({ kind: 'draining' })
})
