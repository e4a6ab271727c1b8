/** Several choices as one exchange: side by side as far as there is room, and all of them or none. */
import { describe, expect, test, vi } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import type { SeveralTurnsEvent } from '../../src/chat/several-turns.ts'
import type { Place } from '../../src/server/admission.ts'
import { Choices } from '../../src/server/choices.ts'
import type { RequestRecord } from '../../src/server/request-record.ts'
import type { Listener } from '../../src/upstream/upstream.ts'
import { text } from '../support/chat-events.ts'

const finish: ChatEvent = {
  type: 'finish',
  reason: 'stop',
  usage: { promptTokens: 9, completionTokens: 2 },
}
const failing: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }

/** @param free how many places there are beside the request's own. */
const start = (count: number, free: number, first: readonly ChatEvent[] = []) => {
  const heard: SeveralTurnsEvent[] = []
  const upstream: { index: number; listener: Listener; done: string[] }[] = []
  let room = free
  const onAllBegun = vi.fn<() => void>()
  const record: Pick<RequestRecord, 'usage' | 'finishReason'> = {}
  const choices = new Choices({
    count,
    record,
    listener: { events: (batch) => void heard.push(...batch) },
    begin: (index, listener) => {
      const done: string[] = []
      upstream.push({ index, listener, done })
      if (index === 0 && first.length > 0) listener.events(first)
      return {
        pause: () => void done.push('pause'),
        resume: () => void done.push('resume'),
        abort: () => void done.push('abort'),
      }
    },
    another: (): Place | undefined => {
      if (room === 0) return undefined
      room--
      let isHeld = true
      return {
        wait: undefined,
        waitedMs: 0,
        get isHeld() {
          return isHeld
        },
        leave: () => {
          if (isHeld) room++
          isHeld = false
        },
      }
    },
    onAllBegun,
  })
  choices.start()
  const hear = (index: number, ...batch: readonly ChatEvent[]): void =>
    upstream.find((each) => each.index === index)?.listener.events(batch)
  return {
    choices,
    heard,
    record,
    hear,
    onAllBegun,
    /** What was done to the exchange of each that was begun. */
    done: () => upstream.map((each) => each.done),
    begun: () => upstream.map(({ index }) => index),
    free: () => room,
  }
}

describe('Choices', () => {
  test('run side by side where there is room, and give their places back as they end', () => {
    const { begun, free, hear, heard, onAllBegun } = start(3, 5)
    expect(begun()).toEqual([0, 1, 2])
    expect(free()).toBe(3)
    expect(onAllBegun).toHaveBeenCalledTimes(1)
    hear(2, finish)
    expect(free()).toBe(4)
    hear(0, text('a'), finish)
    // The request's own place is not theirs to give.
    expect(free()).toBe(4)
    hear(1, finish)
    expect(free()).toBe(5)
    expect(heard.at(-1)).toEqual({
      type: 'finish',
      usage: { promptTokens: 9, completionTokens: 6 },
    })
  })

  test('follow one another where there is none', () => {
    const { begun, hear, heard, onAllBegun } = start(3, 0)
    expect(begun()).toEqual([0])
    hear(0, finish)
    expect(begun()).toEqual([0, 1])
    expect(onAllBegun).not.toHaveBeenCalled()
    hear(1, finish)
    expect(begun()).toEqual([0, 1, 2])
    expect(onAllBegun).toHaveBeenCalledTimes(1)
    expect(heard.at(-1)?.type).toBe('turn')
    hear(2, finish)
    expect(heard.at(-1)?.type).toBe('finish')
  })

  test('a place goes from one to the next, and back behind the last', () => {
    const { begun, hear, free } = start(4, 1)
    expect(begun()).toEqual([0, 1])
    hear(1, finish)
    expect([begun(), free()]).toEqual([[0, 1, 2], 0])
    hear(2, finish)
    expect([begun(), free()]).toEqual([[0, 1, 2, 3], 0])
    hear(3, finish)
    expect(free()).toBe(1)
  })

  test('the failure of one ends all, begins no more, and is said once', () => {
    const { begun, done, hear, heard, free, onAllBegun } = start(4, 2)
    hear(1, text('b'), failing)
    expect(done()).toEqual([['abort'], ['abort'], ['abort']])
    expect(begun()).toEqual([0, 1, 2])
    expect(free()).toBe(2)
    expect(onAllBegun).toHaveBeenCalledTimes(1)
    hear(0, text('a'))
    hear(2, failing)
    expect(heard).toEqual([{ type: 'turn', index: 1, said: [text('b')] }, failing])
  })

  test('one that fails while it begins is aborted too, and the others never begin', () => {
    const { begun, done, heard, free } = start(3, 2, [failing])
    expect(begun()).toEqual([0])
    expect(done()).toEqual([['abort']])
    expect(heard).toEqual([failing])
    expect(free()).toBe(2)
  })

  test('leaving ends all, once, and nothing is said after it', () => {
    const { choices, done, hear, heard, free, onAllBegun } = start(3, 1)
    choices.abort()
    choices.abort()
    hear(0, finish)
    expect(done()).toEqual([['abort'], ['abort']])
    expect(heard).toEqual([])
    expect(free()).toBe(1)
    expect(onAllBegun).toHaveBeenCalledTimes(1)
  })

  test('one that left before anything began asks for nothing', () => {
    const onAllBegun = vi.fn<() => void>()
    const never = vi.fn<() => never>()
    const left = new Choices({
      count: 2,
      record: {},
      listener: { events: () => {} },
      begin: never,
      another: never,
      onAllBegun,
    })
    left.abort()
    left.start()
    expect(never).not.toHaveBeenCalled()
    expect(onAllBegun).toHaveBeenCalledTimes(1)
  })

  test('a full socket holds all of them up, and whoever begins meanwhile', () => {
    const { choices, hear, done } = start(3, 1)
    choices.pause()
    hear(0, finish)
    choices.resume()
    expect(done()).toEqual([
      ['pause', 'resume'],
      ['pause', 'resume'],
      ['pause', 'resume'],
    ])
  })

  test('the log hears what they used together', () => {
    const { hear, record } = start(2, 1)
    hear(1, { ...finish, reason: 'length' })
    hear(0, finish)
    expect(record).toEqual({
      usage: { promptTokens: 9, completionTokens: 4 },
      finishReason: 'length',
    })
  })
})
