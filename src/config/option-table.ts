/** The manual as rows: every option, and the fields of those that are lists or maps. */
import { below, type SchemaNode } from './json-schema.ts'
import { options } from './options.ts'

/** A row of the manual. What cannot be set by itself has neither a variable nor a flag. */
export type OptionRow = {
  /** `server.port`, `upstreams.<name>.models[].id`. */
  readonly path: string
  readonly environment: string | null
  readonly flag: string | null
  /** As JSON; null when there is none. */
  readonly default: string | null
  readonly description: string
}

/** The manual, in the order of the schema; the fields of lists and maps follow their option. */
export const optionTable = (): readonly OptionRow[] =>
  options.flatMap(({ path, environment, flag, node }) =>
    [row(path.join('.'), environment, flag, node)].concat(fields(path.join('.'), node)),
  )

const row = (
  path: string,
  environment: string | null,
  flag: string | null,
  node: SchemaNode,
): OptionRow => ({
  path,
  environment,
  flag,
  default: node.default === undefined ? null : JSON.stringify(node.default),
  description: node.description ?? '',
})

const fields = (path: string, { items, additionalProperties }: SchemaNode): OptionRow[] => {
  if (isNode(items)) return properties(items, `${path}[]`)
  return isNode(additionalProperties) ? properties(additionalProperties, `${path}.*`) : []
}

const properties = (node: SchemaNode, path: string): OptionRow[] =>
  Object.keys(node.properties ?? {}).flatMap((key) => {
    const child = below(node, key)
    if (child === undefined) return []
    const name = `${path}.${key}`
    return child.properties === undefined
      ? [row(name, null, null, child)].concat(fields(name, child))
      : properties(child, name)
  })

const isNode = (node: unknown): node is SchemaNode => typeof node === 'object' && node !== null
