/** Several turns gathered: each for itself, by its index. */
import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import { SeveralCompletionsFold } from '../../src/chat/several-completions.ts'
import type { SeveralTurnsEvent } from '../../src/chat/several-turns.ts'
import { text } from '../support/chat-events.ts'

const finish: ChatEvent = { type: 'finish', reason: 'stop', usage: {} }
const failing: SeveralTurnsEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }
const said = (index: number, ...events: readonly ChatEvent[]): SeveralTurnsEvent => ({
  type: 'turn',
  index,
  said: events,
})

describe('SeveralCompletionsFold', () => {
  test('gives them by their index, whichever ended first, with the usage of all', () => {
    const fold = new SeveralCompletionsFold(2)
    const usage = { completionTokens: 5 }
    expect(fold.add([said(1, text('b'), finish)])).toBeNull()
    expect(fold.add([said(0, text('a'))])).toBeNull()
    expect(fold.add([said(0, finish), { type: 'finish', usage }])).toMatchObject({
      completions: [
        { passages: [{ type: 'text', pieces: ['a'] }] },
        { passages: [{ type: 'text', pieces: ['b'] }] },
      ],
      usage,
    })
  })

  test('part of an answer is no answer', () => {
    const fold = new SeveralCompletionsFold(2)
    fold.add([said(0, text('a'), finish)])
    expect(fold.add([said(1, text('b')), failing])).toEqual({ kind: 'upstream-truncated' })
  })

  test('R-24 all of them share the room of one', () => {
    const fold = new SeveralCompletionsFold(2, 200)
    expect(fold.add([said(0, text('x'.repeat(100)))])).toBeNull()
    expect(fold.add([said(1, text('x'.repeat(101)))])).toMatchObject({ kind: 'upstream-malformed' })
  })
})
