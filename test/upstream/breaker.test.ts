/** Breaker: after how many failures it rests, whom it lets try, and what ends it. */
import { expect, test, vi } from 'vitest'
import { Breaker, REST_MS } from '../../src/upstream/breaker.ts'
import { Connections } from '../../src/upstream/connections.ts'
import type { CircuitState } from '../../src/upstream/incidents.ts'

const start = (failures = 0) => {
  const states: CircuitState[] = []
  const breaker = new Breaker((state) => void states.push(state))
  for (let each = 0; each < failures; each++) breaker.failed(0)
  return { breaker, states }
}

test('nine failures in a row are no outage, ten are', () => {
  const { breaker, states } = start(9)
  expect(breaker.admits(0)).toBe(true)
  breaker.failed(0)
  expect(breaker.admits(0)).toBe(false)
  expect(states).toEqual(['open'])
})

test('what stands in between begins the count anew', () => {
  const { breaker, states } = start(9)
  breaker.stood()
  for (let each = 0; each < 9; each++) breaker.failed(0)
  expect(breaker.admits(0)).toBe(true)
  expect(states).toEqual([])
})

test('one is let through each second, and no other before it is over', () => {
  const { breaker, states } = start(10)
  expect(breaker.admits(REST_MS - 1)).toBe(false)
  expect([breaker.admits(REST_MS), breaker.admits(REST_MS), breaker.admits(9 * REST_MS)]).toEqual([
    true,
    false,
    false,
  ])
  breaker.failed(10_000)
  expect(breaker.admits(10_000 + REST_MS - 1)).toBe(false)
  expect(breaker.admits(10_000 + REST_MS)).toBe(true)
  expect(states).toEqual(['open', 'half-open', 'open', 'half-open'])
})

test('one that stands ends it', () => {
  const { breaker, states } = start(10)
  breaker.admits(REST_MS)
  breaker.stood()
  expect([breaker.admits(REST_MS), breaker.admits(REST_MS)]).toEqual([true, true])
  expect(states).toEqual(['open', 'half-open', 'closed'])
})

test('one that is given up says nothing: the next may try at once', () => {
  const { breaker, states } = start(10)
  breaker.admits(REST_MS)
  breaker.gaveUp()
  expect(breaker.admits(REST_MS)).toBe(true)
  expect(states).toEqual(['open', 'half-open', 'open', 'half-open'])
})

const open = (): never => {
  throw new Error('no socket can be made')
}

test('an attempt that cannot even be begun keeps nobody else from trying', () => {
  const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
  const pool = new Connections({ ready: 'connect', open }, 1000, 0)
  const reply = { head: () => {}, data: () => {}, end: () => {}, fail: () => {} }
  const call = { head: '', body: null, reply, forget: () => {}, lost: () => {} }
  for (let each = 0; each < 10; each++) pool.failed(refused)
  expect(() => pool.connect(call)).toThrow('all failed')
  const clock = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + REST_MS)
  try {
    expect(() => pool.connect(call)).toThrow('no socket')
    expect(() => pool.connect(call)).toThrow('no socket')
  } finally {
    vi.restoreAllMocks()
  }
})
