/** Places and the queue for them: bounded, fair, and left by those who leave. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientKey } from '../../src/client-key.ts'
import { Failed } from '../../src/failure.ts'
import { Admission, type AdmissionLimits, type Place } from '../../src/server/admission.ts'
import { HeapLevel } from '../../src/server/heap-level.ts'
import { now } from '../../src/ticker.ts'
import { collectGarbage } from '../support/collect-garbage.ts'

const LIMITS: AdmissionLimits = {
  maxInFlight: 1,
  perKeyInFlight: 0,
  maxQueued: 10,
  queueTimeoutMs: 60_000,
}

const keyNamed = (name: string): ClientKey => ({
  name,
  sha256: '',
  models: null,
  requestsPerMinute: null,
})
const A = keyNamed('a')
const B = keyNamed('b')

/** A place that need not be waited for. */
const seated = (admission: Admission, key: ClientKey | null = null): Place => {
  const place = admission.enter(key)
  if (place.wait !== undefined) throw new Error('it waits')
  return place
}

/** Enters so many times, and leaves as soon as it is let in; notes in `order` whose turn it was. */
const queueUp = (admission: Admission, key: ClientKey | null, count: number, order: string[]) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const place = admission.enter(key)
      await place.wait
      order.push(key?.name ?? '')
      place.leave()
    }),
  )

const refusalOf = (enter: () => unknown): unknown => {
  try {
    enter()
  } catch (error) {
    return error instanceof Failed ? error.failure : error
  }
  return undefined
}

describe('a place', () => {
  test('is given at once when there is one', () => {
    const admission = new Admission({ ...LIMITS, maxInFlight: 2 })
    expect(seated(admission).isHeld).toBe(true)
    seated(admission)
    expect(admission.inFlight).toBe(2)
    expect(admission.queued).toBe(0)
  })

  test('is given back once, however often it is said', () => {
    const admission = new Admission(LIMITS)
    const place = seated(admission)
    place.leave()
    place.leave()
    expect(place.isHeld).toBe(false)
    expect(admission.inFlight).toBe(0)
    seated(admission)
    expect(admission.enter(null).wait).toBeInstanceOf(Promise)
  })

  test('that is given back goes to the one who waits longest', async () => {
    const admission = new Admission(LIMITS)
    const first = seated(admission)
    const places = [1, 2, 3].map(() => admission.enter(null))
    expect(admission.queued).toBe(3)
    let holder = first
    for (const place of places) {
      holder.leave()
      expect(await place.wait).toBe('in')
      expect(places.filter(({ isHeld }) => isHeld)).toEqual([place])
      holder = place
    }
    holder.leave()
    expect([admission.inFlight, admission.queued]).toEqual([0, 0])
  })

  test('is never given to more than there are, whatever they do', () => {
    const moves = fc.array(
      fc.record({
        who: fc.constantFrom(A, B, null),
        leaves: fc.option(fc.nat(), { nil: undefined }),
      }),
      { maxLength: 200 },
    )
    const limits = { ...LIMITS, maxInFlight: 3, perKeyInFlight: 4, maxQueued: 3 }
    fc.assert(
      fc.property(moves, (all) => {
        const admission = new Admission(limits)
        const places: Place[] = []
        for (const { who, leaves } of all) {
          if (leaves !== undefined) places[leaves % places.length]?.leave()
          else if (refusalOf(() => places.push(admission.enter(who))) !== undefined) continue
          const held = places.filter(({ isHeld }) => isHeld).length
          expect(admission.inFlight).toBe(held)
          expect(held).toBeLessThanOrEqual(3)
          expect(admission.queued).toBeLessThanOrEqual(3)
          // Nobody waits beside a place that is free.
          expect(admission.queued > 0 && held < 3).toBe(false)
        }
        for (const place of places) place.leave()
        expect([admission.inFlight, admission.queued]).toEqual([0, 0])
      }),
    )
  })
})

describe('another place', () => {
  test('is given beside the first while one is free, and counts as any other', () => {
    const admission = new Admission({ ...LIMITS, maxInFlight: 2 })
    seated(admission, A)
    const second = admission.another(A)
    expect(second?.isHeld).toBe(true)
    expect(admission.inFlight).toBe(2)
    expect(admission.enter(B).wait).toBeDefined()
    second?.leave()
    expect(admission.inFlight).toBe(2)
  })

  test('is not waited for, and pushes nobody away', () => {
    const admission = new Admission({ ...LIMITS, maxQueued: 1 })
    seated(admission, A)
    const waiting = admission.enter(B)
    expect(admission.another(A)).toBeUndefined()
    expect([admission.inFlight, admission.queued, waiting.isHeld]).toEqual([1, 1, false])
  })

  test('R-11 is within what the key may have, and is no refusal where it may have no more', () => {
    const admission = new Admission({ ...LIMITS, maxInFlight: 9, perKeyInFlight: 2 })
    seated(admission, A)
    expect(admission.another(A)).toBeDefined()
    expect(admission.another(A)).toBeUndefined()
    expect(admission.inFlight).toBe(2)
  })

  test('is for those that have one', () => {
    expect(new Admission(LIMITS).another(A)).toBeUndefined()
  })
})

describe('R-13 a key that floods waits for itself', () => {
  test('places go round among the keys that wait', async () => {
    const admission = new Admission({ ...LIMITS, maxQueued: 100 })
    const first = seated(admission, A)
    const order: string[] = []
    const flood = queueUp(admission, A, 50, order)
    const other = queueUp(admission, B, 3, order)
    first.leave()
    await Promise.all([flood, other])
    expect(order.slice(0, 6)).toEqual(['b', 'a', 'b', 'a', 'b', 'a'])
  })

  test('a key without any comes before one that has many, however long that has waited', async () => {
    const admission = new Admission({ ...LIMITS, maxInFlight: 4, maxQueued: 100 })
    const places = Array.from({ length: 4 }, () => seated(admission, A))
    Array.from({ length: 50 }, () => admission.enter(A))
    const others = Array.from({ length: 10 }, () => admission.enter(B))
    places[0]?.leave()
    places[1]?.leave()
    expect(others.filter(({ isHeld }) => isHeld)).toHaveLength(2)
    // Two each: from here on they take turns.
    places[2]?.leave()
    places[3]?.leave()
    expect(others.filter(({ isHeld }) => isHeld)).toHaveLength(2)
  })

  test('and makes way in a full queue, by the last that it put there', async () => {
    const admission = new Admission({ ...LIMITS, maxQueued: 4 })
    const first = seated(admission, A)
    const flood = Array.from({ length: 4 }, () => admission.enter(A))
    const others = [admission.enter(B), admission.enter(B)]
    expect(await flood[3]?.wait).toMatchObject({ kind: 'overloaded', shed: 'queue-full' })
    expect(await flood[2]?.wait).toMatchObject({ kind: 'overloaded', shed: 'queue-full' })
    expect(admission.queued).toBe(4)
    // Two each is fair: nobody makes way any more.
    expect(refusalOf(() => admission.enter(B))).toMatchObject({ shed: 'queue-full' })
    expect(refusalOf(() => admission.enter(A))).toMatchObject({ shed: 'queue-full' })
    first.leave()
    expect([...flood, ...others].map(({ isHeld }) => isHeld).filter(Boolean)).toHaveLength(1)
  })

  test('the other’s wait is at most twice what it would be without it, and a turn that is not cut short', () => {
    const load = fc.record({
      places: fc.integer({ min: 1, max: 8 }),
      flood: fc.integer({ min: 1, max: 60 }),
      requests: fc.integer({ min: 1, max: 20 }),
      // When each of those that are under way ends, in lengths of a turn.
      ends: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 8, maxLength: 8 }),
    })
    fc.assert(
      fc.property(load, ({ places, flood, requests, ends }) => {
        const beside = waitsOf({ places, flood, requests, ends })
        const alone = waitsOf({ places, flood: 0, requests, ends })
        for (const [at, wait] of beside.entries()) {
          expect(wait).toBeLessThanOrEqual(2 * (alone[at] ?? 0) + TURN)
        }
        // The first of them, which waits behind none of its own, does not feel the flood at all.
        expect(beside[0]).toBe(alone[0])
      }),
    )
  })
})

/** How long a turn is, in the steps of {@link waitsOf}. */
const TURN = 10

type Load = {
  readonly places: number
  /** How many A has waiting when B comes. */
  readonly flood: number
  /** How many B then has. */
  readonly requests: number
  readonly ends: readonly number[]
}

/** Plays it step by step, every place being A's when B comes. @returns how long each of B's waits. */
const waitsOf = ({ places, flood, requests, ends }: Load): readonly number[] => {
  const admission = new Admission({ ...LIMITS, maxInFlight: places, maxQueued: 1000 })
  const running = ends.slice(0, places).map((end) => ({ place: seated(admission, A), end }))
  const waiting = [
    ...Array.from({ length: flood }, () => ({ place: admission.enter(A), isB: false })),
    ...Array.from({ length: requests }, () => ({ place: admission.enter(B), isB: true })),
  ]
  const waits: number[] = []
  for (let time = 1; admission.inFlight > 0; time++) {
    for (const turn of running.filter(({ end }) => end === time)) {
      turn.place.leave()
      for (const each of waiting.filter(({ place }) => place.isHeld)) {
        waiting.splice(waiting.indexOf(each), 1)
        running.push({ place: each.place, end: time + TURN })
        if (each.isB) waits.push(time)
      }
    }
  }
  return waits
}

test('nothing is kept of a key none of whose turns is left', async () => {
  const admission = new Admission(LIMITS)
  const first = seated(admission, A)
  const gone = [keyNamed('in'), keyNamed('waiting')].map((key) => {
    const place = admission.enter(key)
    first.leave()
    place.leave()
    return new WeakRef(key)
  })
  await expect
    .poll(() => {
      collectGarbage()
      return gone.filter((key) => key.deref() !== undefined)
    })
    .toEqual([])
  expect(admission.inFlight).toBe(0)
})

describe('R-12 the queue', () => {
  test('sends away whoever finds it full, and says when to come back', () => {
    const admission = new Admission({ ...LIMITS, maxQueued: 2 })
    seated(admission)
    admission.enter(null)
    admission.enter(null)
    for (const ask of [() => admission.check(null), () => admission.enter(null)]) {
      expect(refusalOf(ask)).toMatchObject({
        kind: 'overloaded',
        shed: 'queue-full',
        retryAfterMs: expect.any(Number),
      })
    }
    expect(admission.queued).toBe(2)
  })

  test('of no length has nobody wait', () => {
    const admission = new Admission({ ...LIMITS, maxQueued: 0 })
    admission.check(A)
    const place = seated(admission, A)
    expect(refusalOf(() => admission.enter(B))).toMatchObject({ kind: 'overloaded' })
    place.leave()
    seated(admission, B)
  })

  test.each([
    [100, 800, 1200],
    [5000, 4000, 6000],
    [600_000, 20_000, 30_000],
  ])('after waits of %i ms says %i to %i ms', (queueTimeoutMs, least, most) => {
    const said = Array.from({ length: 50 }, () => {
      const admission = new Admission({ ...LIMITS, maxQueued: 1, queueTimeoutMs })
      seated(admission)
      admission.enter(null)
      admission.tick(now() + queueTimeoutMs + 1)
      admission.enter(null)
      const refusal = refusalOf(() => admission.enter(null))
      if (typeof refusal !== 'object' || refusal === null || !('retryAfterMs' in refusal)) return 0
      return Number(refusal.retryAfterMs)
    })
    expect(Math.min(...said)).toBeGreaterThanOrEqual(least)
    expect(Math.max(...said)).toBeLessThanOrEqual(most)
    // Those who were refused together do not come back together.
    expect(new Set(said).size).toBeGreaterThan(5)
  })

  test('lets nobody wait longer than allowed', async () => {
    const admission = new Admission({ ...LIMITS, queueTimeoutMs: 500 })
    const first = seated(admission)
    const late = admission.enter(A)
    admission.tick(now() + 400)
    expect(admission.queued).toBe(1)
    admission.tick(now() + 600)
    expect(await late.wait).toMatchObject({ kind: 'overloaded', shed: 'queue-timeout' })
    expect([late.isHeld, admission.queued]).toEqual([false, 0])
    first.leave()
    expect(admission.inFlight).toBe(0)
  })

  test('may have no deadline', () => {
    const admission = new Admission({ ...LIMITS, queueTimeoutMs: 0 })
    seated(admission)
    admission.enter(A)
    admission.tick(now() + 1e9)
    expect(admission.queued).toBe(1)
  })

  test('C-02 is left by those who leave, who get no place', async () => {
    const admission = new Admission(LIMITS)
    const first = seated(admission)
    const [left, next] = [admission.enter(A), admission.enter(A)]
    left.leave()
    left.leave()
    expect(await left.wait).toBe('left')
    expect(admission.queued).toBe(1)
    first.leave()
    expect([left.isHeld, next.isHeld, admission.inFlight]).toEqual([false, true, 1])
  })

  test('tells how long it is, each time', () => {
    const lengths: number[] = []
    const admission = new Admission(LIMITS, { onQueue: (length) => lengths.push(length) })
    const first = seated(admission)
    const [one] = [admission.enter(A), admission.enter(A)]
    one.leave()
    first.leave()
    expect(lengths).toEqual([1, 2, 1, 0])
  })

  test('tells those who got in how long they waited', async () => {
    const admission = new Admission(LIMITS)
    const first = seated(admission)
    const place = admission.enter(A)
    const since = now()
    while (now() < since + 2);
    first.leave()
    expect(place.waitedMs).toBeGreaterThanOrEqual(2)
    expect(first.waitedMs).toBe(0)
  })
})

describe('R-11 a key', () => {
  const limits = { ...LIMITS, maxInFlight: 100, perKeyInFlight: 2 }

  test('that has all it may have is refused at once, and the others are not', () => {
    const admission = new Admission(limits)
    seated(admission, A)
    seated(admission, A)
    for (const ask of [() => admission.check(A), () => admission.enter(A)]) {
      expect(refusalOf(ask)).toMatchObject({ kind: 'rate-limited', retryAfterMs: 1000 })
    }
    seated(admission, B)
    for (let each = 0; each < 5; each++) seated(admission)
  })

  test('counts what waits too', () => {
    const admission = new Admission({ ...limits, maxInFlight: 1 })
    seated(admission, A)
    expect(admission.enter(A).wait).toBeInstanceOf(Promise)
    expect(refusalOf(() => admission.enter(A))).toMatchObject({ kind: 'rate-limited' })
  })

  test('gets its places back, also those it did not come to have', () => {
    const admission = new Admission({ ...limits, maxInFlight: 1, maxQueued: 1 })
    const first = seated(admission, A)
    const waiting = admission.enter(A)
    expect(refusalOf(() => admission.enter(B))).toMatchObject({ kind: 'overloaded' })
    waiting.leave()
    first.leave()
    for (let round = 0; round < 6; round++) seated(admission, round % 2 === 0 ? A : B).leave()
    expect(admission.inFlight).toBe(0)
  })

  test('may be given no limit', () => {
    const admission = new Admission({ ...limits, perKeyInFlight: 0 })
    for (let each = 0; each < 50; each++) seated(admission, A)
    expect(admission.inFlight).toBe(50)
  })
})

/** With a heap whose share a test says. */
const withHeap = () => {
  const heap = { share: 0.1 }
  const admission = new Admission(LIMITS, { heap: new HeapLevel(() => heap.share) })
  const reads = (share: number): void => {
    heap.share = share
    admission.tick(now())
  }
  return { admission, reads }
}

describe('R-16 short of memory', () => {
  test('nobody new comes in, until there is enough again', () => {
    const { admission, reads } = withHeap()
    seated(admission)
    reads(0.85)
    expect(admission.isShortOfMemory).toBe(true)
    for (const ask of [() => admission.check(null), () => admission.enter(null)]) {
      expect(refusalOf(ask)).toMatchObject({ kind: 'overloaded', shed: 'memory' })
    }
    reads(0.6)
    expect(admission.isShortOfMemory).toBe(false)
    expect(admission.enter(null).wait).toBeInstanceOf(Promise)
  })

  test('nobody gets another place', () => {
    const heap = new HeapLevel(() => 0.85)
    const admission = new Admission({ ...LIMITS, maxInFlight: 2 }, { heap })
    seated(admission)
    const second = admission.another(null)
    expect(second?.isHeld).toBe(true)
    second?.leave()
    admission.tick(now())
    expect(admission.another(null)).toBeUndefined()
    expect(admission.inFlight).toBe(1)
  })

  test('those who wait keep waiting, until it is critical', async () => {
    const { admission, reads } = withHeap()
    const first = seated(admission)
    const waiting = [admission.enter(A), admission.enter(A), admission.enter(B)]
    reads(0.85)
    expect(admission.queued).toBe(3)
    reads(0.95)
    for (const { wait } of waiting) {
      expect(await wait).toMatchObject({ kind: 'overloaded', shed: 'memory' })
    }
    // What is under way goes on: its end is what frees memory.
    expect([first.isHeld, admission.queued]).toEqual([true, 0])
  })

  test('with nothing under way it is no reason: refused work would free nothing', () => {
    const { admission, reads } = withHeap()
    const first = seated(admission)
    reads(0.95)
    first.leave()
    expect(admission.isShortOfMemory).toBe(false)
    seated(admission)
    expect(admission.isShortOfMemory).toBe(false)
    reads(0.95)
    expect(admission.isShortOfMemory).toBe(true)
  })
})
