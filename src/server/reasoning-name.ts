/** The name under which an answer gives its reasoning: the body's, else the header's, else the operator's. */
import { decodeReasoningHeader, type ReasoningField } from '../dialects/openai/reasoning-field.ts'
import type { AppContext } from './context.ts'

/**
 * @param ofBody what the body asks for.
 * @throws Failed `invalid-request` for a header that names none.
 */
export const reasoningNameFor = (
  c: AppContext,
  ofBody: ReasoningField | undefined,
  ofOperator: ReasoningField,
): ReasoningField =>
  ofBody ?? decodeReasoningHeader(headerOf(c, 'x-tolk-reasoning-field')) ?? ofOperator

/** As Node has it: through Hono all headers of the request would be gathered anew. */
const headerOf = (c: AppContext, name: string): string | undefined => {
  const value = c.env.incoming.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
