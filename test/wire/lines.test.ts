import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Lines } from '../../src/wire/lines.ts'
import { everyWay } from '../support/feed.ts'

const MAX = 40

type Read = { readonly lines: readonly string[]; readonly overflowed: boolean }

const read = (slices: readonly string[], maxLength = MAX): Read => {
  const lines = new Lines(maxLength)
  const whole = slices.flatMap((slice) => lines.feed(slice))
  return { lines: [...whole, ...lines.end()], overflowed: lines.overflowed }
}

describe('lines', () => {
  test.for([
    ['a\nb\n', ['a', 'b']],
    ['a\nb', ['a', 'b']],
    ['\n\na\n\n', ['', '', 'a', '']],
    ['', []],
    ['\n', ['']],
    ['a\r\nb\r\n', ['a\r', 'b\r']],
    ['a\rb\u2028c\u0085d\n', ['a\rb\u2028c\u0085d']],
    ['日本\n👩‍👩‍👧‍👦\n', ['日本', '👩‍👩‍👧‍👦']],
  ] as const)('of %j are %j, however it is cut', ([text, lines]) => {
    for (const { way, slices } of everyWay(text)) {
      expect({ way, ...read(slices) }).toEqual({ way, lines, overflowed: false })
    }
  })

  test('are what split makes of any text, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(piece), (slices) => {
        const text = slices.join('')
        const lines = text.split('\n')
        if (lines.at(-1) === '') lines.pop()
        expect(read(slices, Number.POSITIVE_INFINITY)).toEqual({ lines, overflowed: false })
      }),
    )
  })

  test('come as soon as they are whole', () => {
    const lines = new Lines(MAX)
    expect(lines.feed('{"a"')).toEqual([])
    expect(lines.feed(':1}\n{"b":2}\n{')).toEqual(['{"a":1}', '{"b":2}'])
    expect(lines.feed('}\n')).toEqual(['{}'])
    expect(lines.end()).toEqual([])
  })

  test('the end is said once', () => {
    const lines = new Lines(MAX)
    lines.feed('tail')
    expect(lines.end()).toEqual(['tail'])
    expect(lines.end()).toEqual([])
  })
})

describe('a line longer than the limit', () => {
  test.for([
    [MAX - 1, false],
    [MAX, false],
    [MAX + 1, true],
  ] as const)('of %i characters: %s', ([length, overflowed]) => {
    const long = 'x'.repeat(length)
    const lines = overflowed ? ['before'] : ['before', long, 'after']
    for (const { way, slices } of everyWay(`before\n${long}\nafter\n`)) {
      expect({ way, ...read(slices) }).toEqual({ way, lines, overflowed })
    }
    for (const { way, slices } of everyWay(`before\n${long}`)) {
      const unterminated = overflowed ? ['before'] : ['before', long]
      expect({ way, ...read(slices) }).toEqual({ way, lines: unterminated, overflowed })
    }
  })

  test('gives the same lines however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(piece), (slices) => {
        expect(read(slices, 5)).toEqual(read([slices.join('')], 5))
      }),
    )
  })

  test('is not kept: nothing comes after it', () => {
    const lines = new Lines(4)
    expect(lines.feed('abcde')).toEqual([])
    expect(lines.overflowed).toBe(true)
    expect(lines.feed('\nok\n')).toEqual([])
    expect(lines.end()).toEqual([])
  })
})

describe('the work', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('is one look at each character, however long the line and small the slices', () => {
    const slice = 'x'.repeat(64)
    const lines = new Lines(1_000_000)
    const searched = countSearched()
    for (let fed = 0; fed < 10_000; fed += 1) lines.feed(slice)
    const count = searched()
    vi.restoreAllMocks()
    expect(lines.end()).toEqual([slice.repeat(10_000)])
    expect(count).toBe(slice.length * 10_000)
  })
})

/** Counts the characters that `indexOf` looks at. */
const countSearched = (): (() => number) => {
  const spy = vi.spyOn(String.prototype, 'indexOf')
  return () =>
    spy.mock.calls.reduce((sum, [, from = 0], call) => {
      const searched = String(spy.mock.contexts[call])
      const { value: found = -1 } = spy.mock.results[call] ?? {}
      return sum + (found === -1 ? searched.length : Number(found) + 1) - from
    }, 0)
}

const piece = fc.string({
  unit: fc.constantFrom('a', 'b', '\n', '\r', '\u2028', '語'),
  maxLength: 9,
})
