/** What is counted of exchanges, of tolk and of its process, under the names that dashboards know (reliability § 6). */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type Ended, type Observer, phaseOf } from '../server/observer.ts'
import type { Tally } from '../tally.ts'
import { routeOf } from './labels.ts'
import { registerTally } from './tallied.ts'

export type MetersOptions = {
  readonly version: string
  /** The upstream's name in the configuration, never its address. */
  readonly upstreamName: string
  /** The upstream's name for a model, or undefined where there is none: a client may make up as many as it likes. */
  readonly modelNamed: (name: string) => string | undefined
  /** What the process counts by itself. */
  readonly tally: Tally
  /** On every line, such as which process counted. */
  readonly labels?: Readonly<Record<string, string>>
}

export type Meters = {
  readonly observer: Observer
  /** What was counted so far, in a form that can be sent to another process. */
  readonly snapshot: () => Promise<Measures>
}

/** What one process has counted. Only `exposition.ts` looks inside. */
export type Measures = readonly object[]

/** The process' own figures are collected from now on, for as long as it runs. */
export const createMeters = (options: MetersOptions): Meters => {
  const registry = new Registry()
  registry.setDefaultLabels({ ...options.labels })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = <Label extends string>(
    name: string,
    help: string,
    ...labelNames: readonly Label[]
  ) => new Counter({ name: `tolk_${name}`, help, labelNames, registers })

  const { version, upstreamName: node, modelNamed } = options
  registerTally(options.tally, registry, node)
  new Gauge({
    name: 'tolk_build_info',
    help: 'Which tolk runs, on which Node; always 1.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)
  const inFlight = new Gauge({
    name: 'tolk_requests_in_flight',
    help: 'Requests that have begun and not ended.',
    registers,
  })
  const firstByte = new Histogram({
    name: 'tolk_upstream_first_byte_seconds',
    help: "From a chat's arrival to the first event of the upstream's answer.",
    buckets: SECONDS,
    registers,
  })
  const queueDepth = new Gauge({
    name: 'tolk_queue_depth',
    help: 'Chats that wait for their turn.',
    registers,
  })
  const queueWait = new Histogram({
    name: 'tolk_queue_wait_seconds',
    help: 'How long chats waited for their turn; those that had not to wait are left out.',
    buckets: SECONDS,
    registers,
  })
  const requests = counter(
    'requests_total',
    'Requests that have ended.',
    ...(['route', 'model', 'status', 'outcome'] as const),
  )
  const deltas = counter(
    'stream_deltas_total',
    'What upstreams have said in chats, event by event.',
  )
  const interruptions = counter(
    'stream_interruptions_total',
    'Streams that ended in an error after their 200.',
    'cause',
  )
  const disconnects = counter(
    'client_disconnects_total',
    'Clients that left before they had their answer.',
    'phase',
  )
  const heartbeats = counter('heartbeats_total', 'Comments that kept a silent stream open.')
  const stalls = counter('write_stalls_total', 'Clients cut off because they did not read.')
  const authFailures = counter('auth_failures_total', 'Requests that no key let in.', 'reason')
  const shed = counter(
    'shed_total',
    'Requests and connections refused because there was no room for them, or not for them now.',
    'reason',
  )
  const upstreamErrors = counter(
    'upstream_errors_total',
    'Requests that failed at the upstream.',
    ...(['node', 'code'] as const),
  )
  const retries = counter('sdk_retries_total', "Requests that OpenAI's SDK has sent again.")

  /** The names that the upstream has, `other` for any other, and nothing where none was asked for. */
  const modelOf = (name: string | undefined): string =>
    name === undefined ? '' : (modelNamed(name) ?? 'other')

  const ended = ({ path, status, outcome, isRetry, record }: Ended): void => {
    inFlight.dec()
    const { failure, firstEvent, queueMs, shed: full, started } = record
    requests.inc({ route: routeOf(path), model: modelOf(record.model), status, outcome })
    if (firstEvent !== undefined) firstByte.observe((firstEvent - started) / 1000)
    if (queueMs !== undefined) queueWait.observe(queueMs / 1000)
    if (record.deltas > 0) deltas.inc(record.deltas)
    if (record.heartbeats > 0) heartbeats.inc(record.heartbeats)
    if (isRetry) retries.inc()
    if (outcome === 'client-closed') disconnects.inc({ phase: phaseOf(record) })
    if (outcome === 'client-stalled') stalls.inc()
    if (failure === undefined) return
    if (record.stream === true && status === 200) interruptions.inc({ cause: failure })
    if (DOOR.has(failure)) authFailures.inc({ reason: failure })
    if (full !== undefined) shed.inc({ reason: full })
    else if (SHED.has(failure)) shed.inc({ reason: failure })
    else if (UPSTREAM.has(failure)) upstreamErrors.inc({ node, code: failure })
  }

  return {
    observer: {
      begun: () => inFlight.inc(),
      ended,
      queued: (length) => queueDepth.set(length),
      refused: (reason) => shed.inc({ reason }),
    },
    snapshot: () => registry.getMetricsAsJSON(),
  }
}

/** To the fifteen minutes that loading a model and reading a prompt may take on a CPU. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180, 300, 450, 600, 900]

type Kinds = ReadonlySet<NonNullable<Ended['record']['failure']>>

const DOOR: Kinds = new Set(['unauthorized', 'guessing', 'forbidden'])

const SHED: Kinds = new Set(['rate-limited', 'draining'])

const UPSTREAM: Kinds = new Set([
  'upstream-unreachable',
  'upstream-timeout',
  'upstream-malformed',
  'upstream-truncated',
  'upstream-auth',
  'upstream-rejected',
  'model-failed',
  'overloaded',
])
