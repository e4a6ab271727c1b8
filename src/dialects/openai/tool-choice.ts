/** Whether the model may call, and how often: `tool_choice`, `function_call`, `parallel_tool_calls`. */
import { isJsonObject } from '../../wire/json.ts'
import { z } from 'zod'
import { invalid, unsupported } from './refusal.ts'

export const toolChoice = {
  tool_choice: z.unknown().optional(),
  function_call: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish(),
}

const fields = z.object(toolChoice)

/**
 * How many calls may come back: 0 means that no tools are offered either.
 *
 * @throws Failed `unsupported-parameter` for a choice that forces a call: Ollama has no such thing, and
 *   a choice that is ignored would be worse than one that is refused.
 */
export const decodeMaxCalls = (body: z.infer<typeof fields>): number => {
  const param = body.tool_choice == null ? 'function_call' : 'tool_choice'
  const choice = wordOf(body.tool_choice ?? body.function_call ?? 'auto')
  if (choice === 'none') return 0
  if (choice !== 'auto') throw refusal(choice, param)
  return body.parallel_tool_calls === false ? 1 : Number.POSITIVE_INFINITY
}

/** Some clients wrap the word: `{"type": "auto"}`. */
const wordOf = (choice: unknown): unknown => {
  const type = isJsonObject(choice) ? choice['type'] : undefined
  return type === 'auto' || type === 'none' ? type : choice
}

const refusal = (choice: unknown, param: string): Error =>
  choice === 'required' || isJsonObject(choice)
    ? unsupported(
        param,
        `tolk cannot force a call yet: send '${param}' as 'auto' (or leave it out), and offer only the tools that may be called.`,
      )
    : invalid(param, "expected 'auto', 'none', 'required' or an object that names a function.")
