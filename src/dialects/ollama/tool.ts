/** One tool, its schema in the shape that Ollama's structs can read. */
import type { JsonObject, Tool } from '../../chat/request.ts'
import { isJsonObject } from '../../wire/json.ts'

/**
 * Ollama reads a schema into `api/types.go: ToolFunctionParameters` and `ToolProperty` (0.33), and
 * answers a 400 for the whole request where JSON Schema allows what these types do not. Those places
 * are put right, everything else is passed on as it is. What the structs then drop is not saved yet.
 */
export const encodeTool = ({ name, description, parameters = {} }: Tool): object => ({
  type: 'function',
  function: { name, description, parameters: encodeParameters(parameters) },
})

/** Arguments are an object, whatever the schema says or leaves out. */
const encodeParameters = (schema: JsonObject): JsonObject => ({
  ...encodeProperty(schema),
  type: 'object',
  properties: encodeProperties(schema['properties']) ?? {},
})

/** The keywords of the structs that have a type of their own there, and what fits it, if anything does. */
const KEYWORDS: ReadonlyMap<string, (value: unknown) => unknown> = new Map([
  ['type', (value) => (Array.isArray(value) ? strings(value) : string(value))],
  ['description', (value) => string(value)],
  ['enum', (value) => (Array.isArray(value) ? value : undefined)],
  ['required', (value) => strings(value)],
  ['properties', (value) => encodeProperties(value)],
  ['anyOf', (value) => encodeBranches(value)],
  ['items', (value) => value],
  ['$defs', (value) => value],
])

const encodeProperty = (schema: unknown): JsonObject => {
  // `true` allows everything, as `{}` does.
  if (!isJsonObject(schema)) return {}
  const kept: [string, unknown][] = []
  for (const [name, value] of Object.entries(schema)) {
    const read = KEYWORDS.get(name)
    if (read === undefined) {
      if (!FOLDED.has(fold(name))) kept.push([name, value])
      continue
    }
    const fitting = read(value)
    if (fitting !== undefined) kept.push([name, fitting])
  }
  return Object.fromEntries(kept)
}

/** `false` allows nothing: such a property is not offered. */
const encodeProperties = (properties: unknown): JsonObject | undefined =>
  isJsonObject(properties)
    ? Object.fromEntries(
        Object.entries(properties)
          .filter(([, schema]) => schema !== false)
          .map(([name, schema]) => [name, encodeProperty(schema)]),
      )
    : undefined

const encodeBranches = (branches: unknown): readonly JsonObject[] | undefined =>
  Array.isArray(branches)
    ? branches.filter((branch) => branch !== false).map((branch) => encodeProperty(branch))
    : undefined

const string = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined

const strings = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined

const fold = (name: string): string => name.toUpperCase().toLowerCase()

/** Go matches field names without regard to case, so `Type` would be read as `type`. */
const FOLDED: ReadonlySet<string> = new Set([...KEYWORDS.keys()].map((name) => fold(name)))
