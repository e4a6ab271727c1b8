/** `tools`, and the `functions` of before there were any. */
import { z } from 'zod'
import type { Tool } from '../../chat/request.ts'
import { jsonObject, list } from './field.ts'
import { assertReadable } from './json-value.ts'
import { invalid, missing, unsupported } from './refusal.ts'

/** `strict` is accepted: calls are not checked against their schema yet. */
const definition = z.object({
  name: z.string().min(1, { error: 'expected a name.' }),
  description: z.string().nullish(),
  parameters: jsonObject.nullish(),
})

export const toolDefinitions = {
  tools: list(z.object({ type: z.string().nullish(), function: definition.nullish() })).nullish(),
  functions: list(definition).nullish(),
}

const fields = z.object(toolDefinitions)

/**
 * Two tools of one name are passed on as they are: which is meant is between client and model.
 *
 * @throws Failed naming the tool, and the field in it.
 */
export const decodeTools = ({ tools, functions }: z.infer<typeof fields>): readonly Tool[] => {
  if (tools == null || tools.length === 0) {
    return (functions ?? []).map((wire, index) => decode(wire, `functions[${index}]`))
  }
  if (functions != null && functions.length > 0) {
    throw invalid('functions', "'functions' is the old name of 'tools': send one of them.")
  }
  return tools.map(({ type, function: wire }, index) => {
    const param = `tools[${index}]`
    if (type != null && type !== 'function') {
      throw unsupported(`${param}.type`, "tolk knows tools of type 'function' only.")
    }
    if (wire == null) throw missing(`${param}.function`)
    return decode(wire, `${param}.function`)
  })
}

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
