/** Labels are words of ours, whatever a client sends. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { routeOf } from '../../src/metrics/labels.ts'
import { phaseOf } from '../../src/server/observer.ts'

test.for([
  ['/v1/chat/completions', '/v1/chat/completions'],
  ['/v1/models', '/v1/models'],
  ['/v1/models/llama3:8b', '/v1/models/{id}'],
  ['/v1/models/a/b/c', '/v1/models/{id}'],
  ['/livez', '/livez'],
  ['/v1/chat/completions/', 'other'],
  ['/V1/models', 'other'],
  ['/metrics', 'other'],
  ['', 'other'],
] as const)('%s counts as %s', ([path, route]) => {
  expect(routeOf(path)).toBe(route)
})

test('there are no more than seven, however many paths', () => {
  const routes = new Set<string>()
  const under = fc.constantFrom('', '/v1', '/v1/models')
  fc.assert(
    fc.property(under, fc.webPath({ size: 'small' }), (start, path) => {
      routes.add(routeOf(`${start}${path}`))
      return routes.size <= 7
    }),
  )
  expect(routes).toContain('/v1/models/{id}')
})

test.for([
  ['request', {}],
  ['waiting', { model: 'm' }],
  ['answer', { model: 'm', firstEvent: 5 }],
] as const)('a client that leaves is in the phase %s', ([phase, facts]) => {
  expect(phaseOf({ id: 'req_1', started: 1, deltas: 0, heartbeats: 0, ...facts })).toBe(phase)
})
