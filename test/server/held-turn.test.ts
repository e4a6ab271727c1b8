/** A turn and its place: waited for, held, and given back on every way out. */
import { describe, expect, test, vi } from 'vitest'
import type { Failure } from '../../src/failure.ts'
import { Admission } from '../../src/server/admission.ts'
import { HeldTurn } from '../../src/server/held-turn.ts'
import type { RequestRecord } from '../../src/server/request-record.ts'
import { now } from '../../src/ticker.ts'

const start = (limits: { readonly maxQueued?: number } = {}) => {
  const places = new Admission({
    maxInFlight: 1,
    perKeyInFlight: 0,
    maxQueued: 4,
    queueTimeoutMs: 1000,
    ...limits,
  })
  const enter = () => {
    const fail = vi.fn<(failure: Failure) => void>()
    const record: RequestRecord = { id: 'req_1', started: 0, deltas: 0, heartbeats: 0 }
    return { held: new HeldTurn({ fail }, places.enter(null), record), fail, record }
  }
  return { places, enter }
}

describe('gives its place back once', () => {
  test.each<[what: string, end: (turn: HeldTurn) => void]>([
    ['when its response is done with', (turn) => turn.over()],
    ['when it is ended from outside', (turn) => turn.fail({ kind: 'draining' })],
    [
      'when one follows the other',
      (turn) => {
        turn.fail({ kind: 'draining' })
        turn.over()
      },
    ],
  ])('%s', (_, end) => {
    const { places, enter } = start()
    const { held } = enter()
    const { held: next } = enter()
    end(held)
    expect([places.inFlight, places.queued]).toEqual([1, 0])
    next.over()
    expect(places.inFlight).toBe(0)
  })
})

test('waits for its place, and notes how long', async () => {
  const { enter } = start()
  const { held: first } = enter()
  const { held, record, fail } = enter()
  const waiting = held.hasItsPlace()
  first.over()
  expect(await waiting).toBe(true)
  expect(record.queueMs).toBeGreaterThanOrEqual(0)
  expect(fail).not.toHaveBeenCalled()
})

test('tells its client what came instead of a place, and the log what was full', async () => {
  const { places, enter } = start()
  enter()
  const { held, record, fail } = enter()
  places.tick(now() + 2000)
  expect(await held.hasItsPlace()).toBe(false)
  expect(fail.mock.calls).toMatchObject([[{ kind: 'overloaded', shed: 'queue-timeout' }]])
  expect(record).toMatchObject({ failure: 'overloaded', shed: 'queue-timeout' })
})

test('C-02 does not start for a client that left while it waited, nor in the moment after', async () => {
  const { enter } = start()
  const { held: first } = enter()
  const { held: early, fail } = enter()
  const { held: late } = enter()
  const waiting = [early.hasItsPlace(), late.hasItsPlace()]
  early.over()
  first.over()
  // Its place is given, and nobody has heard of it yet.
  late.over()
  expect(await Promise.all(waiting)).toEqual([false, false])
  expect(fail).not.toHaveBeenCalled()
})

test('is told once, when a drain ends it while it waits', async () => {
  const { places, enter } = start()
  enter()
  const { held, record, fail } = enter()
  const waiting = held.hasItsPlace()
  held.fail({ kind: 'draining' })
  expect(await waiting).toBe(false)
  expect(fail.mock.calls).toEqual([[{ kind: 'draining' }]])
  expect(record.failure).toBe('draining')
  expect(places.queued).toBe(0)
})
