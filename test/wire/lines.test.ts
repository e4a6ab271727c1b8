import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Lines } from '../../src/wire/lines.ts'
import { everyWay } from '../support/feed.ts'

const MAX = 40

type Read = { readonly lines: readonly string[]; readonly overflowed: boolean }

const read = (slices: readonly string[], maxLength = MAX): Read => {
  const lines = new Lines(maxLength)
  const whole = slices.flatMap((slice) => fed(lines, slice))
  return { lines: [...whole, ...ended(lines)], overflowed: lines.overflowed }
}

/** The lines that a slice completes, cut out. */
const fed = (lines: Lines, slice: string): readonly string[] => {
  const heard: string[] = []
  lines.feed(slice, (octets, start, end) => heard.push(octets.slice(start, end)))
  return heard
}

const ended = (lines: Lines): readonly string[] => {
  const heard: string[] = []
  lines.end((octets, start, end) => heard.push(octets.slice(start, end)))
  return heard
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
    expect(fed(lines, '{"a"')).toEqual([])
    expect(fed(lines, ':1}\n{"b":2}\n{')).toEqual(['{"a":1}', '{"b":2}'])
    expect(fed(lines, '}\n')).toEqual(['{}'])
    expect(ended(lines)).toEqual([])
  })

  test('are shown where they lie, and joined only where a slice ends within', () => {
    const lines = new Lines(MAX)
    const shown: unknown[] = []
    for (const slice of ['a\nbc\nd', 'e\nf\n']) lines.feed(slice, (...line) => shown.push(line))
    expect(shown).toEqual([
      ['a\nbc\nd', 0, 1],
      ['a\nbc\nd', 2, 4],
      ['de', 0, 2],
      ['e\nf\n', 2, 3],
    ])
  })

  test('the end is said once', () => {
    const lines = new Lines(MAX)
    fed(lines, 'tail')
    expect(ended(lines)).toEqual(['tail'])
    expect(ended(lines)).toEqual([])
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

  test('U-52 is not kept: nothing comes after it', () => {
    const lines = new Lines(4)
    expect(fed(lines, 'abcde')).toEqual([])
    expect(lines.overflowed).toBe(true)
    expect(fed(lines, '\nok\n')).toEqual([])
    expect(ended(lines)).toEqual([])
  })
})

describe('the work', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('U-52 is one look at each character, however long the line and small the slices', () => {
    const slice = 'x'.repeat(64)
    const lines = new Lines(1_000_000)
    const searched = countSearched()
    for (let round = 0; round < 10_000; round += 1) fed(lines, slice)
    const count = searched()
    vi.restoreAllMocks()
    expect(ended(lines)).toEqual([slice.repeat(10_000)])
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
