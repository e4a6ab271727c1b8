/** How hard to think, under each of the names that clients give it. */
import { z } from 'zod'
import type { Effort } from '../../chat/request.ts'
import { meaning, oneOf } from './field.ts'

/** OpenAI's words, OpenRouter's and vLLM's, and those above `high` of several vendors. */
const word = meaning<Effort>(
  new Map<string, Effort>([
    ['none', false],
    ['off', false],
    ['disabled', false],
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'max'],
    ['max', 'max'],
    ['ultra', 'max'],
  ]),
)

export const reasoningEffort = {
  reasoning_effort: word.nullish(),
  /** OpenRouter's: `exclude` is about the answer, see `reasoning-field.ts`. */
  reasoning: z
    .object({
      effort: word.nullish(),
      enabled: z.boolean().nullish(),
      exclude: z.boolean().nullish(),
    })
    .nullish(),
  /** Ollama's own. */
  think: z.union([oneOf(['low', 'medium', 'high', 'max']), z.boolean()]).nullish(),
  /** Anthropic's and DeepSeek's. */
  thinking: z.object({ type: oneOf(['enabled', 'adaptive', 'disabled']) }).nullish(),
  /** vLLM's and llama.cpp's. */
  chat_template_kwargs: z.object({ enable_thinking: z.boolean().nullish() }).nullish(),
}

const fields = z.object(reasoningEffort)

/**
 * The first of these that is set, and no other: `reasoning_effort`, `reasoning.effort`,
 * `reasoning.enabled`, `think`, `thinking`, `chat_template_kwargs.enable_thinking`. OpenAI's own word
 * goes before the others, an amount before a switch of the same vendor. Absent when none is.
 */
export const decodeEffort = (body: z.infer<typeof fields>): Effort | undefined =>
  body.reasoning_effort ??
  body.reasoning?.effort ??
  body.reasoning?.enabled ??
  body.think ??
  (body.thinking == null ? null : body.thinking.type !== 'disabled') ??
  body.chat_template_kwargs?.enable_thinking ??
  undefined
