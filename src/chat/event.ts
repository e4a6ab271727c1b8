/** What a model can say, and how it stops: the five words between any two dialects. */
import type { Failure } from '../failure.ts'

/** Why a turn ended. `length`: the token limit or the window cut it, even beside complete calls. */
export type FinishReason = 'stop' | 'length' | 'tool-calls'

/** Token counts of one turn. An absent count is unknown, never zero. */
export type Usage = {
  readonly promptTokens?: number
  readonly completionTokens?: number
}

/** One token's log probability, with the bytes of its text where it has any. */
export type TokenLogprob = {
  readonly token: string
  readonly logprob: number
  readonly bytes: readonly number[] | null
}

/** A token's log probability beside those of the likeliest alternatives. */
export type Logprob = TokenLogprob & { readonly top: readonly TokenLogprob[] }

/** Log probabilities of the tokens that led up to an event; absent when none were asked for. */
type WithLogprobs = { readonly logprobs?: readonly Logprob[] }

/**
 * Words, escaped (`wire/escaped.ts`): what an upstream wrote between the quotes is what a client reads
 * there, so that a token is copied and not understood. `fromEscaped` says what it says.
 */
type Words = WithLogprobs & { readonly escaped: string }

export type Reasoning = Words & { readonly type: 'reasoning' }
export type Text = Words & { readonly type: 'text' }

/** One whole call. `arguments` is JSON text of an object, in the upstream's own digits and key order. */
export type ToolCall = WithLogprobs & {
  readonly type: 'tool-call'
  /** Empty when the upstream gave none. */
  readonly id: string
  readonly name: string
  readonly arguments: string
}

export type Finish = WithLogprobs & {
  readonly type: 'finish'
  readonly reason: FinishReason
  readonly usage: Usage
}

/** The other last word: the turn ended without finishing. */
export type Failing = { readonly type: 'failure'; readonly failure: Failure }

/** A turn is any number of these, the last of them a `finish` or a `failure`, and only the last. */
export type ChatEvent = Reasoning | Text | ToolCall | Finish | Failing
