/** What a request's head holds stays one request: nothing in it can end a line or cut the message anew. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFields, encodeRequestLine, UnfitForHttp } from '../../src/wire/http-request.ts'

test('a request line and fields, each with its end', () => {
  expect(encodeRequestLine('POST', '/a/b?c=%20')).toBe('POST /a/b?c=%20 HTTP/1.1\r\n')
  expect(encodeFields({ accept: 'a, b', 'x-empty': '', 'x-\u0021': 'ä\tb' })).toBe(
    'accept: a, b\r\nx-empty: \r\nx-!: ä\tb\r\n',
  )
  expect(encodeFields({})).toBe('')
})

describe('refused', () => {
  test.for(['', 'a b', 'a:', 'a\r\nb', 'a\n', 'ä', 'a\0', '(a)'])('the name %j', (name) => {
    expect(() => encodeFields({ [name]: 'x' })).toThrow(UnfitForHttp)
  })

  test.for(['a\r\nb: c', 'a\n', '\r', 'a\0', '\u007f', '\u0100', '🙂'])('the value %j', (value) => {
    expect(() => encodeFields({ 'x-a': value })).toThrow(UnfitForHttp)
  })

  test.for([
    'Connection',
    'content-length',
    'expect',
    'Host',
    'keep-alive',
    'TE',
    'trailer',
    'Transfer-Encoding',
    'upgrade',
  ])('%s, which says how the message is cut', (name) => {
    expect(() => encodeFields({ [name]: '1' })).toThrow(UnfitForHttp)
  })

  test.for(['', 'a', '/a b', '/a\r\nX: y', '/a\n', '/\0', '/\u0100', 'http://x/'])(
    'the target %j',
    (target) => {
      expect(() => encodeRequestLine('GET', target)).toThrow(UnfitForHttp)
    },
  )

  test('no value is quoted in the complaint', () => {
    expect(() => encodeFields({ authorization: 'secret\n' })).toThrow(/^(?!.*secret)/s)
  })
})

test('whatever a field holds, it is one line, or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, value) => {
      const lines = encodedOr('refused: 1\r\n', { [name]: value }).split(/[\r\n]+/)
      expect(lines).toHaveLength(2)
      expect(lines[1]).toBe('')
      expect([`${name}: ${value}`, 'refused: 1']).toContain(lines[0])
    }),
  )
})

const encodedOr = (refused: string, fields: Readonly<Record<string, string>>): string => {
  try {
    return encodeFields(fields)
  } catch (refusal) {
    if (refusal instanceof UnfitForHttp) return refused
    throw refusal
  }
}
