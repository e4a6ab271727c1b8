import { describe, expect, test } from 'vitest'
import type { ChatEvent, Logprob } from '../../../src/chat/event.ts'
import type { SeveralTurnsEvent } from '../../../src/chat/several-turns.ts'
import {
  CompletionChunkEncoder,
  type CompletionChunkOptions,
} from '../../../src/dialects/openai/completion-chunk.ts'
import { reasoning, text } from '../../support/chat-events.ts'

const encoder = (options: Partial<CompletionChunkOptions> = {}): CompletionChunkEncoder =>
  new CompletionChunkEncoder({
    stamp: { id: 'cmpl-1', created: 5, model: 'm"é' },
    reasoningField: 'reasoning_content',
    includeUsage: false,
    ...options,
  })

const HEAD =
  'data: {"id":"cmpl-1","object":"text_completion","created":5,"model":"m\\"Ã©","system_fingerprint":"fp_ollama","choices":['

const turn = (...said: readonly ChatEvent[]): SeveralTurnsEvent => ({
  type: 'turn',
  index: 0,
  said,
})
const second = (...said: readonly ChatEvent[]): SeveralTurnsEvent => ({
  type: 'turn',
  index: 1,
  said,
})
const stop: ChatEvent = { type: 'finish', reason: 'stop', usage: {} }
const cut: ChatEvent = { type: 'finish', reason: 'length', usage: {} }
const end: SeveralTurnsEvent = { type: 'finish', usage: { promptTokens: 3, completionTokens: 2 } }
const failure: SeveralTurnsEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }
const logprob: Logprob = { token: 'Hi', logprob: -1, bytes: null, top: [] }

test('a whole stream, to the letter', () => {
  expect(encoder().encode([turn(text('H"i')), turn(stop), end])).toBe(
    [
      `${HEAD}{"text":"H\\"i","index":0,"logprobs":null,"finish_reason":null}]}`,
      `${HEAD}{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}`,
      'data: [DONE]',
      '',
    ].join('\n\n'),
  )
})

test('usage when asked: its own chunk before the end, null on all others', () => {
  expect(encoder({ includeUsage: true }).encode([turn(text('Hi'), cut), end])).toBe(
    [
      `${HEAD}{"text":"Hi","index":0,"logprobs":null,"finish_reason":null}],"usage":null}`,
      `${HEAD}{"text":"","index":0,"logprobs":null,"finish_reason":"length"}],"usage":null}`,
      `${HEAD}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`,
      'data: [DONE]',
      '',
    ].join('\n\n'),
  )
})

test('each turn is a choice under its index, in whatever order they come', () => {
  expect(encoder().encode([second(text('b')), turn(text('a'), stop), second(cut), end])).toBe(
    [
      `${HEAD}{"text":"b","index":1,"logprobs":null,"finish_reason":null}]}`,
      `${HEAD}{"text":"a","index":0,"logprobs":null,"finish_reason":null}]}`,
      `${HEAD}{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}`,
      `${HEAD}{"text":"","index":1,"logprobs":null,"finish_reason":"length"}]}`,
      'data: [DONE]',
      '',
    ].join('\n\n'),
  )
})

test('a failure is the last word: an error, and no end', () => {
  const frames = encoder().encode([turn(text('a')), failure])
  expect(frames).toMatch(/\n\ndata: \{"error":\{"message":.*"upstream_stream_interrupted"\}\}\n\n$/)
  expect(frames).not.toContain('[DONE]')
})

describe('reasoning', () => {
  test.each([
    ['reasoning_content', 'reasoning_content'],
    ['reasoning', 'reasoning'],
    ['think-tags', 'reasoning_content'],
  ] as const)('stands beside an empty text: %s as %s', (reasoningField, name) => {
    expect(encoder({ reasoningField }).encode([turn(reasoning('é"'))])).toBe(
      `${HEAD}{"text":"","${name}":"Ã©\\"","index":0,"logprobs":null,"finish_reason":null}]}\n\n`,
    )
  })

  test('is left out where none is wanted', () => {
    expect(encoder({ reasoningField: 'none' }).encode([turn(reasoning('a'))])).toBe('')
  })

  test('has no log probabilities, for its tokens have no place in the text', () => {
    expect(encoder().encode([turn(reasoning('a', [logprob]))])).toContain('"logprobs":null')
  })
})

test('log probabilities go with their text, and each choice counts its places for itself', () => {
  const frames = encoder().encode([
    turn(text('Hi', [logprob])),
    second(text('Hi', [logprob])),
    turn({ ...stop, logprobs: [logprob] }),
  ])
  const LISTS = '"tokens":["Hi"],"token_logprobs":[-1],"top_logprobs":[{"Hi":-1}]'
  expect(frames).toBe(
    [
      `${HEAD}{"text":"Hi","index":0,"logprobs":{${LISTS},"text_offset":[0]},"finish_reason":null}]}`,
      `${HEAD}{"text":"Hi","index":1,"logprobs":{${LISTS},"text_offset":[0]},"finish_reason":null}]}`,
      `${HEAD}{"text":"","index":0,"logprobs":{${LISTS},"text_offset":[2]},"finish_reason":"stop"}]}`,
      '',
    ].join('\n\n'),
  )
})

test('a call is not said: none was offered', () => {
  const call: ChatEvent = { type: 'tool-call', id: 'a', name: 'f', arguments: '{}' }
  expect(encoder().encode([turn(call)])).toBe('')
})
