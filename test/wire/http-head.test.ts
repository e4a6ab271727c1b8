/** An answer's head means one thing or nothing: what two readers could take for two things is malformed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeadDecoder, MAX_HEAD, MAX_INTERIM, type ResponseHead } from '../../src/wire/http-head.ts'
import { everyWay } from '../support/feed.ts'

type Read = { readonly head: ResponseHead | 'malformed' | null; readonly rest: string }

const read = (slices: readonly string[]): Read => {
  const decoder = new HeadDecoder()
  for (const [index, slice] of slices.entries()) {
    const head = decoder.feed(slice)
    if (head === null) continue
    if (head === 'malformed') return { head, rest: '' }
    return { head, rest: decoder.rest + slices.slice(index + 1).join('') }
  }
  return { head: null, rest: '' }
}

const answer = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n')
const ok = (...lines: readonly string[]): string => answer('HTTP/1.1 200 OK', ...lines)

test('is the same however it is cut, and what follows it is handed on', () => {
  const text = ok('Content-Type: application/x-ndjson', 'X-Empty:', 'Transfer-Encoding: chunked')
  const head = {
    status: 200,
    headers: {
      'content-type': 'application/x-ndjson',
      'x-empty': '',
      'transfer-encoding': 'chunked',
    },
    framing: 'chunked',
    length: 0,
    isKept: true,
    keptMs: null,
  }
  for (const { way, slices } of everyWay(`${text}5\r\nhello\r\n`)) {
    expect({ way, ...read(slices) }).toEqual({ way, head, rest: '5\r\nhello\r\n' })
  }
})

test('one decoder reads the heads of one answer after the other', () => {
  const decoder = new HeadDecoder()
  expect(decoder.feed(`${ok('A: 1')}rest`)).toMatchObject({ status: 200, headers: { a: '1' } })
  decoder.reset()
  expect(decoder.rest).toBe('')
  expect(decoder.feed('HTTP/1.1 404 ')).toBeNull()
  expect(decoder.feed('No\r\n\r\n')).toMatchObject({ status: 404, headers: {} })
})

test('heads that are alike are told apart to the last octet, and what was wrong before is wrong again', () => {
  const dated = (second: number) => ok(`Date: Fri, 21 Nov 2025 11:16:0${second} GMT`, 'A: 1')
  const heads = [dated(1), dated(1), dated(2), dated(1)].map((text) => read([text]).head)
  expect(heads).toEqual(
    [1, 1, 2, 1].map((second) =>
      expect.objectContaining({
        headers: { date: `Fri, 21 Nov 2025 11:16:0${second} GMT`, a: '1' },
      }),
    ),
  )
  const broken = ok('A : 1')
  expect([read([broken]).head, read([broken]).head]).toEqual(['malformed', 'malformed'])
})

describe('the body', () => {
  test.for<[text: string, framing: string, length: number]>([
    [ok('Content-Length: 12'), 'length', 12],
    [ok('Content-Length: 0'), 'length', 0],
    [ok('content-length:\t9007199254740991 \t'), 'length', Number.MAX_SAFE_INTEGER],
    [ok('Content-Length: 7, 7'), 'length', 7],
    [ok('Content-Length: 7', 'Content-Length: 7'), 'length', 7],
    [ok('Transfer-Encoding: chunked'), 'chunked', 0],
    [ok('transfer-encoding:CHUNKED'), 'chunked', 0],
    [ok(), 'until-close', 0],
    [answer('HTTP/1.0 200 OK', 'Content-Length: 3'), 'length', 3],
    [answer('HTTP/1.1 204 No Content'), 'none', 0],
    [answer('HTTP/1.1 304 Not Modified', 'Content-Length: 90'), 'none', 0],
    [answer('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked'), 'none', 0],
  ])('of %j is cut by %s, %i', ([text, framing, length]) => {
    expect(read([text]).head).toMatchObject({ framing, length })
  })
})

describe('the connection', () => {
  test.for<[text: string, isKept: boolean, keptMs: number | null]>([
    [ok('Content-Length: 1'), true, null],
    [ok('Content-Length: 1', 'Connection: close'), false, null],
    [ok('Content-Length: 1', 'Connection: Keep-Alive, CLOSE'), false, null],
    [ok('Content-Length: 1', 'Connection: x', 'Connection: close'), false, null],
    [ok('Content-Length: 1', 'Connection: closed'), true, null],
    [ok(), false, null],
    [answer('HTTP/1.0 200 OK', 'Content-Length: 1'), false, null],
    [answer('HTTP/1.0 200 OK', 'Content-Length: 1', 'Connection: keep-alive'), true, null],
    [answer('HTTP/1.1 204 No Content'), true, null],
    [ok('Content-Length: 1', 'Keep-Alive: timeout=5'), true, 5000],
    [ok('Content-Length: 1', 'Keep-Alive: max=3, Timeout = "60"'), true, 60_000],
    [ok('Content-Length: 1', 'Keep-Alive: xtimeout=5'), true, null],
    [ok('Content-Length: 1', 'Keep-Alive: timeout=soon'), true, null],
  ])('after %j: kept %s, for %s ms', ([text, isKept, keptMs]) => {
    expect(read([text]).head).toMatchObject({ isKept, keptMs })
  })
})

describe('headers', () => {
  test('of one name are joined, and none of them is one of every object', () => {
    const { head } = read([ok('X-A: 1', 'x-a:2', 'Content-Length: 0')])
    const headers = typeof head === 'object' ? head?.headers : undefined
    expect(headers?.['x-a']).toBe('1, 2')
    expect(headers?.['constructor']).toBeUndefined()
    expect({ ...headers }).toEqual({ 'x-a': '1, 2', 'content-length': '0' })
  })

  test('may be named as objects’ own parts are', () => {
    const { head } = read([ok('__proto__: x', 'constructor: y')])
    expect(Object.keys(typeof head === 'object' ? (head?.headers ?? {}) : {})).toEqual([
      '__proto__',
      'constructor',
    ])
  })

  test('keep their octets, and the blanks within', () => {
    const { head } = read([ok('X-A: \t a \t b\u00e4\u00a0 \t')])
    expect(head).toMatchObject({ headers: { 'x-a': 'a \t b\u00e4\u00a0' } })
  })
})

describe('malformed', () => {
  test.for<[why: string, text: string]>([
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['nothing but an end', '\r\n\r\n'],
    ['an empty line before it', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['HTTP/2', answer('HTTP/2 200')],
    ['a version nobody knows', answer('HTTP/1.2 200 OK')],
    ['lower case', answer('http/1.1 200 OK')],
    ['no status', answer('HTTP/1.1')],
    ['a status of two digits', answer('HTTP/1.1 20 OK')],
    ['a status of four', answer('HTTP/1.1 2000 OK')],
    ['a status below 100', answer('HTTP/1.1 099 Odd')],
    ['two blanks before the status', answer('HTTP/1.1  200 OK')],
    ['a control character in the reason', answer('HTTP/1.1 200 O\u0007K')],
    ['a switch to another protocol', answer('HTTP/1.1 101 Switching', 'Upgrade: websocket')],
    ['a header without a colon', ok('Content-Length 12')],
    ['a header without a name', ok(': 12')],
    ['a blank in a name', ok('Content Length: 12')],
    ['a blank before the colon', ok('Content-Length : 12')],
    ['a name beyond ASCII', ok('X-\u00e4: 12')],
    ['a folded line', ok('X-A: 1', ' 2')],
    ['a folded first line', ok(' X-A: 1')],
    ['a bare CR in a value', ok('X-A: 1\r2')],
    ['a bare LF after a value', ok('X-A: 1\nX-B: 2')],
    ['a bare LF after the status', 'HTTP/1.1 200 OK\nX-A: 1\r\n\r\n'],
    ['bare LFs alone', 'HTTP/1.1 200 OK\n\n'],
    ['a NUL in a value', ok('X-A: 1\0')],
    ['a NUL in a name', ok('X\0: 1')],
    ['a DEL in a value', ok('X-A: \u007f')],
    ['two lengths', ok('Content-Length: 2', 'Content-Length: 3')],
    ['two lengths in a line', ok('Content-Length: 2, 3')],
    ['a length and chunks', ok('Content-Length: 2', 'Transfer-Encoding: chunked')],
    ['chunks and a length', ok('Transfer-Encoding: chunked', 'Content-Length: 2')],
    ['a coding we did not ask for', ok('Transfer-Encoding: gzip, chunked')],
    ['chunks twice', ok('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['chunks that are not last', ok('Transfer-Encoding: chunked, identity')],
    ['identity', ok('Transfer-Encoding: identity')],
    ['an empty coding', ok('Transfer-Encoding:')],
    ['a coding with a control character', ok('Transfer-Encoding: \u000bchunked')],
    ['chunks in HTTP/1.0', answer('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')],
    ...['', '+2', '-2', '0x2', '2.0', '2e3', '2 3', ',2', '2,', '\u00a02', '9007199254740992'].map(
      (length): [string, string] => [`a length of "${length}"`, ok(`Content-Length: ${length}`)],
    ),
    ['a length that no number holds', ok(`Content-Length: ${'9'.repeat(400)}`)],
  ])('is %s', ([, text]) => {
    for (const { way, slices } of everyWay(text, 2)) {
      expect({ way, ...read(slices) }).toEqual({ way, head: 'malformed', rest: '' })
    }
  })

  test.for([
    ['the longest head is taken', 0, 'HTTP/1.1'],
    ['a longer one is not', 1, 'malformed'],
  ] as const)('%s', ([, more, expected]) => {
    const bare = ok('X-A: ').length - '\r\n\r\n'.length
    const text = ok(`X-A: ${'x'.repeat(MAX_HEAD - bare + more)}`)
    for (const slices of [[text], [text.slice(0, -1), '\n'], [text.slice(0, 5), text.slice(5)]]) {
      const { head } = read(slices)
      expect(head === 'malformed' ? head : 'HTTP/1.1').toBe(expected)
    }
  })

  test('is a head that never ends, no later than the limit', () => {
    const decoder = new HeadDecoder()
    let fed = 0
    let head: ReturnType<HeadDecoder['feed']> = decoder.feed('HTTP/1.1 200 OK\r\nX-A: ')
    for (; head === null && fed < 2 * MAX_HEAD; fed += 100) head = decoder.feed('x'.repeat(100))
    expect(head).toBe('malformed')
    expect(fed).toBeLessThanOrEqual(MAX_HEAD + 100)
  })
})

describe('interim answers', () => {
  const hint = answer('HTTP/1.1 103 Early Hints', 'Link: </x>')

  test('are skipped, however they are cut', () => {
    const text = `${answer('HTTP/1.1 100 Continue')}${hint}${ok('Content-Length: 2')}ok`
    for (const { way, slices } of everyWay(text)) {
      const { head, rest } = read(slices)
      expect({ way, rest, head }).toMatchObject({ way, rest: 'ok', head: { status: 200 } })
    }
  })

  test('are skipped so often, and then no more', () => {
    const end = ok('Content-Length: 0')
    expect(read([hint.repeat(MAX_INTERIM) + end]).head).toMatchObject({ status: 200 })
    expect(read([hint.repeat(MAX_INTERIM + 1) + end]).head).toBe('malformed')
    expect(read(hint.repeat(MAX_INTERIM + 1).split('')).head).toBe('malformed')
  })

  test('of one answer are not counted to the next', () => {
    const decoder = new HeadDecoder()
    for (let round = 0; round < 3; round++) {
      expect(decoder.feed(hint.repeat(MAX_INTERIM) + ok())).toMatchObject({ status: 200 })
      decoder.reset()
    }
  })
})

test('whatever comes, and however it is cut, it is a head, malformed, or not yet at its end', () => {
  const token = fc.constantFrom(
    'HTTP/1.1 200 OK',
    'HTTP/1.1 103 X',
    'HTTP/1.0 404',
    '\r\n',
    '\r\n\r\n',
    '\r',
    '\n',
    ':',
    ' ',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'X-A: b',
    '\0',
    '5',
    ',',
  )
  const octets = fc.oneof(
    { weight: 9, arbitrary: token },
    { weight: 1, arbitrary: fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(char) }) },
  )
  const begun = fc.array(octets, { maxLength: 30 }).map((parts) => parts.join(''))
  const text = fc.oneof(
    begun,
    begun.map((more) => `HTTP/1.1 200 OK\r\n${more}`),
  )
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 300 }), { maxLength: 6 }), (whole, places) => {
      expect(read(cutAt(whole, places))).toEqual(read([whole]))
    }),
    { numRuns: 2000 },
  )
})

const char = (code: number): string => String.fromCharCode(code)

const cutAt = (text: string, places: readonly number[]): readonly string[] => {
  const cuts = places.map((place) => place % (text.length + 1)).toSorted((a, b) => a - b)
  return [0, ...cuts].map((from, index) => text.slice(from, cuts[index]))
}
