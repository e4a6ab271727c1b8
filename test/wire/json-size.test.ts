import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type JsonLimits, JsonMeter } from '../../src/wire/json-size.ts'
import { everyWay } from '../support/feed.ts'

const ROOMY = 1_000_000

const exceeded = (text: string, limits: JsonLimits): keyof JsonLimits | null =>
  new JsonMeter(limits).feed(text)

const depthOf = (text: string): number =>
  first((maxJsonDepth) => exceeded(text, { maxJsonDepth, maxJsonTokens: ROOMY }) === null)

const tokensIn = (text: string): number =>
  first((maxJsonTokens) => exceeded(text, { maxJsonDepth: ROOMY, maxJsonTokens }) === null)

/** The least limit that lets it pass. */
const first = (passes: (limit: number) => boolean): number => {
  for (let limit = 0; ; limit++) if (passes(limit)) return limit
}

test.for([
  ['', 0, 0],
  ['1', 0, 0],
  ['"a"', 0, 1],
  ['[]', 1, 1],
  ['[[],[]]', 2, 4],
  ['[1,2,3]', 1, 3],
  ['{"a":1,"b":[true]}', 2, 7],
  ['"[[[[,,:"', 0, 1],
  [String.raw`"\"[["`, 0, 1],
  [String.raw`["\\",[]]`, 2, 4],
  [String.raw`["\\\"[",1]`, 1, 3],
  ['["a', 1, 2],
  ['["a\\"', 1, 2],
  ['}}}}[', 0, 1],
] as const)('%s is %i deep and has %i tokens', ([text, depth, tokens]) => {
  expect([depthOf(text), tokensIn(text)]).toEqual([depth, tokens])
})

test('measures the same, however it is cut', () => {
  const text = String.raw`{"a\"[":["\\",[1.5e3,[],"\\\"[,"]],"b":{"c":[12345678901234567,true]},"":"é🦊\""}`
  const limits = { maxJsonDepth: ROOMY, maxJsonTokens: ROOMY }
  const whole = marksOf([text], limits)
  expect(whole).toEqual({ marks: [9, 13, 33], unusual: true })
  for (const { way, slices } of everyWay(text)) {
    expect([way, marksOf(slices, limits)]).toEqual([way, whole])
  }
})

/** Where the lists of the outermost object open, part and close, as places in the whole text. */
const marksOf = (slices: readonly string[], limits: JsonLimits) => {
  const marks: number[] = []
  let before = 0
  const note = (at: number) => marks.push(before + at)
  const meter = new JsonMeter(limits, { opens: note, comma: note, closes: note })
  for (const slice of slices) {
    expect(meter.feed(slice)).toBeNull()
    before += slice.length
  }
  return { marks, unusual: meter.unusualNumbers }
}

test.for([
  ['[12345678901234567]', true],
  ['[123456789012345]', false],
  ['[1e3]', true],
  ['[1E3]', true],
  ['[0.30000000000000004]', true],
  ['[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8]', false],
  ['[true,false,1,true,null]', false],
  ['{"a":"12345678901234567","b":"[1e9]"}', false],
] as const)('%s holds a number that a double may not hold: %s', ([text, unusual]) => {
  const meter = new JsonMeter({ maxJsonDepth: ROOMY, maxJsonTokens: ROOMY })
  meter.feed(text)
  expect(meter.unusualNumbers).toBe(unusual)
})

test.for([
  ['one element', `{"a":[${'1,'.repeat(3)}{"b":[${'1,'.repeat(100_000)}1]}]}`, 'maxJsonTokens'],
  ['many of them', `{"a":[${'[1,1,1,1],'.repeat(60_000)}1]}`, null],
  ['what is outside of the lists', `{"a":{"b":[${'1,'.repeat(100_000)}1]}}`, 'maxJsonTokens'],
  [
    'what is outside of them, between two',
    `{"a":{"b":[${'1,'.repeat(60_000)}1]},"c":[1],"d":{"e":[${'1,'.repeat(60_000)}1]}}`,
    'maxJsonTokens',
  ],
] as const)('of half a million, %s may have a fifth', ([, text, limit]) => {
  const marks = { opens: () => {}, comma: () => {}, closes: () => {} }
  expect(new JsonMeter({ maxJsonDepth: 64, maxJsonTokens: 500_000 }, marks).feed(text)).toBe(limit)
})

test.for([
  ['1234567890123456', 9],
  ['123456789012345', 1],
  ['1e5', 9],
] as const)('%s, and a comma, are %i tokens more', ([number, tokens]) => {
  expect(tokensIn(`[0,${number}]`)).toBe(1 + tokens)
})

test('says which limit it is', () => {
  const limits = { maxJsonDepth: 2, maxJsonTokens: 5 }
  expect(exceeded('[[[]]]', limits)).toBe('maxJsonDepth')
  expect(exceeded('[1,2,3,4,5,6]', limits)).toBe('maxJsonTokens')
  expect(exceeded('[[1,2,3]]', limits)).toBeNull()
})

describe('any JSON', () => {
  const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 })

  test('is as deep as its value', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 2), (value, indent) => {
        expect(depthOf(JSON.stringify(value, null, indent))).toBe(nesting(value))
      }),
    )
  })

  test('has at least as many tokens as it has values inside it', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(tokensIn(JSON.stringify(value))).toBeGreaterThanOrEqual(inside(value))
      }),
    )
  })
})

const children = (value: unknown): readonly unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

const nesting = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...children(value).map(nesting)) : 0

const inside = (value: unknown): number =>
  children(value).reduce<number>((sum, each) => sum + 1 + inside(each), 0)

describe('costs little', () => {
  const MB = 2 ** 20
  const limits = { maxJsonDepth: 64, maxJsonTokens: 500_000 }

  // The deadline is the check: a quadratic step would take minutes.
  test.for([
    ['an image', `["${'iVBORw0KGgo'.repeat(2 * MB)}"]`, null],
    ['an escaped text', `["${String.raw`a \"b\"\n`.repeat(2 * MB)}"]`, null],
    ['backslashes', `["${'\\\\'.repeat(10 * MB)}"]`, null],
    ['a string that does not end', `["${'\\"'.repeat(10 * MB)}`, null],
    ['blanks', ' '.repeat(20 * MB), null],
    ['brackets', '['.repeat(20 * MB), 'maxJsonDepth'],
    ['numbers', `[${'1,'.repeat(10 * MB)}1]`, 'maxJsonTokens'],
    ['objects', `[${'{},'.repeat(7 * MB)}{}]`, 'maxJsonTokens'],
  ] as const)('20 MB of %s', { timeout: 15_000 }, ([, text, limit]) => {
    expect(exceeded(text, limits)).toBe(limit)
  })
})
