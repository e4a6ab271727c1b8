/** ModelCard: what we know of one model. */

/** What a model can do, in Ollama's vocabulary (`types/model/capability.go`, 0.33). */
export type Capability =
  | 'completion'
  | 'tools'
  | 'insert'
  | 'vision'
  | 'embedding'
  | 'thinking'
  | 'image'
  | 'audio'

export type ModelCard = {
  /** The upstream's own name, with its tag: what is sent upstream and listed as the id. */
  readonly name: string
  /** A name for people; the name itself unless configured. */
  readonly displayName: string
  readonly capabilities: ReadonlySet<Capability>
  /**
   * Whether `capabilities` is the whole truth. It is not while `/api/show` has not answered for this
   * model: `/api/tags` alone is a lower bound, and nothing may be refused because of it.
   */
  readonly certain: boolean
  /** Whether the upstream passes it on to another machine, and does not run it itself: prompts go there. */
  readonly remote: boolean
  /** The window the model was trained for, tokens; 8192 when the upstream does not say. */
  readonly contextWindow: number
  /** The most a model may be asked to generate, tokens: 10 × the window, the engine's own ceiling. */
  readonly maxTokens: number
  /** The window it is served with now, tokens; never above `contextWindow`. */
  readonly servedWindow: number
  /** Whether the upstream has it in memory now. */
  readonly loaded: boolean
  /** When it last changed, Unix seconds; 0 when unknown. */
  readonly modified: number
  /** Manifest digest, 64 hex digits; empty for a configured model. */
  readonly digest: string
  /** Bytes on the upstream's disk; 0 when unknown. */
  readonly size: number
  /** Empty strings when unknown. */
  readonly family: string
  readonly parameterSize: string
  readonly quantization: string
  /** `general.parameter_count`; 0 when unknown. */
  readonly parameterCount: number
  /** How this model is to be served, as configured. */
  readonly serving: Serving
  /** Prices per million tokens, as configured; all zero otherwise. */
  readonly cost: Cost
}

/**
 * Whether it is uncertain, and a chat model as far as is known: either nothing is, as with a server too
 * old to say, or that it chats but not all it can do besides.
 */
export const mayChat = ({ capabilities, certain }: ModelCard): boolean =>
  !certain && (capabilities.size === 0 || capabilities.has('completion'))

export type Cost = {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** The operator's word on one model. Absent means: leave it to the upstream. */
export type Serving = {
  /** `false`: the answer is given out whole, at its end (product § 3, invariant 12). */
  readonly streaming: boolean
  /** Seconds, or a Go duration such as `"30m"`. */
  readonly keepAlive?: number | string
  /** Tokens. Always sent when set, and always the same: a differing value reloads the model. */
  readonly numCtx?: number
  /** What happens to a prompt that does not fit: an error, or Ollama's silent cut. */
  readonly overflow: 'error' | 'truncate'
}
