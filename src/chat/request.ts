/** ChatRequest: what a client wants of a model, in our own words. What it did not ask for is absent. */

/** A JSON value as `wire/json.ts` reads it: a number that a double cannot hold is kept as raw text. */
export type Json = unknown

/** An object whose keys are the client's. */
export type JsonObject = Readonly<Record<string, Json>>

/** One picture or sound, base64 without a data-URL prefix (RFC 4648 § 4, padded). */
export type Media = {
  readonly kind: 'image' | 'audio'
  /** Empty while the picture has to be fetched. */
  readonly base64: string
  /** Where it is, when it has to be fetched, and what the client calls that. */
  readonly from?: { readonly url: string; readonly param: string }
}

/** A call the model made earlier. `arguments` is a JSON object, every digit kept. */
export type PastCall = {
  readonly id: string
  readonly name: string
  readonly arguments: JsonObject
}

export type Message =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly text: string; readonly media: readonly Media[] }
  | {
      readonly role: 'assistant'
      readonly text: string
      readonly reasoning: string
      readonly calls: readonly PastCall[]
    }
  /** A tool's answer; `callId` and `name` are those of the call it answers, empty when unknown. */
  | {
      readonly role: 'tool'
      readonly text: string
      readonly media: readonly Media[]
      readonly callId: string
      readonly name: string
    }

/** A function the model may call. `parameters` is its JSON Schema as the client sent it. */
export type Tool = {
  readonly name: string
  readonly description?: string
  readonly parameters?: JsonObject
}

/** How hard to think: `false` not at all, `true` as the model likes. */
export type Effort = boolean | 'low' | 'medium' | 'high' | 'max'

/** What shape the answer must have: any JSON, or JSON of this schema. */
export type Format = 'json' | JsonObject

/** Sampling and limits. Only what the client sent is here, so a Modelfile's own parameters stand. */
export type Sampling = {
  /** Most tokens to generate, thinking and tool calls included. */
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly repeatPenalty?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly seed?: number
  readonly stop?: readonly string[]
}

export type ChatRequest = {
  /** The name as the client wrote it; the catalog finds the upstream's. */
  readonly model: string
  readonly messages: readonly Message[]
  /** Tools on offer; empty when there are none, and when `tool_choice` is `none`. */
  readonly tools: readonly Tool[]
  /** How many calls may come back: 0 with `tool_choice: "none"`, 1 without parallel calls. */
  readonly maxCalls: number
  /** Whether at least one of the tools has to be called. */
  readonly mustCall?: boolean
  readonly sampling: Sampling
  readonly format?: Format
  readonly effort?: Effort
  /** Log probabilities of the answer's tokens, with this many alternatives each (0 to 20). */
  readonly logprobs?: { readonly top: number }
  /** Ollama's own `options`, passed on as they are, beneath `sampling`. */
  readonly options?: JsonObject
  /** Tokens of context to serve; a load-time option. */
  readonly numCtx?: number
  /** How long the model stays loaded afterwards: seconds, or a Go duration such as `"5m"`. */
  readonly keepAlive?: number | string
  /** What the client called these, for when its model or its operator does not grant them. */
  readonly askedAs?: { readonly effort?: string; readonly numCtx?: string }
}
