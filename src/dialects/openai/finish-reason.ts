/** Our finish reason → OpenAI's `finish_reason`. */
import type { FinishReason } from '../../chat/event.ts'

const WORDS = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
} as const satisfies Record<FinishReason, string>

/** The word that OpenAI's API has for it. */
export const encodeFinishReason = (reason: FinishReason): 'stop' | 'length' | 'tool_calls' =>
  WORDS[reason]
