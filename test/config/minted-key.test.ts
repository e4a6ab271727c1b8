/** Keys that tolk makes: nobody else's by chance, known at a glance, and known to be mistyped. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMistyped, mintKey } from '../../src/config/minted-key.ts'
import { load } from './world.ts'

/** What is written about them, for those who teach secret scanners. */
const PATTERN = /\btolk-[A-Za-z0-9_-]{48}(?![A-Za-z0-9_-])/

/** Of a key: its 256 random bits, and the 32 after them. */
const bytesOf = (key: string): Buffer => Buffer.from(key.slice('tolk-'.length), 'base64url')

test(
  'A-06 of a million no two are the same, and none is like another at any place',
  { timeout: 60_000 },
  () => {
    const keys = new Set<string>()
    const ones = new Uint32Array(36 * 8)
    const COUNT = 1_000_000
    for (let each = 0; each < COUNT; each++) {
      const key = mintKey()
      keys.add(key)
      if (each % 1000 !== 0) continue
      const bytes = bytesOf(key)
      for (let bit = 0; bit < ones.length; bit++) {
        ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1)
      }
    }
    expect(keys.size).toBe(COUNT)
    // Of a thousand, each bit is set in half: seven deviations of 15.8 are met once in some 10^11.
    for (const count of ones) expect(Math.abs(count - 500)).toBeLessThan(7 * 15.8)
  },
)

test('A-06 a scanner finds one in whatever it stands in, and finds nothing that is longer or shorter', () => {
  for (let each = 0; each < 100; each++) {
    const key = mintKey()
    expect(key).toMatch(/^tolk-[A-Za-z0-9_-]{48}$/)
    expect(bytesOf(key)).toHaveLength(36)
    for (const text of [key, `KEY="${key}"`, `Bearer ${key}\n`, `a,${key},b`, `x=${key}&y`]) {
      expect(PATTERN.exec(text)?.[0]).toBe(key)
    }
    for (const text of [key.slice(0, -1), `${key}x`, key.replace('tolk', 'talk')]) {
      expect(text).not.toMatch(PATTERN)
    }
  }
})

test('A-06 its checksum tells a key that was mistyped: one character lost, added, changed or swapped', () => {
  const letter = fc.constantFrom(...'ABCXYZabcxyz0189_-'.split(''))
  const place = fc.integer({ min: 5, max: 52 })
  fc.assert(
    fc.property(place, letter, fc.constantFrom('lose', 'add', 'change', 'swap'), (at, to, how) => {
      const key = mintKey()
      expect(isMistyped(key)).toBe(false)
      const [before, one, next, after] = [
        key.slice(0, at),
        key.charAt(at),
        key.charAt(at + 1),
        key.slice(at + 2),
      ]
      const mistyped = {
        lose: before + next + after,
        add: before + to + one + next + after,
        change: before + to + next + after,
        swap: before + next + one + after,
      }[how]
      expect(isMistyped(mistyped)).toBe(mistyped !== key)
    }),
  )
})

test('A-06 a key whose last character was typed twice is mistyped', () => {
  const key = mintKey()
  expect(isMistyped(key + key.at(-1))).toBe(true)
})

test.each([['sk-own'], ['tolk-'], ['tolk-laptop'], [`tolk-${'a'.repeat(43)}`], ['k'.repeat(53)]])(
  '%s was never meant to be one of ours',
  (key) => {
    expect(isMistyped(key)).toBe(false)
  },
)

test('A-06 a configuration with a mistyped key is told so, and not the key', () => {
  const [right, wrong] = [mintKey(), mintKey().slice(0, -1)]
  const files = { '/run/key': `${wrong}\n`, '/run/keys': `phone=${wrong}\n` }
  expect(load({ env: { TOLK_API_KEYS: `laptop=${right}` } }).warnings).toEqual([])
  for (const world of [
    { env: { TOLK_API_KEYS: `laptop=${wrong}` } },
    { env: { TOLK_API_KEYS_FILE: '/run/keys' } },
    { file: '{ auth: { keys: [{ name: "a", keyFile: "/run/key" }] } }' },
    { file: `{ auth: { keys: [{ name: "a", key: "${wrong}" }] } }` },
  ]) {
    const { warnings, config } = load({ files, ...world })
    expect(warnings).toEqual([expect.stringContaining('looks like one of `tolk key` and is none')])
    expect(warnings.join('')).not.toContain(wrong.slice(5, 15))
    // It is asked for all the same: the operator may have meant it.
    expect(config.auth.keys).toHaveLength(1)
  }
})
