/** Chance that can be had again. */
import { expect, test } from 'vitest'
import { seeded, seedOf } from './random.ts'

const draw = (seed: number): readonly number[] => {
  const random = seeded(seed)
  return Array.from({ length: 20 }, () => random.between(0, 1_000_000))
}

test('the same seed draws the same, another seed another', () => {
  expect(draw(7)).toEqual(draw(7))
  expect(draw(8)).not.toEqual(draw(7))
})

test('a range has both its ends, and nothing beyond them', () => {
  const random = seeded(1)
  const drawn = new Set(Array.from({ length: 500 }, () => random.between(3, 6)))
  expect(drawn).toEqual(new Set([3, 4, 5, 6]))
})

test('a share is about that share', () => {
  const random = seeded(2)
  const hits = Array.from({ length: 10_000 }, () => random.chance(0.3)).filter(Boolean).length
  expect(hits).toBeGreaterThan(2800)
  expect(hits).toBeLessThan(3200)
})

test('a weight of 0 is never drawn, the others by their weight', () => {
  const random = seeded(3)
  const counts = { never: 0, seldom: 0, often: 0 }
  for (let n = 0; n < 4000; n++) counts[random.weighted({ never: 0, seldom: 1, often: 3 })] += 1
  expect(counts.never).toBe(0)
  expect(counts.often / counts.seldom).toBeGreaterThan(2.5)
  expect(counts.often / counts.seldom).toBeLessThan(3.5)
})

test('seeds of parts differ from each other and from the whole', () => {
  const seeds = [seedOf(1), seedOf(1, 0), seedOf(1, 1), seedOf(1, 0, 1), seedOf(2, 0)]
  expect(new Set(seeds).size).toBe(seeds.length)
})
