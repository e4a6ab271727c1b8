/** What the primary and its workers tell each other. Both are of one version, so nobody checks a message. */
import type { Known } from '../catalog/live.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import type { Access } from '../config/renewal.ts'
import type { Failure } from '../failure.ts'
import type { Allowance } from '../server/rate-limit.ts'

/** One end of the channel between the primary and a worker. */
export type Port<Out, In> = {
  /** Never throws. @returns whether the other end was still there. */
  send(message: Out): boolean
  /** Hears every message from now on, in the order they were sent. */
  hear(listener: (message: In) => void): void
}

export type FromWorker =
  /** The first message. `fingerprint` is that of the configuration it has loaded. */
  | { readonly say: 'here'; readonly fingerprint: string }
  | { readonly say: 'listening'; readonly url: string }
  | { readonly say: 'cannot-listen'; readonly fault: ListenFault }
  /** `id` is a number of the worker's own choosing; the answer brings it back. */
  | { readonly say: 'ask'; readonly id: number; readonly question: Question }
  /** To `measure`, with its id. */
  | { readonly say: 'measured'; readonly id: number; readonly measures: Measures }

export type FromPrimary =
  /** To `here`: what is known by now. */
  | { readonly say: 'welcome'; readonly known: Known }
  | { readonly say: 'news'; readonly known: Known }
  | { readonly say: 'answer'; readonly id: number; readonly answer: Answer }
  /** Who may come in from now on, and what the upstream is shown. */
  | { readonly say: 'access'; readonly access: Access }
  /** Say what you have counted. */
  | { readonly say: 'measure'; readonly id: number }
  /** Take nobody new, finish within so many ms, and leave. */
  | { readonly say: 'drain'; readonly drainMs: number }

/** What a process has counted, as `metrics/` has it; nobody looks inside on the way. */
export type Measures = readonly object[]

/** What only the primary can do; each as in `catalog/live.ts` and `server/rate-limit.ts`. */
export type Question =
  | { readonly to: 'resolve'; readonly name: string }
  | { readonly to: 'list' }
  | { readonly to: 'missed'; readonly upstreamModel: string }
  /** `key` is the name of a client key. */
  | { readonly to: 'admit'; readonly key: string }

export type Answer =
  | { readonly to: 'resolve'; readonly outcome: Outcome<ModelCard> }
  /** The list itself came as news. */
  | { readonly to: 'list'; readonly outcome: Outcome<null> }
  | { readonly to: 'missed'; readonly outcome: Outcome<readonly string[]> }
  | { readonly to: 'admit'; readonly outcome: Outcome<Admission> }

/** What a promise came to. */
export type Outcome<T> = { readonly value: T } | { readonly failure: Failure }

/** How a key stands, and why its request is refused, if it is. */
export type Admission = { readonly allowance?: Allowance; readonly refusal?: Failure }

/** What is left of a `listen` error: enough for the sentence that the operator gets. */
export type ListenFault = {
  readonly message: string
  readonly code?: string
  readonly port?: number
}

/** A failure that can be sent: what caused one may be anything, and is for the log of its own process. */
export const sendable = (failure: Failure): Failure =>
  failure.kind === 'internal' ? { kind: 'internal' } : failure
