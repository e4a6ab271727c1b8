import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comment, frame } from '../../src/wire/sse.ts'

/** As a parser of the standard reads it, which is not ours. */
const readBack = (text: string) => {
  const events: EventSourceMessage[] = []
  const comments: string[] = []
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (said) => comments.push(said),
    onError: (error) => {
      throw error
    },
  })
  parser.feed(text)
  return { events, comments }
}

describe('a frame', () => {
  test('is a data line and an empty one', () => {
    expect(frame('[DONE]')).toBe('data: [DONE]\n\n')
  })

  test('brings any JSON to a client as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ stringUnit: 'binary' })), (values) => {
        const { events, comments } = readBack(
          values.map((value) => frame(JSON.stringify(value))).join(''),
        )
        expect(events).toEqual(
          values.map((value) => ({ id: undefined, event: undefined, data: JSON.stringify(value) })),
        )
        expect(comments).toEqual([])
      }),
    )
  })

  test.for(['\n\ndata: [DONE]\n\n', '\r', '\u2028', '\u2029', '\u0085', 'event: x', ': x', '\0'])(
    'text with %j in it is one event all the same',
    (text) => {
      const { events } = readBack(frame(JSON.stringify({ text })) + frame('[DONE]'))
      expect(events.map(({ data }) => data)).toEqual([JSON.stringify({ text }), '[DONE]'])
    },
  )
})

test('a comment is no event, before and between them', () => {
  const { events, comments } = readBack(
    comment('keep-alive') + frame('1') + comment('keep-alive') + frame('2'),
  )
  expect(events.map(({ data }) => data)).toEqual(['1', '2'])
  expect(comments).toEqual(['keep-alive', 'keep-alive'])
})
