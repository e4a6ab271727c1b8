/** The heap's level: where each begins, and that it does not flutter. */
import { getHeapStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { HeapLevel, type Level, oldGenerationLimit } from '../../src/server/heap-level.ts'

const after = (...shares: readonly number[]): Level => {
  let share = 0
  const heap = new HeapLevel(() => share)
  for (share of shares) heap.look()
  return heap.level
}

test.each<[shares: readonly number[], level: Level]>([
  [[], 'ample'],
  [[0.79], 'ample'],
  [[0.8], 'short'],
  [[0.89], 'short'],
  [[0.9], 'critical'],
  [[1.2], 'critical'],
  [[0.85, 0.75], 'short'],
  [[0.85, 0.7], 'short'],
  [[0.85, 0.69], 'ample'],
  [[0.95, 0.85], 'short'],
  [[0.95, 0.75], 'short'],
  [[0.95, 0.69], 'ample'],
  [[0.85, 0.69, 0.75], 'ample'],
])('R-16 after %j it is %s', (shares, level) => {
  expect(after(...shares)).toBe(level)
})

test('what is forgotten is ample until it is looked at again', () => {
  const heap = new HeapLevel(() => 0.95)
  heap.look()
  heap.forget()
  expect(heap.level).toBe('ample')
  expect(heap.look()).toBe('critical')
})

test('V8’s own reading is a share', () => {
  expect(new HeapLevel().look()).toBe('ample')
})

test('the limit is that of the old generation, which is what runs out', () => {
  const MiB = 2 ** 20
  expect(oldGenerationLimit()).toBeLessThan(getHeapStatistics().heap_size_limit)
  expect(oldGenerationLimit(4096 * MiB)).toBeGreaterThanOrEqual(3900 * MiB)
  // As with --max-old-space-size=64 on a Node whose young generation is large.
  expect(oldGenerationLimit(256 * MiB)).toBeLessThanOrEqual(208 * MiB)
  expect(oldGenerationLimit(64 * MiB)).toBe(16 * MiB)
})
