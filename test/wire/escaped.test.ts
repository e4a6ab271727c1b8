/** Escaped text: one spelling, there and back, and joined as it was said. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromEscaped, toEscaped } from '../../src/wire/escaped.ts'

const anyText = fc.string({ unit: 'binary' })

test('stands between quotes in any JSON, as UTF-8', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const json = Buffer.from(`"${toEscaped(text)}"`, 'latin1').toString('utf8')
      expect(json).toBe(JSON.stringify(text))
    }),
  )
})

test('gives the text back', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(fromEscaped(toEscaped(text))).toBe(text)
    }),
  )
})

test('joined it is the text of both', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
      expect(fromEscaped(toEscaped(one) + toEscaped(other))).toBe(one + other)
    }),
  )
})
