import { expect, test } from 'vitest'
import { inTurns } from '../../src/server/in-turns.ts'
import type { Steps } from '../../src/wire/steps.ts'

function* counting(steps: number, note: () => void): Steps<string> {
  for (let step = 0; step < steps; step++) {
    note()
    yield
  }
  return 'done'
}

test('others have their turn between any two steps', async () => {
  const said: string[] = []
  const other = async (left: number): Promise<void> => {
    if (left === 0) return
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    said.push('other')
    await other(left - 1)
  }
  const others = other(3)
  const work = inTurns(
    counting(3, () => said.push('step')),
    { destroyed: false },
  )
  expect(await work).toBe('done')
  await others
  expect(said).toEqual(['step', 'other', 'step', 'other', 'step', 'other'])
})

test('work of one step is done before anything else is', async () => {
  let isNext = false
  setImmediate(() => (isNext = true))
  await inTurns(
    counting(0, () => {}),
    { destroyed: false },
  )
  expect(isNext).toBe(false)
})

test('nothing more is done for a client that left meanwhile', async () => {
  const client = { destroyed: false }
  let steps = 0
  const work = inTurns(
    counting(100, () => {
      steps++
      if (steps === 2) client.destroyed = true
    }),
    client,
  )
  await expect(work).rejects.toMatchObject({ failure: { kind: 'client-closed' } })
  expect(steps).toBe(2)
})

test('what a step throws is thrown', async () => {
  const work = inTurns(
    counting(1, () => {
      throw new Error('a fault')
    }),
    { destroyed: false },
  )
  await expect(work).rejects.toThrow('a fault')
})
