/** What the server is given to work with. */
import type { LiveCatalog } from '../catalog/live.ts'
import type { ReasoningField } from '../dialects/openai/reasoning-field.ts'
import type { Log } from '../log.ts'
import type { Pictures } from '../media/pictures.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Admission } from './admission.ts'
import type { BodyBudget } from './body-budget.ts'
import type { StreamTiming } from './event-stream.ts'
import type { KeyRing } from './key-ring.ts'
import type { KnownHosts } from './known-hosts.ts'
import type { LoopWatch } from './loop-watch.ts'
import type { Observer } from './observer.ts'
import type { OpenTurns } from './open-turns.ts'
import type { Admit } from './rate-limit.ts'
import type { BodyLimits } from './request-body.ts'

/** The slices of the configuration that the server reads. */
export type ServerConfig = {
  readonly catalog: {
    readonly context: 'trained' | 'effective'
    /** Whether models may be used that the upstream only passes on. */
    readonly allowRemote: boolean
  }
  readonly auth: {
    /** Of one address, before it is told to wait; 0 for any number. */
    readonly wrongKeysPerMinute: number
  }
  readonly openai: {
    /** For requests that do not choose for themselves. */
    readonly reasoningField: ReasoningField
    /** A parameter that cannot be honoured is a 400 instead of a word in `x-tolk-ignored`. */
    readonly strict: boolean
    /** Whether a client may set load-time options such as `num_ctx`. */
    readonly allowLoadOptions: boolean
  }
  readonly limits: BodyLimits & {
    /** The most answers that one chat may ask for. */
    readonly maxChoices: number
  }
  readonly downstream: StreamTiming
  readonly log: {
    /** How many refused requests of one outcome get a line each; 0 for all of them. */
    readonly maxAlike: number
  }
  readonly upstream: {
    /** The longest answer that is gathered whole, bytes. */
    readonly maxResponseBytes: number
  }
}

export type Rooms = {
  readonly upstream: Upstream
  readonly catalog: LiveCatalog
  readonly turns: OpenTurns
  readonly places: Admission
  readonly bodies: BodyBudget
  readonly admit: Admit
  /** Who fetches pictures, where that is allowed. */
  readonly pictures?: Pictures | undefined
  readonly keys: KeyRing
  /** The names tolk answers to while no key is asked for; absent where it answers to any. */
  readonly hosts?: KnownHosts | undefined
  readonly config: ServerConfig
  readonly log: Log
  /** Who counts exchanges, if anybody does. */
  readonly observer?: Observer | undefined
  /** Who sees that the event loop comes round in time, if anybody does. */
  readonly loop?: Pick<LoopWatch, 'isHeldUp' | 'target'> | undefined
}
