/** Whether the model may call, has to, and what: `tool_choice`, `function_call`, `parallel_tool_calls`. */
import { z } from 'zod'
import type { Tool } from '../../chat/request.ts'
import { isJsonObject } from '../../wire/json.ts'
import { invalid, unsupported } from './refusal.ts'

export const toolChoice = {
  tool_choice: z.unknown().optional(),
  function_call: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish(),
}

const fields = z.object(toolChoice)

/** What a client wants of the calls that may come back. */
export type ToolChoice = {
  /** How many may come back: 0 means that no tools are offered either. */
  readonly maxCalls: number
  /** Whether at least one has to. */
  readonly mustCall: boolean
  /** The only ones that may be called; null for all that are offered. */
  readonly names: readonly string[] | null
  /** Which field said so, for a refusal. */
  readonly param: string
}

/** @throws Failed `invalid-request` for a choice that is none. */
export const decodeToolChoice = (body: z.infer<typeof fields>): ToolChoice => {
  const param = body.tool_choice == null ? 'function_call' : 'tool_choice'
  const most = body.parallel_tool_calls === false ? 1 : Number.POSITIVE_INFINITY
  const choice = body.tool_choice ?? body.function_call ?? 'auto'
  switch (wordOf(choice)) {
    case 'auto':
      return { maxCalls: most, mustCall: false, names: null, param }
    case 'none':
      return { maxCalls: 0, mustCall: false, names: null, param }
    // Mistral's and Anthropic's word for it.
    case 'any':
    case 'required':
      return { maxCalls: most, mustCall: true, names: null, param }
  }
  if (!isJsonObject(choice)) throw invalid(param, EXPECTED)
  if (choice['type'] === 'allowed_tools') return allowed(choice, most, param)
  return { maxCalls: 1, mustCall: true, names: [named(choice, param)], param }
}

/**
 * The tools that are offered upstream.
 *
 * @throws Failed `invalid-request` for a choice of what is not among them.
 */
export const chosen = (
  tools: readonly Tool[],
  { maxCalls, mustCall, names, param }: ToolChoice,
): readonly Tool[] => {
  if (maxCalls === 0) return []
  const unknown = names?.find((name) => !tools.some((tool) => tool.name === name))
  if (unknown !== undefined) {
    throw invalid(param, `the function '${unknown.slice(0, 64)}' is not among the tools.`)
  }
  if (mustCall && tools.length === 0) {
    throw invalid(param, "a call can be required only where there are 'tools'.")
  }
  return names === null ? tools : tools.filter(({ name }) => names.includes(name))
}

const EXPECTED = "expected 'auto', 'none', 'required' or an object that names a function."

/** Some clients wrap the word: `{"type": "auto"}`. */
const wordOf = (choice: unknown): unknown => {
  if (!isJsonObject(choice)) return choice
  const { type } = choice
  return type === 'function' ? undefined : type
}

/** `{"type":"function","function":{"name":…}}`; `function_call` and some clients leave the outer layer out. */
const named = (choice: Readonly<Record<string, unknown>>, param: string): string => {
  const { type, function: inner = choice } = choice
  if (type != null && type !== 'function') {
    throw unsupported(param, "tolk knows tools of type 'function' only.")
  }
  const name = isJsonObject(inner) ? inner['name'] : undefined
  if (typeof name === 'string' && name !== '') return name
  throw invalid(param, EXPECTED)
}

/** OpenAI's subset of the tools: the others stay in the conversation, and are not offered. */
const allowed = (
  choice: Readonly<Record<string, unknown>>,
  most: number,
  param: string,
): ToolChoice => {
  const { allowed_tools: wire = choice } = choice
  const { mode = 'auto', tools } = isJsonObject(wire) ? wire : {}
  if (mode !== 'auto' && mode !== 'required') {
    throw invalid(`${param}.allowed_tools.mode`, "expected 'auto' or 'required'.")
  }
  if (!Array.isArray(tools) || tools.length === 0) {
    throw invalid(`${param}.allowed_tools.tools`, 'expected the tools that may be called.')
  }
  const wires: readonly unknown[] = tools
  const names = wires.map((tool, index) => {
    const place = `${param}.allowed_tools.tools[${index}]`
    if (!isJsonObject(tool)) throw invalid(place, 'expected a tool.')
    return named(tool, place)
  })
  return { maxCalls: most, mustCall: mode === 'required', names, param }
}
