/** The fast lane says what the ordinary way says, or nothing. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/chat/event.ts'
import { ChatResponseDecoder } from '../../../src/dialects/ollama/chat-response.ts'
import { readPlainLine } from '../../../src/dialects/ollama/plain-line.ts'
import { chatRecordings } from '../../support/recordings.ts'

/** A space in front is all it takes to be unusual. */
const ordinarily = (line: string): readonly ChatEvent[] =>
  new ChatResponseDecoder(1 << 24).feed(` ${line}\n`)

const token = (message: object): string =>
  JSON.stringify({
    model: 'm',
    created_at: '2026-08-21T10:00:00.1Z',
    message: { role: 'assistant', ...message },
    done: false,
  })

const verdict = (line: string): 'left' | 'agrees' | 'disagrees' => {
  const plain = readPlainLine(line)
  if (plain === null) return 'left'
  return isDeepStrictEqual([plain], ordinarily(line)) ? 'agrees' : 'disagrees'
}

test.each([
  ['a text', { content: ' there' }],
  ['a thought', { content: '', thinking: 'hm' }],
  ['a line break', { content: '\n' }],
  ['quotes and backslashes', { content: '"C:\\new"' }],
  ['U+2028, an emoji and a lone surrogate', { content: '\u2028👩‍👦\ud83d' }],
])('takes %s', (_what, message) => {
  expect(verdict(token(message))).toBe('agrees')
})

test('takes what Go escapes', () => {
  const line = token({ content: 'A' }).replace('"A"', String.raw`"<\/script>é\u2028"`)
  expect(readPlainLine(line)).toEqual({ type: 'text', text: '</script>é\u2028' })
})

test.each([
  ['nothing said', token({ content: '' })],
  ['both at once', token({ content: 'a', thinking: 'b' })],
  ['a call beside the text', token({ content: 'a', tool_calls: [] })],
  ['the done line', token({ content: 'a' }).replace('false', 'true')],
  [
    'log probabilities',
    token({ content: 'a' }).replace('"done":false', '"done":false,"logprobs":[]'),
  ],
  [
    'an error before the message',
    token({ content: 'a' }).replace('{"model"', '{"error":"x","model"'),
  ],
  ['an escape that JSON does not know', token({ content: 'A' }).replace('"A"', String.raw`"\x41"`)],
  ['half an escape', token({ content: 'A' }).replace('"A"', String.raw`"\u00"`)],
  ['a raw control character', token({ content: 'A' }).replace('"A"', '"\u0001"')],
  ['a key given twice', token({ content: 'A' }).replace('"done"', '"message":{},"done"')],
  ['a line of millions of escapes', token({ content: '\n'.repeat(4_000_000) })],
  ['white space', ` ${token({ content: 'a' })}`],
  ['a torn line', token({ content: 'a' }).slice(0, -1)],
])('leaves to the ordinary way: %s', (_what, line) => {
  expect(readPlainLine(line)).toBeNull()
})

test('agrees on every line of every recording, and takes most of them', () => {
  const lines = chatRecordings()
    .filter(({ response }) => response.contentType === 'application/x-ndjson')
    .flatMap(({ bytes }) => bytes.toString('utf8').split('\n'))
    .filter((line) => line !== '')
  const verdicts = lines.map(verdict)
  expect(verdicts).not.toContain('disagrees')
  const taken = verdicts.filter((each) => each === 'agrees')
  expect(taken.length / lines.length).toBeGreaterThan(0.7)
})

describe('agrees on any line', () => {
  const pieces = fc.constantFrom(
    '{"model":"m","created_at":"t","message":{"role":"assistant","content":"',
    '","thinking":"',
    '"},"done":false}',
    '"',
    '\\',
    '\\"',
    '\\n',
    String.raw`\u00e9`,
    '{',
    '}',
    ',',
    '"done":true',
    '"error":"x",',
    '\u0001',
    'a',
    ' ',
    '日本',
  )

  test('made of text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, thinks) => {
        const line = token(thinks ? { content: '', thinking: text } : { content: text })
        expect(verdict(line)).not.toBe('disagrees')
      }),
    )
  })

  test('made of its own pieces, in any order', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const said = `{"model":"m","created_at":"t","message":{"role":"assistant","content":"${parts.join('')}"},"done":false}`
        expect(verdict(parts.join(''))).not.toBe('disagrees')
        expect(verdict(said)).not.toBe('disagrees')
      }),
      { numRuns: 2000 },
    )
  })
})
