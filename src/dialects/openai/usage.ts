/** Our usage → OpenAI's `usage`. */
import type { Usage } from '../../chat/event.ts'

/** OpenAI's three counts, tokens. Details that the upstream does not report are left out, not invented. */
export type CompletionUsage = {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/**
 * `null` when a count is unknown: the shape asks for all three, strictly typed SDKs fail on a missing
 * one, and a made-up zero would be summed into somebody's bill.
 */
export const encodeUsage = ({ promptTokens, completionTokens }: Usage): CompletionUsage | null =>
  promptTokens === undefined || completionTokens === undefined
    ? null
    : {
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        total_tokens: promptTokens + completionTokens,
      }
