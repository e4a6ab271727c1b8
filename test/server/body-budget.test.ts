/** The budget of all bodies: counted as they come, given back once. */
import { expect, test } from 'vitest'
import { Failed } from '../../src/failure.ts'
import { BodyBudget } from '../../src/server/body-budget.ts'

test('R-05 the bodies of all are counted together, byte by byte', () => {
  const budget = new BodyBudget(1000)
  const [one, other] = [budget.open(), budget.open()]
  expect(one.take(600)).toBeUndefined()
  expect(other.take(400)).toBeUndefined()
  expect(other.take(1)).toBeInstanceOf(Failed)
  expect(other.take(1)?.failure).toMatchObject({ kind: 'overloaded', shed: 'bodies' })
  // What was refused is not held.
  expect(budget.heldBytes).toBe(1000)
  one.release()
  expect(other.take(600)).toBeUndefined()
})

test('R-05 is given back once, however often it is said', () => {
  const budget = new BodyBudget(1000)
  const [one, other] = [budget.open(), budget.open()]
  one.take(600)
  other.take(300)
  one.release()
  one.release()
  expect(budget.heldBytes).toBe(300)
})

test('R-05 a length that is announced is refused when there is no room, and is not set aside when there is', () => {
  const budget = new BodyBudget(1000)
  const one = budget.open()
  one.expect(1000)
  budget.open().expect(1000)
  expect(budget.heldBytes).toBe(0)
  one.take(1)
  expect(() => budget.open().expect(1000)).toThrow(Failed)
})

test('R-05 what is handed over is given back by the heir alone', () => {
  const budget = new BodyBudget(1000)
  const one = budget.open()
  one.take(600)
  const heir = one.handOver()
  one.release()
  expect(budget.heldBytes).toBe(600)
  heir.release()
  expect(budget.heldBytes).toBe(0)
})
