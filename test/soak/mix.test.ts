/** What is asked is drawn from the seed, and every fault has its turn. */
import { expect, test } from 'vitest'
import { FAULTS, PATIENT } from './faults.ts'
import { askingOf, type Mix } from './mix.ts'
import { seedOf } from './random.ts'
import { specIn, bodyFor } from './spec.ts'

const MIX: Mix = { faults: 0.8, leaving: 0.1, whole: 0.2, slow: 0.1, deltas: 50, isPatient: true }

const draw = (mix: Mix, count = 3000) =>
  Array.from({ length: count }, (_, id) => askingOf(id, seedOf(11, id), mix))

test('the same seed asks the same', () => {
  expect(draw(MIX, 50)).toEqual(draw(MIX, 50))
})

test('every fault, chunking and way of leaving comes up', () => {
  const drawn = draw(MIX)
  expect(new Set(drawn.map(({ spec }) => spec.fault))).toEqual(new Set(Object.keys(FAULTS)))
  expect(new Set(drawn.map(({ spec }) => spec.chunking)).size).toBe(4)
  expect(new Set(drawn.map(({ manner }) => manner.leaves?.how)).size).toBe(4)
  expect(drawn.some(({ manner }) => manner.restMs !== undefined)).toBe(true)
  expect(drawn.some(({ manner }) => !manner.stream)).toBe(true)
})

test('a fault has its place within the answer', () => {
  for (const { spec } of draw(MIX)) {
    expect(spec.deltas).toBeGreaterThan(0)
    expect(spec.thinking).toBeLessThanOrEqual(spec.deltas)
    expect(spec.at).toBeLessThan(spec.deltas)
  }
})

test('where time is short nothing waits for a deadline', () => {
  const drawn = draw({ ...MIX, isPatient: false })
  expect(drawn.filter(({ spec }) => PATIENT.includes(spec.fault))).toEqual([])
})

test('the upstream reads the spec that was sent, ballast or not', () => {
  for (const { spec } of draw(MIX, 50)) {
    expect(specIn(JSON.stringify(bodyFor(spec, true)))).toEqual(spec)
    expect(specIn(JSON.stringify(bodyFor(spec, false, 100)))).toEqual(spec)
  }
})
