/** What is counted of which exchange, and what several processes come to. */
import { expect, test } from 'vitest'
import { exposition } from '../../src/metrics/exposition.ts'
import { createLog } from '../../src/log.ts'
import { createMeters } from '../../src/metrics/meters.ts'
import type { Ended } from '../../src/server/observer.ts'
import { createTally } from '../../src/tally.ts'
import { readMetrics, sumOf, valuesOf } from '../support/read-metrics.ts'

const meters = (labels: Readonly<Record<string, string>> = {}) =>
  createMeters({
    version: '1.2.3',
    upstreamName: 'ollama',
    tally: createTally(createLog('silent')),
    modelNamed: (name) => (name === 'm' || name === 'alias' ? 'm' : undefined),
    labels,
  })

const ENDED: Ended = {
  path: '/v1/chat/completions',
  status: 200,
  outcome: 'ok',
  isRetry: false,
  record: { id: 'req_1', started: 1000, deltas: 0, heartbeats: 0, model: 'm' },
}

type Told = Partial<Omit<Ended, 'record'>> & { readonly record?: Partial<Ended['record']> }

/** The figures after these exchanges alone. */
const after = async (...exchanges: readonly Told[]) => {
  const { observer, snapshot } = meters()
  for (const { record, ...each } of exchanges) {
    observer.begun()
    observer.ended({ ...ENDED, ...each, record: { ...ENDED.record, ...record } })
  }
  return readMetrics(await exposition([await snapshot()]))
}

test('a request is counted by route, model, status and outcome', async () => {
  const figures = await after({}, {}, { record: { model: 'alias' } })
  const labels = { route: '/v1/chat/completions', model: 'm', status: '200', outcome: 'ok' }
  expect(sumOf(figures, 'tolk_requests_total', labels)).toBe(3)
  expect(sumOf(figures, 'tolk_requests_total')).toBe(3)
})

test('R-18 a thousand models that nobody has are one', async () => {
  const made = Array.from({ length: 1000 }, (_, each) => ({
    path: `/v1/odd/${each}`,
    record: { model: `made-up-${each}` },
  }))
  const figures = await after(...made)
  expect([...valuesOf(figures, 'tolk_requests_total', 'model')]).toEqual(['other'])
  expect([...valuesOf(figures, 'tolk_requests_total', 'route')]).toEqual(['other'])
  expect(sumOf(figures, 'tolk_requests_total')).toBe(1000)
})

test('a request that names no model has none', async () => {
  const { model: _, ...record } = ENDED.record
  const { observer, snapshot } = meters()
  observer.begun()
  observer.ended({ ...ENDED, path: '/livez', record })
  const figures = readMetrics(await exposition([await snapshot()]))
  expect(sumOf(figures, 'tolk_requests_total', { route: '/livez', model: '' })).toBe(1)
})

test('what has begun is in flight until it ends', async () => {
  const { observer, snapshot } = meters()
  const inFlight = async () =>
    sumOf(readMetrics(await exposition([await snapshot()])), 'tolk_requests_in_flight')
  observer.begun()
  observer.begun()
  expect(await inFlight()).toBe(2)
  observer.ended(ENDED)
  observer.ended(ENDED)
  expect(await inFlight()).toBe(0)
})

test.for<readonly [string, Readonly<Record<string, string>>, Told]>([
  [
    'tolk_stream_interruptions_total',
    { cause: 'upstream-truncated' },
    { outcome: 'upstream-truncated', record: { stream: true, failure: 'upstream-truncated' } },
  ],
  [
    'tolk_upstream_errors_total',
    { node: 'ollama', code: 'upstream-unreachable' },
    { status: 502, outcome: 'upstream-unreachable', record: { failure: 'upstream-unreachable' } },
  ],
  [
    'tolk_client_disconnects_total',
    { phase: 'answer' },
    { status: 499, outcome: 'client-closed', record: { firstEvent: 1500 } },
  ],
  [
    'tolk_client_disconnects_total',
    { phase: 'waiting' },
    { status: 499, outcome: 'client-closed', record: { failure: 'client-closed' } },
  ],
  ['tolk_write_stalls_total', {}, { status: 499, outcome: 'client-stalled' }],
  [
    'tolk_auth_failures_total',
    { reason: 'unauthorized' },
    { status: 401, outcome: 'unauthorized', record: { failure: 'unauthorized' } },
  ],
  [
    'tolk_auth_failures_total',
    { reason: 'guessing' },
    { status: 429, outcome: 'guessing', record: { failure: 'guessing' } },
  ],
  [
    'tolk_auth_failures_total',
    { reason: 'forbidden' },
    { status: 403, outcome: 'forbidden', record: { failure: 'forbidden' } },
  ],
  [
    'tolk_shed_total',
    { reason: 'rate-limited' },
    { status: 429, outcome: 'rate-limited', record: { failure: 'rate-limited' } },
  ],
  [
    'tolk_shed_total',
    { reason: 'queue-full' },
    {
      status: 503,
      outcome: 'overloaded',
      record: { failure: 'overloaded', shed: 'queue-full' },
    },
  ],
  [
    'tolk_upstream_errors_total',
    { code: 'overloaded' },
    { status: 503, outcome: 'overloaded', record: { failure: 'overloaded' } },
  ],
  ['tolk_queue_wait_seconds_count', {}, { record: { queueMs: 1500 } }],
  ['tolk_sdk_retries_total', {}, { isRetry: true }],
  ['tolk_heartbeats_total', {}, { record: { heartbeats: 1 } }],
  ['tolk_stream_deltas_total', {}, { record: { deltas: 1 } }],
  ['tolk_upstream_first_byte_seconds_count', {}, { record: { firstEvent: 1500 } }],
])('%s %j has its occasion, and no other', async ([name, labels, told]) => {
  const figures = await after(told, {})
  expect(sumOf(figures, name, labels)).toBe(1)
  expect(sumOf(figures, name)).toBe(1)
})

test('a first event is waited for in seconds', async () => {
  const figures = await after({ record: { firstEvent: 3500 } })
  const bucket = (le: string) => sumOf(figures, 'tolk_upstream_first_byte_seconds_bucket', { le })
  expect([bucket('1'), bucket('2.5'), bucket('900'), bucket('+Inf')]).toEqual([0, 1, 1, 1])
  expect(sumOf(figures, 'tolk_upstream_first_byte_seconds_sum')).toBe(2.5)
})

test('what of ours was full is no fault of the upstream’s', async () => {
  const record = { failure: 'overloaded', shed: 'queue-full' } as const
  const figures = await after({ status: 503, outcome: 'overloaded', record })
  expect(sumOf(figures, 'tolk_upstream_errors_total')).toBe(0)
})

test('the queue is as long as it was said last; a connection is shed without an exchange', async () => {
  const { observer, snapshot } = meters()
  observer.queued(3)
  observer.queued(2)
  observer.refused('connections')
  const figures = readMetrics(await exposition([await snapshot()]))
  expect(sumOf(figures, 'tolk_queue_depth')).toBe(2)
  expect(sumOf(figures, 'tolk_shed_total', { reason: 'connections' })).toBe(1)
  expect(sumOf(figures, 'tolk_requests_total')).toBe(0)
})

test('an error before the head is no interruption', async () => {
  const figures = await after({
    status: 502,
    record: { stream: true, failure: 'upstream-truncated' },
  })
  expect(sumOf(figures, 'tolk_stream_interruptions_total')).toBe(0)
})

test('the process tells of its event loop, its memory and its files', async () => {
  const figures = await after()
  const names = new Set(figures.map(({ name }) => name))
  expect(names).toContain('nodejs_eventloop_lag_p99_seconds')
  expect(names).toContain('process_resident_memory_bytes')
  expect(names).toContain('process_start_time_seconds')
  expect(sumOf(figures, 'tolk_build_info', { version: '1.2.3', node: process.version })).toBe(1)
})

test('each process keeps its own figures beside those of the others', async () => {
  const all = [meters({ worker: '1' }), meters({ worker: '2' })]
  for (const { observer } of all) {
    observer.begun()
    observer.ended(ENDED)
  }
  const snapshots = await Promise.all(all.map(({ snapshot }) => snapshot()))
  // As they come from another process.
  const figures = readMetrics(await exposition(structuredClone(snapshots)))
  expect(sumOf(figures, 'tolk_requests_total')).toBe(2)
  for (const name of ['tolk_requests_total', 'process_start_time_seconds', 'tolk_build_info']) {
    expect([...valuesOf(figures, name, 'worker')]).toEqual(['1', '2'])
  }
})
