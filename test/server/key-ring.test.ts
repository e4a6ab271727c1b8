/** The client keys in force: what a try costs, what is kept of it, and what a change leaves alone. */
import { Session, type Profiler } from 'node:inspector'
import { setFlagsFromString } from 'node:v8'
import { afterAll, describe, expect, test } from 'vitest'
import type { ClientKey } from '../../src/client-key.ts'
import { hashKey } from '../../src/config/client-keys.ts'
import { KeyRing } from '../../src/server/key-ring.ts'
import { createWrongKeys } from '../../src/server/wrong-keys.ts'
import { collectGarbage } from '../support/collect-garbage.ts'

const keyOf = (name: string, key: string, facts: Partial<ClientKey> = {}): ClientKey => ({
  name,
  sha256: hashKey(key),
  models: null,
  requestsPerMinute: null,
  ...facts,
})

const KEY = 'sk-0123456789abcdef0123456789abcdef'

// Code that was optimised is no longer counted.
for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug']) setFlagsFromString(flag)
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
afterAll(() => session.disconnect())

/** Those that have run since this was last asked. */
const taken = (): number => {
  let scripts: readonly Profiler.ScriptCoverage[] = []
  session.post('Profiler.takePreciseCoverage', (_, { result }) => (scripts = result))
  return scripts
    .filter(({ url }) => url.endsWith('/src/server/key-ring.ts'))
    .flatMap(({ functions }) => functions)
    .flatMap(({ ranges }) => ranges)
    .reduce((sum, { count }) => sum + count, 0)
}

/** Blocks of the ring's source that run meanwhile: a function, a branch, a turn of a loop is one each. */
const blocksOf = (work: () => void): number => {
  taken()
  work()
  return taken()
}

const others = (count: number): readonly ClientKey[] =>
  Array.from({ length: count }, (_, index) => keyOf(`key-${index}`, `sk-other-${index}`))

describe('A-03 a try is the same work', () => {
  const TRIES = 100_000
  const rings = [0, 1, 999].map((count) => new KeyRing([keyOf('laptop', KEY), ...others(count)]))

  const classes: readonly (readonly [what: string, tried: string])[] = [
    ['nothing of the key', `x${'-'.repeat(KEY.length - 1)}`],
    ['its first byte', `s${'-'.repeat(KEY.length - 1)}`],
    ['all but its last byte', `${KEY.slice(0, -1)}-`],
    ['the key itself', KEY],
  ]

  // A clock would tell more of the machine than of the code; what runs is the same on any.
  test.each(classes)('whoever shows %s, and however many keys there are', (_, tried) => {
    for (const ring of rings) {
      const isKey = tried === KEY
      const blocks = blocksOf(() => {
        for (let each = 0; each < TRIES; each++) {
          if ((ring.find(tried) !== undefined) !== isKey) throw new Error('the wrong door')
        }
      })
      // The function, once a try; there is nothing in it to branch or to go round.
      expect(blocks).toBe(TRIES)
    }
  })

  test('and nothing of a key is compared but its digest', () => {
    const ring = new KeyRing([keyOf('laptop', KEY)])
    expect(ring.find(hashKey(KEY))).toBeUndefined()
    expect(ring.find(KEY)?.name).toBe('laptop')
    expect(JSON.stringify(ring.find(KEY))).not.toContain(KEY.slice(0, 8))
  })
})

/** Bytes that are reachable. */
const heap = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe('A-04 ever new keys', () => {
  test('from ever new addresses leave nothing behind, and cost less than 50 µs each', () => {
    const ring = new KeyRing([keyOf('laptop', KEY)])
    let time = 0
    const note = createWrongKeys(100, () => time)
    const flood = (from: number, count: number): void => {
      for (let each = from; each < from + count; each++) {
        time += 0.1
        if (ring.find(`sk-${each}`) !== undefined) throw new Error('the wrong door')
        note(`10.${each >> 16}.${(each >> 8) & 255}.${each & 255}`)
      }
    }
    flood(0, 10_000)
    const before = heap()
    const started = process.cpuUsage()
    flood(10_000, 50_000)
    const { user, system } = process.cpuUsage(started)
    // The thousand addresses that are remembered may have longer names.
    expect(heap() - before).toBeLessThan(1_000_000)
    // Twenty times what it takes: CPU time, for the machine has others to serve.
    expect((user + system) / 50_000).toBeLessThan(50)
  })
})

describe('a change', () => {
  const [laptop, phone] = [keyOf('laptop', 'a'), keyOf('phone', 'b', { requestsPerMinute: 3 })]

  test('counts from then on, and for all', () => {
    const ring = new KeyRing([laptop, phone])
    ring.replace([phone, keyOf('desk', 'c')])
    expect(['a', 'b', 'c'].map((key) => ring.find(key)?.name)).toEqual([undefined, 'phone', 'desk'])
    expect([laptop, phone].map((key) => ring.holds(key))).toEqual([false, true])
    expect(ring.named('laptop')).toBeUndefined()
    expect(ring.named('desk')?.sha256).toBe(hashKey('c'))
  })

  test('lets a key be that is as it was, so that its limit goes on counting', () => {
    const ring = new KeyRing([laptop, phone])
    ring.replace([{ ...phone }, { ...laptop, models: ['m'] }])
    expect(ring.find('b')).toBe(phone)
    expect(ring.find('a')).toEqual({ ...laptop, models: ['m'] })
    // Under other conditions it is still the same key.
    expect(ring.holds(laptop)).toBe(true)
  })

  test('shuts a door that was open, and the other way round', () => {
    const ring = new KeyRing([])
    expect(ring.isEmpty).toBe(true)
    ring.replace([laptop])
    expect(ring.isEmpty).toBe(false)
  })
})
