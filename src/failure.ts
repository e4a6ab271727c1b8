/**
 * Everything that can go wrong, as one closed union, and the error that carries it.
 *
 * A failure is what happened; an error is what a dialect calls it. Each serving dialect maps every
 * kind exactly once (`dialects/openai/error.ts` is a mapped type over `kind`). Messages are for the
 * client: they say what to do, and never hold a key, a prompt, an upstream address or a path of the
 * upstream's disk.
 */

/** What a model was asked for that it cannot do. */
export type Ability = 'embeddings' | 'chat' | 'tools' | 'images' | 'audio' | 'suffix'

/** Why no answer at all could be had from the upstream. */
export type Unreachable = 'refused' | 'dns' | 'tls' | 'connect-timeout' | 'reset'

/** Why work was refused that could have been done at another time. */
export type Shed = 'queue-full' | 'queue-timeout' | 'memory' | 'bodies' | 'connections'

export type Failure =
  /** The request itself is wrong. `param` is the path of the offending field, as in `messages[0].content`. */
  | {
      readonly kind: 'invalid-request'
      readonly message: string
      readonly param: string | null
      readonly code?: string
    }
  /** A parameter of the API that tolk cannot honour; refused rather than ignored. */
  | { readonly kind: 'unsupported-parameter'; readonly message: string; readonly param: string }
  /** The chosen model cannot do what the request asks for. */
  | {
      readonly kind: 'unsupported-by-model'
      readonly ability: Ability
      readonly message: string
      readonly param: string
    }
  /** The prompt does not fit the window; counts are tokens, absent when the upstream gave none. */
  | {
      readonly kind: 'context-exceeded'
      readonly message: string
      /** What holds it, by the client's name; `messages` unless said. */
      readonly param?: string
      readonly promptTokens?: number
      readonly window?: number
    }
  | { readonly kind: 'unauthorized'; readonly message: string }
  | { readonly kind: 'forbidden'; readonly message: string; readonly param: string | null }
  | { readonly kind: 'unknown-url'; readonly message: string }
  | {
      readonly kind: 'method-not-allowed'
      readonly message: string
      readonly allow: readonly string[]
    }
  /** `suggestions` are the nearest names we know, best first. */
  | {
      readonly kind: 'model-not-found'
      readonly model: string
      readonly suggestions: readonly string[]
    }
  | { readonly kind: 'request-timeout'; readonly message: string }
  /** `limitBytes` is the largest body that is read. */
  | { readonly kind: 'too-large'; readonly limitBytes: number }
  | { readonly kind: 'headers-too-large'; readonly message: string }
  | { readonly kind: 'unsupported-media-type'; readonly message: string }
  /** `retryAfterMs` is when the next request will be admitted. */
  | { readonly kind: 'rate-limited'; readonly message: string; readonly retryAfterMs: number }
  /** Wrong keys come from this address one after another; `retryAfterMs` is when the next will be looked at as a mistake. */
  | { readonly kind: 'guessing'; readonly message: string; readonly retryAfterMs: number }
  /** Nobody has room now; safe to try again. `shed` is what of ours is full; without it, it is the upstream. */
  | {
      readonly kind: 'overloaded'
      readonly message: string
      readonly retryAfterMs?: number
      readonly shed?: Shed
    }
  /** This process is about to end. */
  | { readonly kind: 'draining' }
  /** The upstream answered with an error of its own; `status` is the upstream's. */
  | {
      readonly kind: 'upstream-rejected'
      readonly status: number
      readonly message: string
      readonly code?: string
    }
  /** The upstream refused our own credential, or our Host or Origin: the operator's to mend. */
  | { readonly kind: 'upstream-auth'; readonly message: string }
  /** The model could not be loaded, its runner died, or it wrote what cannot be read; `status` is the upstream's. */
  | {
      readonly kind: 'model-failed'
      readonly status: number
      readonly message: string
      readonly code: string
    }
  /**
   * No connection was made, or it was lost before any answer: nothing was generated. With `retryAfterMs` none
   * was tried, because so many before it failed for this reason.
   */
  | {
      readonly kind: 'upstream-unreachable'
      readonly reason: Unreachable
      readonly retryAfterMs?: number
    }
  /** `phase` is what was waited for in vain, `waitedMs` for how long. */
  | {
      readonly kind: 'upstream-timeout'
      readonly phase: 'first-line' | 'next-line' | 'answer'
      readonly waitedMs: number
    }
  /** What came is not what Ollama's API promises. */
  | { readonly kind: 'upstream-malformed'; readonly message: string }
  /** The answer ended before its `done` line. */
  | { readonly kind: 'upstream-truncated' }
  /** Nobody is left to hear it; logged as 499. */
  | { readonly kind: 'client-closed' }
  /** Our own fault; the cause is for the log alone. */
  | { readonly kind: 'internal'; readonly cause?: unknown }

/** Carries a {@link Failure} where one has to be thrown: before the head of an answer is sent. */
export class Failed extends Error {
  override readonly name = 'Failed'
  readonly failure: Failure

  /** @param cause what led here; for the log, never for the client. */
  constructor(failure: Failure, cause?: unknown) {
    super(failure.kind, { cause })
    this.failure = failure
  }
}
