/** Wrong keys: how many an address may show, and whose address counts as whose. */
import { expect, test } from 'vitest'
import { createWrongKeys } from '../../src/server/wrong-keys.ts'

const setUp = (perMinute: number) => {
  const clock = { ms: 1000 }
  return { clock, note: createWrongKeys(perMinute, () => clock.ms) }
}

const times = <T>(count: number, work: () => T): readonly T[] => Array.from({ length: count }, work)

/** One of many. */
const address = (at: number) => `10.0.${at >> 8}.${at & 255}`

test('so many are mistakes, one more has to wait, and they are forgiven evenly', () => {
  const { clock, note } = setUp(6)
  const waits = () => note('10.0.0.1')
  expect(times(6, waits)).toEqual([0, 0, 0, 0, 0, 0])
  expect(times(3, waits)).toEqual([10_000, 10_000, 10_000])
  clock.ms += 4000
  expect(waits()).toBeCloseTo(6000)
  clock.ms += 6000
  expect(times(2, waits)).toEqual([0, 10_000])
  clock.ms += 3_600_000
  expect(times(7, waits).filter((ms) => ms > 0)).toHaveLength(1)
})

test.each<[what: string, one: string, other: string, isSame: boolean]>([
  ['another address', '10.0.0.1', '10.0.0.2', false],
  ['IPv4 on a socket of both families', '10.0.0.1', '::ffff:10.0.0.1', true],
  ['the same IPv6 network', '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
  ['the same network, with zeros left out', '2001:db8::5', '2001:db8:0:0:7::', true],
  ['another IPv6 network', '2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['loopback and another', '::1', '2001:db8::1', false],
  ['the same link', 'fe80::1%eth0', 'fe80::2%eth0', true],
])('%s: %s and %s count together: %s', (_, one, other, isSame) => {
  const { note } = setUp(1)
  expect(note(one)).toBe(0)
  expect(note(other) > 0).toBe(isSame)
})

test('0 is no limit', () => {
  const { note } = setUp(0)
  expect(times(5, () => note('10.0.0.1'))).toEqual([0, 0, 0, 0, 0])
})

test('of very many addresses the one that was silent longest is forgotten', () => {
  const { note } = setUp(1)
  for (let at = 0; at < 1000; at++) note(address(at))
  // Seen again, it is no longer the oldest.
  expect(note(address(0))).toBeGreaterThan(0)
  note(address(1000))
  expect(note(address(0))).toBeGreaterThan(0)
  expect(note(address(1))).toBe(0)
})
