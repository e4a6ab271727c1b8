/** A body is its payload, however the network and the server cut it, and ends where it says. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BodyDecoder, MAX_CHUNK_LINE, MAX_TRAILERS } from '../../src/wire/http-body.ts'
import type { Framing } from '../../src/wire/http-head.ts'
import { everyWay } from '../support/feed.ts'
import { cut } from '../support/upstream-script.ts'

type Read = {
  readonly payload: string
  readonly state: 'open' | 'done' | 'malformed'
  readonly hasSurplus: boolean
}

const read = (slices: readonly string[], framing: Framing = 'chunked', length = 0): Read => {
  const body = new BodyDecoder()
  body.start(framing, length)
  let payload = ''
  for (const slice of slices) payload += body.feed(slice).join('')
  const state = body.isDone ? 'done' : body.isMalformed ? 'malformed' : 'open'
  return { payload, state, hasSurplus: body.hasSurplus }
}

const chunk = (payload: string, extension = ''): string =>
  `${payload.length.toString(16)}${extension}\r\n${payload}\r\n`

describe('chunks', () => {
  test.for<[text: string, payload: string]>([
    ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n', 'hello, world'],
    ['0\r\n\r\n', ''],
    ['000\r\n\r\n', ''],
    ['1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n', 'abcdefghijklmnopqrstuvwxyz'],
    ['1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n', 'abcdefghijklmnopqrstuvwxyz'],
    ['0000000000000000000002\r\n\r\n\r\n0\r\n\r\n', '\r\n'],
    ['5;name=value;flag;q="a b"\r\nhello\r\n0;last\r\n\r\n', 'hello'],
    ['5 ;x\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['3\r\n0\r\n\r\n0\r\nExpires: never\r\nX-Sum: 1\r\n\r\n', '0\r\n'],
    ['4\r\n\u00f0\u009f\u0099\u0082\r\n0\r\n\r\n', '\u00f0\u009f\u0099\u0082'],
  ])('%j are %j, however they are cut', ([text, payload]) => {
    for (const { way, slices } of everyWay(text)) {
      expect({ way, ...read(slices) }).toEqual({ way, payload, state: 'done', hasSurplus: false })
      const more = read([...slices, 'HTTP/1.1 200 OK'])
      expect({ way, ...more }).toEqual({ way, payload, state: 'done', hasSurplus: true })
    }
    expect(read([`${text}x`])).toEqual({ payload, state: 'done', hasSurplus: true })
  })

  test('are a piece each, and each read has its own', () => {
    const body = new BodyDecoder()
    body.start('chunked', 0)
    expect(body.feed(chunk('one\n'))).toEqual(['one\n'])
    expect(body.feed(chunk('two\n') + chunk('three\n') + chunk('four\n'))).toEqual([
      'two\n',
      'three\n',
      'four\n',
    ])
    expect(body.feed('8\r\nfi')).toEqual(['fi'])
    expect(body.feed('ve\nsix')).toEqual(['ve\nsix'])
    expect(body.feed('\r')).toEqual([])
    expect(body.feed('\n3\r\nsev\r\n0\r\n')).toEqual(['sev'])
    expect(body.isDone).toBe(false)
    expect(body.feed('\r\n')).toEqual([])
    expect(body.isDone).toBe(true)
  })

  test.for<[why: string, text: string, payload: string]>([
    ['a size that is none', 'zz\r\nhello\r\n', ''],
    ['no size', '\r\nhello\r\n', ''],
    ['an extension without a size', ';x\r\nhello\r\n', ''],
    ['a signed size', '+5\r\nhello\r\n', ''],
    ['a negative size', '-5\r\nhello\r\n', ''],
    ['a prefixed size', '0x5\r\nhello\r\n', ''],
    ['a blank before the size', ' 5\r\nhello\r\n', ''],
    ['a blank behind it', '5 \r\nhello\r\n', ''],
    ['a size that no number holds', '20000000000000\r\nhello', ''],
    ['a size without end', `${'f'.repeat(300)}\r\nhello`, ''],
    ['a bare LF behind the size', '5\nhello\n0\n\n', ''],
    ['a bare CR in it', '5\rx\r\nhello\r\n', ''],
    ['a NUL in an extension', '5;\0\r\nhello\r\n', ''],
    ['a bare LF in an extension', '5;\nx\r\nhello\r\n', ''],
    ['a chunk longer than its size', '5\r\nhello!\r\n', 'hello'],
    ['a chunk shorter than its size', '5\r\nhell\r\n0\r\n\r\n', 'hell\r'],
    ['a bare LF behind a chunk', '5\r\nhello\n0\r\n\r\n', 'hello'],
    ['a fault behind a good chunk', '4\r\none\n\r\nzz\r\n', 'one\n'],
  ])('end with %s, and keep what came before', ([, text, payload]) => {
    for (const { way, slices } of everyWay(text)) {
      expect({ way, ...read([...slices, 'more']) }).toEqual({
        way,
        payload,
        state: 'malformed',
        hasSurplus: false,
      })
    }
  })

  test.for<[what: string, text: (length: number) => string, longest: number]>([
    ['a line before a chunk', (length) => `1;${'x'.repeat(length - 2)}\r\na\r\n`, MAX_CHUNK_LINE],
    ['a trailer', (length) => `0\r\n${'x'.repeat(length)}\r\n\r\n`, MAX_TRAILERS],
    ['all trailers', (length) => `0\r\n${'x: y\r\n'.repeat(length / 4)}\r\n`, MAX_TRAILERS],
  ])('%s has its longest', ([, text, longest]) => {
    for (const [length, isMalformed] of [
      [longest, false],
      [longest + 4, true],
    ] as const) {
      const whole = text(length)
      const ways = [[whole], whole.split(''), [whole.slice(0, -5), whole.slice(-5)]]
      for (const slices of ways) expect(read(slices).state === 'malformed').toBe(isMalformed)
    }
  })

  test('a line without end is malformed no later than that', () => {
    expect(read(['5;', 'x'.repeat(MAX_CHUNK_LINE)]).state).toBe('malformed')
    expect(read(['0\r\n', 'x'.repeat(MAX_TRAILERS + 1)]).state).toBe('malformed')
  })
})

describe('a length', () => {
  test('counts, and the rest is surplus', () => {
    for (const { way, slices } of everyWay('hello')) {
      expect({ way, ...read(slices, 'length', 5) }).toEqual({
        way,
        payload: 'hello',
        state: 'done',
        hasSurplus: false,
      })
    }
    for (const { way, slices } of everyWay('hello, world')) {
      expect({ way, ...read(slices, 'length', 5) }).toEqual({
        way,
        payload: 'hello',
        state: 'done',
        hasSurplus: true,
      })
    }
    expect(read(['hell'], 'length', 5).state).toBe('open')
  })

  test.for<[framing: Framing]>([['length'], ['none']])(
    'of nothing is done at once: %s',
    ([framing]) => {
      expect(read([], framing)).toEqual({ payload: '', state: 'done', hasSurplus: false })
      expect(read([''], framing).hasSurplus).toBe(false)
      expect(read(['x'], framing)).toEqual({ payload: '', state: 'done', hasSurplus: true })
    },
  )
})

describe('the end of the connection', () => {
  test.for<[framing: Framing, octets: string, isEnd: boolean]>([
    ['until-close', 'anything', true],
    ['until-close', '', true],
    ['length', 'four', false],
    ['length', 'five!', true],
    ['chunked', '4\r\nfour\r\n', false],
    ['chunked', '4\r\nfour\r\n0\r\n\r\n', true],
    ['chunked', 'zz\r\n', false],
  ])('ends a body of framing %s after %j: %s', ([framing, octets, isEnd]) => {
    const body = new BodyDecoder()
    body.start(framing, 5)
    body.feed(octets)
    expect(body.end()).toBe(isEnd)
    expect(body.isDone).toBe(isEnd)
  })
})

test('one decoder reads body after body, and forgets each', () => {
  const body = new BodyDecoder()
  for (const rest of [
    '5;x',
    '5\r\nhel',
    '5\r\nhello\r',
    '0\r\nX: ',
    'zz\r\n',
    '0\r\n\r\nsurplus',
  ]) {
    body.start('chunked', 0)
    body.feed(rest)
    body.start('chunked', 0)
    expect(body.feed('3\r\nnew\r\n0\r\n\r\n')).toEqual(['new'])
    expect(body).toMatchObject({ isDone: true, isMalformed: false, hasSurplus: false })
  }
})

const octets = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
})
const places = fc.array(fc.nat({ max: 2000 }), { maxLength: 12 })

test('any body, in any chunks and any reads, is the same payload', () => {
  const extension = fc.constantFrom('', '', ';a=b', ' ; "c"')
  const pieces = fc.array(
    fc.tuple(
      octets.filter((piece) => piece !== ''),
      extension,
    ),
    { maxLength: 8 },
  )
  const trailers = fc.constantFrom('', 'X: y\r\n', 'A: 1\r\nB: 2\r\n')
  fc.assert(
    fc.property(pieces, trailers, places, (parts, trailer, at) => {
      const text = `${parts.map(([piece, more]) => chunk(piece, more)).join('')}0\r\n${trailer}\r\n`
      const payload = parts.map(([piece]) => piece).join('')
      expect(read(cut(text, at))).toEqual({ payload, state: 'done', hasSurplus: false })
    }),
    { numRuns: 1000 },
  )
})

test('whatever comes, and however it is cut, it ends the same way', () => {
  const token = fc.constantFrom(
    '5',
    '0',
    'a',
    '\r\n',
    '\r',
    '\n',
    ';',
    ' ',
    'x',
    '\0',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
  )
  const text = fc
    .array(fc.oneof({ weight: 6, arbitrary: token }, octets))
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, places, (whole, at) => {
      const expected = read([whole])
      const found = read(cut(whole, at))
      // A fault that is seen before its line's end is a fault all the same.
      if (expected.state === 'open' && found.state === 'malformed') return
      expect(found).toEqual(expected)
    }),
    { numRuns: 2000 },
  )
})

// A step that is not linear takes minutes here, and the test's deadline says so.
test('a long body costs what it is long: in small chunks, in large reads, one octet a read', () => {
  const many = chunk('x'.repeat(16)).repeat(500_000)
  const body = new BodyDecoder()
  body.start('chunked', 0)
  let length = 0
  for (let at = 0; at < many.length; at += 65_536) {
    length += body.feed(many.slice(at, at + 65_536)).join('').length
  }
  expect(length).toBe(16 * 500_000)
  for (const octet of many.slice(0, 2_000_000)) length += body.feed(octet).join('').length
  expect(body.isMalformed).toBe(false)
  body.start('chunked', 0)
  const large = 'y'.repeat(65_536)
  body.feed('40000000\r\n')
  for (let round = 0; round < 1000; round++) expect(body.feed(large)).toEqual([large])
})
