/** Octets: nothing is lost on the way there and back, and a byte is a character. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromOctets, toOctets } from '../../src/wire/octets.ts'

describe('toOctets', () => {
  test('gives one character for each byte of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(toOctets(text)).toBe(Buffer.from(text, 'utf8').toString('latin1'))
      }),
    )
  })

  test('takes a text longer than any argument list', () => {
    const text = '漢é😀'.repeat(200_000)
    expect(toOctets(text)).toBe(Buffer.from(text, 'utf8').toString('latin1'))
  })
})

describe('fromOctets', () => {
  test('gives the text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fromOctets(toOctets(text))).toBe(text)
      }),
    )
  })

  test('reads any bytes as every decoder of UTF-8 does', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const octets = Buffer.from(bytes).toString('latin1')
        expect(fromOctets(octets)).toBe(Buffer.from(bytes).toString('utf8'))
      }),
    )
  })

  test('keeps a byte order mark: where it means nothing is for others to say', () => {
    expect(fromOctets('\xef\xbb\xbf{}')).toBe('\ufeff{}')
  })
})
