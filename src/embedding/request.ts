/** EmbeddingRequest: texts to be made vectors of, in our own words. What was not asked for is absent. */
import type { JsonObject } from '../chat/request.ts'

export type EmbeddingRequest = {
  /** The name as the client wrote it. */
  readonly model: string
  /** At least one, none of them empty. */
  readonly inputs: readonly string[]
  /** How many numbers a vector shall have; fewer than the model makes of itself. */
  readonly dimensions?: number
  /** Ollama's own `options`, passed on as they are. */
  readonly options?: JsonObject
  /** Tokens of context to serve; a load-time option. */
  readonly numCtx?: number
  /** How long the model stays loaded afterwards: seconds, or a Go duration such as `"5m"`. */
  readonly keepAlive?: number | string
  /** What the client called this, for when its operator does not grant it. */
  readonly askedAs?: { readonly numCtx?: string }
}

/** One input as a point in the model's space; each number a 32-bit float. */
export type Vector = readonly number[]

/** The vectors of some inputs, in the order of these. */
export type Embedded = {
  readonly vectors: readonly Vector[]
  /** Tokens of all inputs together. */
  readonly promptTokens: number
}
