/** A text read as it comes is the text read whole: the same value, the same digits, the same faults. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type JsonRead, JsonReader, readJson } from '../../src/wire/json-reader.ts'
import { everyWay } from '../support/feed.ts'

const LIMITS = { maxJsonDepth: 64, maxJsonTokens: 500_000 }

const bitByBit = (slices: Iterable<string>, limits = LIMITS): JsonRead => {
  const reader = new JsonReader(limits)
  for (const slice of slices) reader.feed(slice)
  return reader.end()
}

/** What came of it, with every digit; of a fault only what it is. */
const outcome = (read: JsonRead): string =>
  'fault' in read ? read.fault.kind : JSON.stringify(read.value)

/** Longer than what is parsed at a time. */
const LONG = 'x'.repeat(140_000)

describe('in every way to cut it', () => {
  test.for([
    '{"model":"m","messages":[{"role":"user","content":"a, [b] \\"c\\" \\\\"},{}],"n":1}',
    '{"a":[0],"b":[],"c":[ \n ],"d":[[1,[2]],{"e":[3]}],"f":{"g":[4]}}',
    '{"a":[1],"a":[2,3],"b":0,"a":[4]}',
    '{"__proto__":[1,2],"constructor":[3]}',
    '{"a":[12345678901234567890,-0.10],"b":1e400,"c":[1E5,true]}',
    ' [1,[2,"3"],{"a":[4]}] ',
    '"a, [b]"',
    '7',
    ' \n ',
    '',
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":[1,,2]}',
    '{"a":[1 2]}',
    '{"a":[1}',
    '{"a":{1]}',
    '{"a":[1]]}',
    '{"a":[1]}}',
    '{"a":[1]} {"a":[1]}',
    '{[1]}',
    '{"a":[1],}',
    '{"a":[1] "b":2}',
    '{"a":["x',
    '{"a":["\\',
    '{"a":["\u0001"]}',
    '[1],[2]',
  ])('%s', (text) => {
    const whole = outcome(readJson(text, LIMITS))
    for (const { way, slices } of everyWay(text)) {
      expect([way, outcome(bitByBit(slices))]).toEqual([way, whole])
    }
  })

  test('any text of the characters that matter', () => {
    const noise = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '1', 'e', '-', ' '),
      maxLength: 30,
    })
    fc.assert(
      fc.property(noise, (text) => {
        const list = `{"a":[${text}],"b":[${text}]}`
        for (const each of [text, list]) {
          expect(outcome(bitByBit(each))).toBe(outcome(readJson(each, LIMITS)))
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('any JSON', () => {
    const json = fc.dictionary(fc.string(), fc.array(fc.jsonValue({ stringUnit: 'binary' })))
    fc.assert(
      fc.property(
        json,
        fc.constantFrom(0, 1, '\t'),
        fc.integer({ min: 1, max: 9 }),
        (value, indent, size) => {
          const text = JSON.stringify(value, null, indent)
          const slices = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
          expect(outcome(bitByBit(slices))).toBe(outcome(readJson(text, LIMITS)))
        },
      ),
    )
  })
})

const long = (...elements: readonly string[]) => `{"before":[0],"a":[${elements.join()}],"b":[[1]]}`

describe('a long list', () => {
  const text = `"${LONG}"`

  test.for([
    ['every element is there', [text, '1', text, '{"b":[2]}', text]],
    ['with digits in one piece of it', [text, '12345678901234567890', text, '1e400', text, '0.5']],
    ['nothing behind the last comma', [text, text, '']],
    ['nothing between two', [text, '', text]],
    ['a fault in its second piece', [text, text, '1 2', text]],
    ['nothing before the first comma, but much of it', [' '.repeat(140_000), text]],
    ['nothing but blanks and a comma', [' '.repeat(140_000), '']],
    ['blanks around each', [`${' '.repeat(140_000)}1`, `${text}${' '.repeat(140_000)}`, '2']],
    ['a bracket too many', [text, ']', text]],
    ['a brace too many', [text, '}', text]],
  ] as const)('%s', ([, elements]) => {
    const whole = long(...elements)
    const slices = whole.match(/[^]{1,50000}/g) ?? []
    expect(outcome(bitByBit(slices))).toBe(outcome(readJson(whole, LIMITS)))
  })

  test('any lists of them, with a character too many or too few somewhere', () => {
    const blanks = ' '.repeat(140_000)
    const longOnes = [text, `{"k":${text}}`, `[1,[2],${text}]`, `"${'\\"'.repeat(70_000)}"`, blanks]
    const shortOnes = [
      '1',
      '[]',
      '[ ]',
      '{"b":[2]}',
      '12345678901234567890',
      '[{"__proto__":[1e400]}]',
    ]
    const element = fc.constantFrom(...longOnes, ...shortOnes)
    const list = fc.array(element, { maxLength: 5 }).map((elements) => `[${elements.join()}]`)
    const key = fc.constantFrom('"a"', '"b"', '"__proto__"', '"0"', '""')
    const object = fc
      .array(fc.tuple(key, fc.oneof(list, element)), { minLength: 1, maxLength: 4 })
      .map((members) => `{${members.map((member) => member.join(':')).join()}}`)
    const fault = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      removes: fc.integer({ min: 0, max: 1 }),
      puts: fc.constantFrom('', ',', ']', '[', '{', '}', '"', ':', '1', ' ', '\\', '\u0001'),
    })
    fc.assert(
      fc.property(
        object,
        fc.array(fault, { maxLength: 2 }),
        fc.constantFrom(20_000, 140_001, 262_144),
        (whole, faults, size) => {
          const faulty = faults.reduce((json, { at, removes, puts }) => {
            const places = [...json.matchAll(/[[\]{},:]|(?<!\\)"/g)].map(({ index }) => index)
            const place = places[Math.floor(at * places.length)] ?? 0
            return json.slice(0, place) + puts + json.slice(place + removes)
          }, whole)
          const slices = Array.from({ length: Math.ceil(faulty.length / size) }, (_, index) =>
            faulty.slice(index * size, (index + 1) * size),
          )
          expect(outcome(bitByBit(slices)) === outcome(readJson(faulty, LIMITS))).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a fault in it is told with its place', () => {
    const whole = long(text, text, '1 2', text)
    const slices = whole.match(/[^]{1,50000}/g) ?? []
    expect(bitByBit(slices)).toEqual(readJson(whole, LIMITS))
    expect(bitByBit(slices)).toEqual({
      fault: { kind: 'malformed', position: whole.indexOf(' 2') + 1 },
    })
  })

  test('is measured while it comes, and nothing is read behind its limit', () => {
    const reader = new JsonReader({ ...LIMITS, maxJsonTokens: 1000 })
    reader.feed(`{"a":[${'1,'.repeat(2000)}`)
    reader.feed('no JSON at all')
    expect(reader.end()).toEqual({ fault: { kind: 'exceeds', limit: 'maxJsonTokens' } })
  })
})
