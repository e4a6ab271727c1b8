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

/** OpenRouter's: `exclude` is about the answer, see `reasoning-field.ts`. */
const reasoning = z.object({
  effort: word.nullish(),
  enabled: z.boolean().nullish(),
  exclude: z.boolean().nullish(),
})

/** Anthropic's and DeepSeek's. */
const thinking = z.object({ type: oneOf(['enabled', 'adaptive', 'disabled']) })

/** vLLM's and llama.cpp's. */
const templateKwargs = z.object({ enable_thinking: z.boolean().nullish() })

export const reasoningEffort = {
  reasoning_effort: word.nullish(),
  reasoning: reasoning.nullish(),
  /** Ollama's own, which takes its siblings' words too. */
  think: z.union([word, z.boolean()]).nullish(),
  thinking: thinking.nullish(),
  chat_template_kwargs: templateKwargs.nullish(),
}

/** Of these fields only some keys are read: budgets of tokens and other template arguments are not. */
export const READ_OF_REASONING: ReadonlyMap<string, readonly string[]> = new Map([
  ['reasoning', Object.keys(reasoning.shape)],
  ['thinking', Object.keys(thinking.shape)],
  ['chat_template_kwargs', Object.keys(templateKwargs.shape)],
])

const fields = z.object(reasoningEffort)

/** An effort, and the path of the field that asked for it. */
export type DecodedEffort = { readonly effort: Effort; readonly field: string }

/**
 * The first of these that is set, and no other: `reasoning_effort`, `reasoning.effort`,
 * `reasoning.enabled`, `think`, `thinking`, `chat_template_kwargs.enable_thinking`. OpenAI's own word
 * goes before the others, an amount before a switch of the same vendor. Undefined when none is.
 */
export const decodeEffort = (body: z.infer<typeof fields>): DecodedEffort | undefined => {
  const { thinking: mode } = body
  return (
    wish('reasoning_effort', body.reasoning_effort) ??
    wish('reasoning.effort', body.reasoning?.effort) ??
    wish('reasoning.enabled', body.reasoning?.enabled) ??
    wish('think', body.think) ??
    wish('thinking', mode && mode.type !== 'disabled') ??
    wish('chat_template_kwargs.enable_thinking', body.chat_template_kwargs?.enable_thinking)
  )
}

const wish = (field: string, effort: Effort | null | undefined): DecodedEffort | undefined =>
  effort == null ? undefined : { effort, field }
