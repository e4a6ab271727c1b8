/** What a process has tallied, under its metrics' names: read when it is asked for. */
import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client'
import type { Counts, Tally } from '../tally.ts'

/** @param node the upstream's name in the configuration. */
export const registerTally = (tally: Tally, registry: Registry, node: string): void => {
  for (const metric of metricsOf(tally, node)) registry.registerMetric(metric)
  const propagation = new Histogram({
    name: 'tolk_abort_propagation_seconds',
    help: "From the moment an answer is given up to the closing of the upstream's connection.",
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 1],
    registers: [registry],
  })
  tally.onDropped((ms) => propagation.observe(ms / 1000))
}

const metricsOf = (tally: Tally, node: string): readonly Metric[] => [
  counted(
    'upstream_retries_total',
    'Requests that were sent upstream once more; none of them had been answered.',
    'reason',
    tally.retries,
  ),
  counted('bad_lines_total', "What was odd about an upstream's answers.", 'kind', tally.oddities),
  counted(
    'uncaught_faults_total',
    'Faults that nobody caught; tolk ends after one.',
    'origin',
    tally.faults,
  ),
  new Counter({
    name: 'tolk_event_loop_held_up_total',
    help: 'How often the event loop came round more than 200 ms too late.',
    registers: [],
    collect() {
      this.reset()
      this.inc(tally.heldUps())
    },
  }),
  new Gauge({
    name: 'tolk_upstream_circuit_state',
    help: 'Whether connections to the upstream are made: 0 always, 1 one to see, 2 none for a moment.',
    labelNames: ['node'],
    registers: [],
    collect() {
      this.set({ node }, STATES[tally.circuit()])
    },
  }),
]

const counted = (name: string, help: string, label: string, counts: Counts): Metric =>
  new Counter({
    name: `tolk_${name}`,
    help,
    labelNames: [label],
    registers: [],
    collect() {
      this.reset()
      for (const [word, count] of counts) this.inc({ [label]: word }, count)
    },
  })

const STATES = { closed: 0, 'half-open': 1, open: 2 } as const
