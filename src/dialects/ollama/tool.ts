/** One tool, in the shape that Ollama's structs can read. */
import type { JsonObject, Tool } from '../../chat/request.ts'
import { joined, paragraph, type Lost } from './schema-words.ts'
import type { ReadSchema } from './read-schema.ts'
import type { Room } from './schema-room.ts'
import { readToolSchema } from './tool-schema.ts'

/** As it goes upstream. */
export type EncodedTool = {
  readonly type: 'function'
  readonly function: {
    readonly name: string
    readonly description: string | undefined
    readonly parameters: ReadSchema
  }
}

/**
 * Ollama reads a schema into `api/types.go: ToolFunctionParameters` and `ToolProperty` (0.33): it answers
 * a 400 for the whole request where JSON Schema allows what these types do not, and drops what they do
 * not name. The parameters have no description there, so what is lost of them is told in the tool's own.
 *
 * @param index the tool's place in the request, for a refusal.
 * @throws Failed `invalid-request` for a schema whose references unfold to too much.
 */
export const encodeTool = (
  { name, description = '', parameters = {} }: Tool,
  index: number,
  room: Room,
): EncodedTool => {
  const param = `tools[${index}].function.parameters`
  const read = readToolSchema(withoutEcho(parameters, description), name, param, room)
  const { description: told = '', ...rest } = read
  const [schema, lost] = asParameters(rest)
  return {
    type: 'function',
    function: {
      name,
      description: joined(description, joined(told, paragraph(lost))) || undefined,
      parameters: schema,
    },
  }
}

/** Arguments are an object, whatever the schema says; what only a property may say is told. */
const asParameters = (read: ReadSchema): readonly [ReadSchema, readonly Lost[]] => {
  const { anyOf, enum: values, ...rest } = read
  const lost: Lost[] = []
  if (rest.type !== undefined && rest.type !== 'object') lost.push(['type', rest.type])
  if (anyOf !== undefined) lost.push(['anyOf', anyOf])
  if (values !== undefined) lost.push(['enum', values])
  return [{ ...rest, type: 'object', properties: rest.properties ?? {} }, lost]
}

/** Generators put a function's documentation in both places. */
const withoutEcho = (parameters: JsonObject, description: string): JsonObject => {
  const { description: echo, ...rest } = parameters
  if (typeof echo !== 'string') return parameters
  // Behind a signature, before a remark: to look for it anywhere can take the square of its length.
  const [said, again] = [description.trim(), echo.trim()]
  return said.startsWith(again) || said.endsWith(again) ? rest : parameters
}
