/** Tally: what befalls this process beside its exchanges; counted whether or not anybody asks, and logged where somebody should know. */
import type { Log } from './log.ts'
import type { CircuitState, Incidents } from './upstream/incidents.ts'

/** How often, by a word of ours: it becomes a label. */
export type Counts = ReadonlyMap<string, number>

export type Tally = {
  /** What the upstream's side tells. */
  readonly incidents: Incidents
  /** The event loop came so many ms too late; `path` was asked for last. */
  readonly heldUp: (ms: number, path: string) => void
  /** Something was thrown that nobody caught. @param origin as Node calls it. */
  readonly faulted: (origin: string) => void

  readonly retries: Counts
  readonly oddities: Counts
  readonly faults: Counts
  readonly circuit: () => CircuitState
  /** How often the event loop was held up. */
  readonly heldUps: () => number
  /** From now on each is told: how long a connection took to close whose answer nobody wanted, ms. */
  readonly onDropped: (hear: (ms: number) => void) => void
}

export const createTally = (log: Log): Tally => {
  const retries = new Map<string, number>()
  const oddities = new Map<string, number>()
  const faults = new Map<string, number>()
  let circuit: CircuitState = 'closed'
  let heldUps = 0
  let dropped: ((ms: number) => void) | undefined

  return {
    incidents: {
      retried: (reason) => void add(retries, reason),
      odd: (kind) => {
        // A server that is odd once is odd in every answer.
        if (add(oddities, kind) === 1) {
          log.warn(
            'the upstream does not answer as Ollama does; more of this kind is only counted',
            {
              kind,
            },
          )
        }
      },
      dropped: (ms) => dropped?.(ms),
      circuit: (state) => {
        if (state === 'open' && circuit === 'closed') {
          log.warn('the upstream lets nobody in: it is tried once a second, and requests get a 503')
        } else if (state === 'closed') log.info('the upstream lets us in again')
        circuit = state
      },
    },
    heldUp: (ms, path) => {
      heldUps += 1
      log.warn('the event loop was held up', { late_ms: Math.round(ms), path })
    },
    faulted: (origin) => void add(faults, origin),
    retries,
    oddities,
    faults,
    circuit: () => circuit,
    heldUps: () => heldUps,
    onDropped: (hear) => {
      dropped = hear
    },
  }
}

/** @returns how often it was, with this time. */
const add = (counts: Map<string, number>, word: string): number => {
  const count = (counts.get(word) ?? 0) + 1
  counts.set(word, count)
  return count
}
