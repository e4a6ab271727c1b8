/** What an upstream can do to an answer, and what a client must get of it all the same. */

/** What is promised of an answer that meets a fault. */
export type Promised =
  /** The whole of it: the fault is nobody's business. */
  | { readonly gets: 'all' }
  /**
   * No more than was said before the fault, and then one error: with a status where nothing was said
   * yet, in-band after that. `keeps` says whether all that was said before it arrives: a reset may take
   * with it what nobody had read.
   */
  | { readonly gets: 'failure'; readonly keeps: 'all' | 'some'; readonly codes: readonly string[] }

const ALL: Promised = { gets: 'all' }

const failing = (keeps: 'all' | 'some', ...codes: readonly string[]): Promised => ({
  gets: 'failure',
  keeps,
  codes,
})

const UNREACHABLE = 'upstream_unreachable'
const INTERRUPTED = 'upstream_stream_interrupted'
const MALFORMED = 'upstream_bad_response'
const SILENT = 'upstream_timeout'

export const FAULTS = {
  none: ALL,

  // Before the head.
  'delayed-head': ALL,
  'close-on-reuse': ALL,
  'reset-before-head': failing('some', UNREACHABLE),
  'fin-before-head': failing('some', UNREACHABLE),
  'stall-before-head': failing('some', SILENT),
  'status-500': failing('some', 'upstream_error'),
  'status-503': failing('some', 'overloaded'),
  'web-page': failing('some', MALFORMED),
  compressed: failing('some', MALFORMED),

  // In the midst of it: after the line that stands at the fault's place.
  'reset-mid-line': failing('some', INTERRUPTED, UNREACHABLE),
  'reset-after-line': failing('some', INTERRUPTED, UNREACHABLE),
  'fin-mid-line': failing('all', INTERRUPTED),
  'fin-after-line': failing('all', INTERRUPTED),
  'end-mid-line': failing('all', INTERRUPTED),
  'end-without-done': failing('all', INTERRUPTED),
  'error-line': failing('all', 'model_crashed'),
  'garbage-line': failing('all', MALFORMED),
  'wrong-line': failing('all', MALFORMED),
  'bad-chunk': failing('all', INTERRUPTED, MALFORMED),
  stall: failing('all', SILENT),
  drip: failing('all', SILENT),

  // At its end.
  'said-after-done': ALL,
  'done-twice': ALL,
  'done-then-open': ALL,
  'done-then-fin': ALL,
} as const satisfies Readonly<Record<string, Promised>>

export type Fault = keyof typeof FAULTS

export const isFault = (name: string): name is Fault => Object.hasOwn(FAULTS, name)

/** Those that last until tolk's own deadline: where time is short there are none of them. */
export const PATIENT: readonly Fault[] = ['stall-before-head', 'stall', 'drip']

/** Whether an answer with this fault ends before its last delta. */
export const isCutShort = (fault: Fault): boolean => FAULTS[fault].gets === 'failure'
