/** The name under which reasoning is given out: clients disagree, so it is theirs to choose. */
import { z } from 'zod'
import { Failed } from '../../failure.ts'
import { oneOf } from './field.ts'

/** One name, never two: some clients print every name they find (field § 1.5). */
export const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'none', 'think-tags'] as const

/** `think-tags` puts reasoning into the content, between `<think>` and `</think>`; `none` drops it. */
export type ReasoningField = (typeof REASONING_FIELDS)[number]

export const reasoningField = {
  /** tolk's own, for clients that can send extra fields but no extra header. */
  reasoning_field: oneOf(REASONING_FIELDS).nullish(),
  /** vLLM's and OpenRouter's. */
  include_reasoning: z.boolean().nullish(),
}

/** The same where reasoning has no place in the text: tags would put it there, so it has its own name then. */
export const besideText = (field: ReasoningField): 'reasoning_content' | 'reasoning' | 'none' =>
  field === 'think-tags' ? 'reasoning_content' : field

const fields = z.object({
  ...reasoningField,
  reasoning: z.object({ exclude: z.boolean().nullish() }).nullish(),
})

/** What the body asks for: the name it gives, else none when it wants no reasoning. */
export const decodeReasoningField = (body: z.infer<typeof fields>): ReasoningField | undefined => {
  if (body.reasoning_field != null) return body.reasoning_field
  return body.include_reasoning === false || body.reasoning?.exclude === true ? 'none' : undefined
}

/**
 * Reads the request header `x-tolk-reasoning-field`; `undefined` when it was not sent.
 *
 * @throws Failed `invalid-request` for any other word.
 */
export const decodeReasoningHeader = (header: string | undefined): ReasoningField | undefined => {
  if (header === undefined) return undefined
  const field = REASONING_FIELDS.find((name) => name === header.trim().toLowerCase())
  if (field !== undefined) return field
  const message = `The header 'x-tolk-reasoning-field' must be one of ${REASONING_FIELDS.join(', ')}.`
  throw new Failed({ kind: 'invalid-request', message, param: null, code: 'invalid_value' })
}
