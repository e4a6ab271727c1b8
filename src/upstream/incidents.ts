/** Incidents: what befalls the upstream's side beside its answers, told to whoever counts it. */

/** Why a request is sent once more; nothing of it had been answered. */
export type RetryReason = 'stale' | 'refused' | 'dns'

export type Incidents = {
  readonly retried: (reason: RetryReason) => void
  /** A line of an answer, or its head, is not as it should be: a few words of ours that say how. */
  readonly odd: (kind: string) => void
  /** A connection whose call nobody wanted any more is closed; so many ms after that was known. */
  readonly dropped: (ms: number) => void
  /** Whether connections are tried: always, just one, or none for a moment. */
  readonly circuit: (state: CircuitState) => void
}

export type CircuitState = 'closed' | 'half-open' | 'open'

/** For those who do not ask. */
export const UNHEARD: Incidents = {
  retried: () => {},
  odd: () => {},
  dropped: () => {},
  circuit: () => {},
}
