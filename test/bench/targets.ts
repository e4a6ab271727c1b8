/** What tolk is held to: a gate, which must hold, and a stretch, which is what we are after. */

export type Target = {
  readonly title: string
  /** For a chart. */
  readonly short: string
  /** Behind the number, such as ` ms`. */
  readonly unit: '' | ' ms' | ' KB' | ' %' | ' ×'
  readonly better: 'lower' | 'higher'
  readonly gate: number
  readonly stretch: number
}

/** In the order in which they are reported. */
export const TARGETS = {
  'cpu-per-token': {
    title: 'CPU per token × A, 200 streams × 50 tokens/s',
    short: 'CPU per token × A',
    unit: ' ×',
    better: 'lower',
    gate: 1.15,
    stretch: 0.8,
  },
  'throughput-a': {
    title: 'throughput × A, 16 tokens to a write',
    short: 'throughput × A',
    unit: ' ×',
    better: 'higher',
    gate: 0.7,
    stretch: 0.95,
  },
  'throughput-portkey': {
    title: 'throughput × Portkey, 16 tokens to a write',
    short: 'throughput × Portkey',
    unit: ' ×',
    better: 'higher',
    gate: 8,
    stretch: 12,
  },
  'transit-p99': {
    title: 'added transit p99 at 10,000 tokens/s',
    short: 'added transit p99',
    unit: ' ms',
    better: 'lower',
    gate: 4,
    stretch: 1.5,
  },
  'first-token': {
    title: 'added time to first token, p50',
    short: 'added time to first token',
    unit: ' ms',
    better: 'lower',
    gate: 0.25,
    stretch: 0.14,
  },
  'cpu-per-request': {
    title: 'CPU per request × A, one at a time, 10 tokens',
    short: 'CPU per request × A',
    unit: ' ×',
    better: 'lower',
    gate: 1.6,
    stretch: 1.2,
  },
  'idle-memory': {
    title: 'memory per idle stream at 5,000, after a collection',
    short: 'memory per idle stream',
    unit: ' KB',
    better: 'lower',
    gate: 42,
    stretch: 24,
  },
  'leaving-reaches': {
    title: "a client's leaving reaches the upstream",
    short: 'leaving reaches the upstream',
    unit: ' %',
    better: 'higher',
    gate: 100,
    stretch: 100,
  },
  'leaving-delay': {
    title: 'and takes, p50 of the slowest moment',
    short: 'leaving takes',
    unit: ' ms',
    better: 'lower',
    gate: 3,
    stretch: 1.5,
  },
  'one-shot-memory': {
    title: 'a whole answer of 1 MB: peak extra memory to its size',
    short: 'memory of a whole answer',
    unit: ' ×',
    better: 'lower',
    gate: 4,
    stretch: 2,
  },
  'large-request': {
    title: 'a request of 10 MB: longest stop of the event loop',
    short: 'stop by a 10 MB request',
    unit: ' ms',
    better: 'lower',
    gate: 50,
    stretch: 20,
  },
  'first-answer': {
    title: 'start of the process to its first answer',
    short: 'start to first answer',
    unit: ' ms',
    better: 'lower',
    gate: 400,
    stretch: 200,
  },
} as const satisfies { readonly [id: string]: Target }

export type TargetId = keyof typeof TARGETS

export const TARGET_IDS = Object.keys(TARGETS).filter((id): id is TargetId => id in TARGETS)
