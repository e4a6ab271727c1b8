import { describe, expect, test } from 'vitest'
import { Continuation } from '../../src/chat/continuation.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import type { PromptRequest } from '../../src/chat/prompt.ts'
import { reasoning, text, textOf } from '../support/chat-events.ts'

const RAW: PromptRequest = { model: 'm', prompt: 'Once "', raw: true, sampling: {} }
const TEMPLATED: PromptRequest = { ...RAW, raw: false }
const GAP: PromptRequest = { ...TEMPLATED, suffix: '}' }

const finish: ChatEvent = { type: 'finish', reason: 'stop', usage: {} }
const failure: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }

const said = (
  request: PromptRequest,
  batches: readonly (readonly ChatEvent[])[],
  echo = false,
): readonly ChatEvent[] => {
  const continuation = new Continuation(request, echo)
  return batches.flatMap((batch) => continuation.order(batch))
}

describe('what a model says', () => {
  const TAGGED = [[text('\n')], [text('<think>'), text('a</think>')], [text('b')], [finish]]

  test.each([
    ['a raw prompt', RAW],
    ['a gap', GAP],
  ])('to %s is given letter by letter, at once', (_, request) => {
    const continuation = new Continuation(request, false)
    for (const batch of TAGGED) expect(continuation.order(batch)).toEqual(batch)
  })

  test('to a message has the order of a turn: a thought is none of its text', () => {
    const events = said(TEMPLATED, TAGGED)
    expect(textOf(events)).toBe('b')
    expect(events.filter(({ type }) => type === 'reasoning')).toEqual([reasoning('a')])
    expect(events.at(-1)).toEqual(finish)
  })

  test('to a message that wants JSON comes without its fence', () => {
    const fenced = [[text('```json\n{}\n```')], [finish]]
    expect(textOf(said({ ...TEMPLATED, format: 'json' }, fenced))).toBe('{}')
    expect(textOf(said(TEMPLATED, fenced))).toBe('```json\n{}\n```')
  })

  test('holds no call, for none was offered', () => {
    const call: ChatEvent = { type: 'tool-call', id: '', name: 'f', arguments: '{}' }
    expect(said(TEMPLATED, [[call, text('a'), finish]])).toEqual([text('a'), finish])
  })
})

describe('an echo', () => {
  test.each([
    ['raw', RAW],
    ['templated', TEMPLATED],
    ['gap', GAP],
  ])('is said once, before all else: %s', (_, request) => {
    expect(
      said(
        request,
        [
          [reasoning('a'), text('b')],
          [text('c'), finish],
        ],
        true,
      ),
    ).toEqual([text('Once "'), reasoning('a'), text('b'), text('c'), finish])
  })

  test('comes before an end without a word', () => {
    expect(said(RAW, [[finish]], true)).toEqual([text('Once "'), finish])
  })

  test('is not said of an answer that is none', () => {
    expect(said(RAW, [[], [failure]], true)).toEqual([failure])
  })
})
