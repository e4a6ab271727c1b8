/** Every option as a row: its place in the file, its environment variable, its flag, its meaning. */
import { flagTable } from './flag-table.ts'
import { below, jsonSchema, type SchemaNode } from './json-schema.ts'

export type Option = {
  /** Where it stands in the file; `<name>` is the upstream's. */
  readonly path: readonly string[]
  readonly environment: string
  /** With its dashes; null when there is none. */
  readonly flag: string | null
  readonly node: SchemaNode
}

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

/** Stands for the name of the upstream, in paths. */
export const UPSTREAM_NAME = '<name>'

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

const flagsByOption = new Map<string, string>(
  Object.entries(flagTable).flatMap(([name, flag]) =>
    'option' in flag ? [[flag.option, `--${name}`] as const] : [],
  ),
)

/** `server` goes without saying, and there is but one upstream. */
const environmentName = (path: readonly string[]): string => {
  const special = SPECIAL_NAMES[path.join('.')]
  if (special !== undefined) return special
  const [first = '', second, ...rest] = path
  const words =
    first === 'server' ? path.slice(1) : second === UPSTREAM_NAME ? ['upstream', ...rest] : path
  return `TOLK_${words.map((word) => word.replace(/[A-Z]/g, (letter) => `_${letter}`)).join('_')}`.toUpperCase()
}

const SPECIAL_NAMES: Readonly<Record<string, string>> = {
  'upstreams.<name>.baseUrl': 'TOLK_UPSTREAM_URL',
  'auth.keys': 'TOLK_API_KEYS',
  'auth.keysFile': 'TOLK_API_KEYS_FILE',
}

const walk = (node: SchemaNode, path: readonly string[]): readonly Option[] => {
  if (path.length === 1 && path[0] === 'upstreams') {
    const upstream = below(node, UPSTREAM_NAME)
    return upstream === undefined ? [] : walk(upstream, [...path, UPSTREAM_NAME])
  }
  if (node.properties === undefined) {
    const flag = flagsByOption.get(path.join('.')) ?? null
    return [{ path, environment: environmentName(path), flag, node }]
  }
  return Object.keys(node.properties)
    .filter((key) => key !== '$schema')
    .flatMap((key) => {
      const child = below(node, key)
      return child === undefined ? [] : walk(child, [...path, key])
    })
}

/** Everything that can be set by itself, in the order of the schema. */
export const options: readonly Option[] = walk(jsonSchema, [])
