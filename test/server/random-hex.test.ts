import { expect, test } from 'vitest'
import { randomHex } from '../../src/server/random-hex.ts'

test('is 128 bits, and never the same, beyond what one fill of the pool gives', () => {
  const ids = Array.from({ length: 2000 }, randomHex)
  expect(ids.filter((id) => !/^[0-9a-f]{32}$/.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(2000)
})

test('sets each of its bits about half of the time', () => {
  const ids = Array.from({ length: 4000 }, () => BigInt(`0x${randomHex()}`))
  for (let bit = 0n; bit < 128n; bit += 1n) {
    const set = ids.filter((id) => (id >> bit) & 1n).length
    // Ten standard deviations.
    expect(Math.abs(set - 2000)).toBeLessThan(320)
  }
})
