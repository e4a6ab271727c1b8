/** The fast lane says what the ordinary way says, or nothing. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/chat/event.ts'
import { ChatResponseDecoder } from '../../../src/dialects/ollama/chat-response.ts'
import { readPlainEnd, readPlainLine } from '../../../src/dialects/ollama/plain-line.ts'
import { toOctets } from '../../../src/wire/octets.ts'
import { textOf as textIn } from '../../support/chat-events.ts'
import { chatRecordings } from '../../support/recordings.ts'

/** Any text as bytes, each of them any: what is beyond a byte is cut off. */
const latin1 = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

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

/** @param line octets, as all that is fed to a decoder. */
const verdict = (line: string): 'left' | 'agrees' | 'disagrees' => {
  const plain = readPlainLine(line) ?? readPlainEnd(line)
  if (plain === null) return 'left'
  return isDeepStrictEqual([plain], ordinarily(line)) ? 'agrees' : 'disagrees'
}

test.each([
  ['a text', { content: ' there' }],
  ['a thought', { content: '', thinking: 'hm' }],
  ['a line break', { content: '\n' }],
  ['quotes and backslashes', { content: '"C:\\new"' }],
  ['letters of two, three and four bytes', { content: 'é漢字👩‍👦\u2028' }],
])('takes %s', (_what, message) => {
  expect(verdict(toOctets(token(message)))).toBe('agrees')
})

test.each(Array.from({ length: 64 }, (_, length) => [length + 1]))(
  'takes a text and a thought of %i letters',
  (length) => {
    expect(verdict(token({ content: 'x'.repeat(length) }))).toBe('agrees')
    expect(verdict(token({ content: '', thinking: 'x'.repeat(length) }))).toBe('agrees')
  },
)

test('copies what it takes', () => {
  const line = toOctets(token({ content: '漢"\n' }))
  expect(readPlainLine(line)).toEqual({ type: 'text', escaped: '\xe6\xbc\xa2\\"\\n' })
})

test('reads a line where it lies, and no further', () => {
  const first = token({ content: 'one' })
  const second = token({ content: '', thinking: 'two' })
  const octets = `${first}\n${second}\n{"error":"no"}\n`
  const starts = [0, first.length + 1, first.length + second.length + 2]
  const said = starts.map((start) => readPlainLine(octets, start, octets.indexOf('\n', start)))
  expect(said).toEqual([
    { type: 'text', escaped: 'one' },
    { type: 'reasoning', escaped: 'two' },
    null,
  ])
  expect(readPlainLine(octets, 1, first.length)).toBeNull()
  expect(readPlainLine(`${first} \n`, 0, first.length + 1)).toBeNull()
})

test.each<[what: string, bytes: readonly number[]]>([
  ['a continuation alone', [0x80]],
  ['a letter cut short', [0xe6, 0xbc]],
  ['a letter cut short by another', [0xe6, 0xbc, 0xe6, 0xbc, 0xa2]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong one of three bytes', [0xe0, 0x80, 0xaf]],
  ['an overlong one of four bytes', [0xf0, 0x80, 0x80, 0xaf]],
  ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
  ['what is beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ['what is no byte of UTF-8', [0xff]],
])('leaves what is no UTF-8 to the ordinary way: %s', (_what, bytes) => {
  const line = token({ content: 'A' }).replace('"A"', `"${String.fromCharCode(...bytes)}"`)
  expect(readPlainLine(line)).toBeNull()
  expect(textIn(ordinarily(line))).toContain('\ufffd')
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
  [
    'what Go escapes and JavaScript does not',
    token({ content: 'A' }).replace('"A"', String.raw`"\u003c"`),
  ],
  ['an escaped slash', token({ content: 'A' }).replace('"A"', String.raw`"\/"`)],
  ['half a surrogate pair', token({ content: '\ud83d' })],
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

describe('the last line', () => {
  const last = {
    model: 'm',
    created_at: '2026-08-21T10:00:00.1Z',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    total_duration: 4_883_583_458,
    load_duration: 0,
    prompt_eval_count: 26,
    prompt_eval_duration: 342_546_000,
    eval_count: 298,
    eval_duration: 999_999_999_999_999,
  }

  test.each([
    ['an answer', {}],
    ['an answer that was cut', { done_reason: 'length' }],
    ['an answer of nothing', { eval_count: 0, prompt_eval_count: 0 }],
  ])('takes that of %s', (_what, fields) => {
    expect(verdict(JSON.stringify({ ...last, ...fields }))).toBe('agrees')
    expect(readPlainEnd(JSON.stringify({ ...last, ...fields }))).not.toBeNull()
  })

  test.each([
    ['a last word', { message: { role: 'assistant', content: 'a' } }],
    ['a last thought', { message: { role: 'assistant', content: '', thinking: 'a' } }],
    ['calls', { message: { role: 'assistant', content: '', tool_calls: [] } }],
    ['another reason', { done_reason: 'load' }],
    ['no reason', { done_reason: undefined }],
    ['no count', { eval_count: undefined }],
    ['a count below zero', { eval_count: -1 }],
    ['a count of more digits than are kept', { eval_count: 2 ** 53 + 2 }],
    ['half a token', { eval_count: 1.5 }],
    ['a prompt without a count', { prompt_eval_count: undefined }],
    ['log probabilities', { logprobs: [] }],
    ['more to come', { done: false }],
  ])('leaves to the ordinary way one with %s', (_what, fields) => {
    expect(readPlainEnd(JSON.stringify({ ...last, ...fields }))).toBeNull()
  })

  test.each([
    ['a count with a zero before it', '"eval_count":298', '"eval_count":0298'],
    ['a line that is torn', ',"eval_duration":999999999999999}', ''],
    ['a line with more behind it', '999999999999999}', '999999999999999}{}'],
  ])('leaves to the ordinary way %s', (_what, from, to) => {
    expect(readPlainEnd(JSON.stringify(last).replace(from, to))).toBeNull()
  })

  test('ends the answer: nothing behind it is heard', () => {
    const decoder = new ChatResponseDecoder(1 << 24)
    const said = decoder.feed(`${JSON.stringify(last)}\n${token({ content: 'a' })}\n`)
    expect(said).toEqual([
      { type: 'finish', reason: 'stop', usage: { promptTokens: 26, completionTokens: 298 } },
    ])
    expect(decoder.end()).toEqual([])
  })
})

test('agrees on every line of every recording, and takes most of them', () => {
  const lines = chatRecordings()
    .filter(({ response }) => response.contentType === 'application/x-ndjson')
    .flatMap(({ bytes }) => bytes.toString('latin1').split('\n'))
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
    '\xff',
    '\xe6',
  )

  test('made of text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, thinks) => {
        const line = token(thinks ? { content: '', thinking: text } : { content: text })
        expect(verdict(toOctets(line))).not.toBe('disagrees')
      }),
    )
  })

  test('made of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const inside = String.fromCharCode(...bytes)
        const line = token({ content: 'A' }).replace('"A"', () => `"${inside}"`)
        expect(verdict(line)).not.toBe('disagrees')
      }),
      { numRuns: 2000 },
    )
  })

  test('with any spelling of its counts', () => {
    const number = fc.constantFrom(
      '0',
      '-0',
      '7',
      '07',
      '1e3',
      '1.0',
      '',
      'null',
      '"1"',
      `${10 ** 15}`,
    )
    fc.assert(
      fc.property(fc.array(number, { minLength: 6, maxLength: 6 }), (numbers) => {
        const [total, load, prompt, prompting, said, saying] = numbers
        const counts = `"total_duration":${total},"load_duration":${load},"prompt_eval_count":${prompt},"prompt_eval_duration":${prompting},"eval_count":${said},"eval_duration":${saying}`
        const line = token({ content: '' }).replace('false', `true,"done_reason":"stop",${counts}`)
        expect(verdict(line)).not.toBe('disagrees')
      }),
      { numRuns: 1000 },
    )
  })

  test('made of its own pieces, in any order', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const said = `{"model":"m","created_at":"t","message":{"role":"assistant","content":"${parts.join('')}"},"done":false}`
        for (const line of [parts.join(''), said, toOctets(said)]) {
          expect(verdict(latin1(line))).not.toBe('disagrees')
        }
      }),
      { numRuns: 2000 },
    )
  })
})
