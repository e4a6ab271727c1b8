/** `tools`, and the `functions` of before there were any. */
import { z } from 'zod'
import type { Tool } from '../../chat/request.ts'
import { accept } from '../../wire/json.ts'
import { Pace, type Steps } from '../../wire/steps.ts'
import { anyList, compiled, jsonObject } from './field.ts'
import { assertReadable } from './json-value.ts'
import { invalid, missing, unsupported } from './refusal.ts'

/** Four times what OpenAI takes: servers of tools put their own name in front of each. */
const LONGEST_NAME = 256

/** Eight times what OpenAI takes. Every tool is in the prompt: no window holds as many. */
const MOST_TOOLS = 1024

/** `strict` is accepted: calls are not checked against their schema yet. */
const definition = z.object({
  name: z
    .string()
    .min(1, { error: 'expected a name.' })
    .max(LONGEST_NAME, { error: `expected at most ${LONGEST_NAME} characters.` }),
  description: z.string().nullish(),
  parameters: jsonObject.nullish(),
})

const tool = z.object({ type: z.string().nullish(), function: definition.nullish() })

const compiledTool = compiled(tool)

/** Each is held against its own schema by {@link decodeTools}. */
export const toolDefinitions = { tools: anyList.nullish(), functions: anyList.nullish() }

const fields = z.object(toolDefinitions)

/**
 * Two tools of one name are passed on as they are: which is meant is between client and model.
 *
 * @throws Failed naming the tool, and the field in it.
 */
export function* decodeTools({ tools, functions }: z.infer<typeof fields>): Steps<readonly Tool[]> {
  const isNew = tools != null && tools.length > 0
  if (isNew && functions != null && functions.length > 0) {
    throw invalid('functions', "'functions' is the old name of 'tools': send one of them.")
  }
  const wires = isNew ? tools : (functions ?? [])
  if (wires.length > MOST_TOOLS) {
    throw invalid(isNew ? 'tools' : 'functions', `expected at most ${MOST_TOOLS} tools.`)
  }
  const pace = new Pace()
  const decoded: Tool[] = []
  for (const [index, wire] of wires.entries()) {
    decoded.push(isNew ? decodeTool(wire, index) : decodeFunction(wire, index))
    if (pace.isDue(EFFORT)) yield
  }
  return decoded
}

/** Of a tool, whose schema is walked through: of any size, but most are alike. */
const EFFORT = 4000

const decodeTool = (wire: unknown, index: number): Tool => {
  const { type, function: defined } = accept(compiledTool(), wire, ['tools', index])
  const param = `tools[${index}]`
  if (type != null && type !== 'function') {
    throw unsupported(`${param}.type`, "tolk knows tools of type 'function' only.")
  }
  if (defined == null) throw missing(`${param}.function`)
  return decode(defined, `${param}.function`)
}

const decodeFunction = (wire: unknown, index: number): Tool =>
  decode(accept(definition, wire, ['functions', index]), `functions[${index}]`)

const decode = (
  { name, description, parameters }: z.infer<typeof definition>,
  param: string,
): Tool => {
  assertReadable(parameters, `${param}.parameters`)
  return {
    name,
    ...(description != null && { description }),
    ...(parameters != null && { parameters }),
  }
}
