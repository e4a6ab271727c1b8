/** Lines in, events out: any lines, however they are cut and ended, are what a simple reader makes of them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import { ChatResponseDecoder } from '../../src/dialects/ollama/chat-response.ts'
import { fromEscaped } from '../../src/wire/escaped.ts'
import { toOctets } from '../../src/wire/octets.ts'
import { cut } from '../support/upstream-script.ts'
import { runs } from './runs.ts'

/** A line, and what it says; a last word says that nothing behind it counts. */
type Line = { readonly text: string; readonly says: readonly Said[] }
type Said = readonly [type: ChatEvent['type'], what: string]

const saidBy = (event: ChatEvent): Said => {
  switch (event.type) {
    case 'reasoning':
    case 'text':
      return [event.type, fromEscaped(event.escaped)]
    case 'tool-call':
      return [event.type, `${event.name} ${event.arguments}`]
    case 'finish':
      return [event.type, event.reason]
    case 'failure':
      return [event.type, event.failure.kind]
  }
}

/** What all of it says: each line in turn, up to the first last word; without one it was torn. */
const expected = (lines: readonly Line[]): readonly Said[] => {
  const all = lines.flatMap(({ says }) => says)
  const last = all.findIndex(([type]) => type === 'finish' || type === 'failure')
  return last === -1 ? [...all, ['failure', 'upstream-truncated']] : all.slice(0, last + 1)
}

const read = (slices: readonly string[]): readonly Said[] => {
  const decoder = new ChatResponseDecoder(1 << 20)
  const events = slices.flatMap((slice) => decoder.feed(slice))
  return [...events, ...decoder.end()].map(saidBy)
}

const words = fc.oneof(
  fc.constantFrom('a', ' b', '\n', '"', '\\', '漢', '👩‍👦', '\u2028', '<', '\0', '\u007f'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }).map((text) => text.toWellFormed()),
)

/** As Ollama writes nearly all of its lines. */
const token: fc.Arbitrary<Line> = fc
  .tuple(fc.constantFrom('content', 'thinking'), words)
  .map(([key, said]) => ({
    text: JSON.stringify({
      model: 'm',
      created_at: '2026-11-21T00:00:00Z',
      message: { role: 'assistant', content: '', [key]: said },
      done: false,
    }),
    says: [[key === 'content' ? 'text' : 'reasoning', said]],
  }))

/** The same keys in any order, with others among them. */
const anyOrder: fc.Arbitrary<Line> = fc
  .record({
    content: fc.option(words, { nil: '' }),
    thinking: fc.option(words, { nil: '' }),
    calls: fc.array(fc.constantFrom('{}', '{ "a" : 1e400 }', '{"b":[{"arguments":0}]}'), {
      maxLength: 2,
    }),
    more: fc.subarray(['"model":"m"', '"x":[{}]', '"message_":{"content":"no"}', '"eval":1']),
    isLast: fc.boolean(),
    indent: fc.constantFrom('', ' '),
    order: fc.nat(5),
  })
  .map(({ content, thinking, calls, more, isLast, indent, order }) => {
    const inner = [
      `"content":${JSON.stringify(content)}`,
      `"thinking":${JSON.stringify(thinking)}`,
      `"tool_calls":[${calls.map((args) => `{"function":{"name":"f","arguments":${args}}}`).join()}]`,
    ]
    const outer = [
      `"message":${indent}{${rotated(inner, order).join(`,${indent}`)}}`,
      ...(isLast ? ['"done":true', '"done_reason":"length"'] : ['"done":false']),
      ...more,
    ]
    return {
      text: `{${rotated(outer, order).join(`,${indent}`)}${indent}}`,
      says: [
        ...(thinking === '' ? [] : [['reasoning', thinking] as const]),
        ...(content === '' ? [] : [['text', content] as const]),
        ...calls.map((args) => ['tool-call', `f ${args}`] as const),
        ...(isLast ? [['finish', 'length'] as const] : []),
      ],
    }
  })

const rotated = <T>(all: readonly T[], by: number): readonly T[] => {
  const at = by % all.length
  return [...all.slice(at), ...all.slice(0, at)]
}

const silent = fc.constantFrom('', ' ', '\t', '{"message":{},"done":false}', '{"message":{"content":null}}') // prettier-ignore
const malformed = fc.constantFrom(
  'no JSON', '{', '[]', '7', 'null', '"text"', '{}', '{"done":false}', '{"message":7}',
  '{"message":{"content":7}}', '{"message":{},"done":"yes"}', '{"message":{"tool_calls":{}}}',
  '{"message":{"tool_calls":[{"function":{"name":""}}]}}', '\uFEFF{"message":{},"done":true}x',
) // prettier-ignore

const line = fc.oneof(
  { weight: 12, arbitrary: token },
  { weight: 6, arbitrary: anyOrder },
  { weight: 2, arbitrary: silent.map((text): Line => ({ text, says: [] })) },
  {
    weight: 1,
    arbitrary: malformed.map((text): Line => ({ text, says: [['failure', 'upstream-malformed']] })),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Line>({
      text: '{"error":"boom"}',
      says: [['failure', 'upstream-rejected']],
    }),
  },
)

test('any lines say what they say, in whatever cuts and with whatever ends of line', () => {
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 10 }),
      fc.constantFrom('\n', '\r\n', '\n\n', ' \n'),
      fc.boolean(),
      fc.array(fc.array(fc.nat(5000), { maxLength: 12 }), { minLength: 2, maxLength: 2 }),
      (lines, newline, hasEnd, ways) => {
        const all = hasEnd ? [...lines, DONE] : lines
        const text = toOctets(all.map((each) => each.text + newline).join(''))
        for (const slices of [[text], text.split(''), ...ways.map((places) => cut(text, places))]) {
          expect(read(slices)).toEqual(expected(all))
        }
      },
    ),
    runs(800),
  )
})

const DONE: Line = { text: '{"done":true,"done_reason":"stop"}', says: [['finish', 'stop']] }
