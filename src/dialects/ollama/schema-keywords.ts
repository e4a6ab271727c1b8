/** The keywords of one schema, parted into what Ollama reads and what it would drop. */
import type { JsonObject } from '../../chat/request.ts'
import { isJsonObject } from '../../wire/json.ts'
import type { ReadSchema } from './read-schema.ts'
import type { Lost } from './schema-words.ts'

/** What a keyword needs of the schema around it. */
export type Surroundings = {
  /** The name of the property, or of the tool, that the schema describes. */
  readonly name: string
  /** Whether it is the whole of a tool's parameters, which may define and be referred to. */
  readonly isRoot: boolean
  /** Reads a schema inside this one. */
  readonly inner: (schema: unknown, name: string) => ReadSchema
  /** Takes what is kept word for word. */
  readonly verbatim: (value: unknown) => unknown
}

export type Parted = { readonly kept: ReadSchema; readonly lost: readonly Lost[] }

/**
 * A keyword that Ollama reads stays as it is, where the client put it. `oneOf` is read as `anyOf` and
 * `const` as an `enum` of one, unless these are there too. `$ref`, `allOf` and `nullable` are not looked
 * at: they need the rest.
 */
export const partKeywords = (schema: JsonObject, around: Surroundings): Parted => {
  const kept: { -readonly [Keyword in keyof ReadSchema]: ReadSchema[Keyword] } = {}
  const lost: Lost[] = []
  const { name, isRoot, inner, verbatim } = around
  for (const [keyword, value] of Object.entries(schema)) {
    // Go takes null for "leave it"; a default or a constant may well be null.
    if (value === null && READ.has(keyword)) continue
    const lose = () => lost.push([keyword, value])
    switch (keyword) {
      case 'type':
        if (typeof value === 'string' || isStrings(value)) kept.type = value
        else lose()
        break
      case 'description':
        if (typeof value === 'string') kept.description = value
        else lose()
        break
      case 'enum':
        if (Array.isArray(value)) kept.enum = value
        else lose()
        break
      case 'required':
        if (Array.isArray(value)) kept.required = value.filter((item) => typeof item === 'string')
        if (!isStrings(value)) lose()
        break
      case 'properties': {
        if (!isJsonObject(value)) {
          lose()
          break
        }
        kept.properties = Object.fromEntries(
          Object.entries(value)
            .filter(([, property]) => property !== false)
            .map(([key, property]) => [key, inner(property, key)]),
        )
        // `false` allows nothing: such a property is not offered.
        const barred = Object.keys(value).filter((key) => value[key] === false)
        if (barred.length > 0) lost.push(['notAllowed', barred])
        break
      }
      case 'anyOf':
        if (Array.isArray(value)) kept.anyOf = branches(value, around)
        else lose()
        break
      case 'oneOf':
        if (Array.isArray(value) && !Object.hasOwn(schema, 'anyOf')) {
          kept.anyOf = branches(value, around)
        } else lose()
        break
      case 'const':
        if (Object.hasOwn(schema, 'enum')) lose()
        else kept.enum = [value]
        break
      case 'items':
        kept.items = verbatim(value)
        break
      case '$defs':
        if (isRoot) kept.$defs = value
        else lose()
        break
      case 'definitions':
        if (!isRoot) lose()
        break
      case 'title':
        if (!repeats(value, name)) lose()
        break
      default:
        if (!LATER.has(keyword) && !SILENT.has(keyword)) lose()
    }
  }
  return { kept, lost }
}

const branches = (value: readonly unknown[], { name, inner }: Surroundings): ReadSchema[] =>
  value.filter((branch) => branch !== false).map((branch) => inner(branch, name))

const READ: ReadonlySet<string> = new Set([
  'type',
  'description',
  'enum',
  'required',
  'properties',
  'anyOf',
  'items',
  '$defs',
])

const LATER: ReadonlySet<string> = new Set(['$ref', 'allOf', 'nullable'])

/** Of use to programs that read schemas, and to no model. */
const SILENT: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$anchor',
  '$dynamicAnchor',
  '$vocabulary',
])

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

/** Generators give each property a title that is its name: `City` for `city`. */
const repeats = (title: unknown, name: string): boolean =>
  typeof title === 'string' && plain(title) === plain(name)

const plain = (text: string): string => text.toLowerCase().replace(/[\s_-]+/g, '')
