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

/** Stands for the name of the upstream, in paths. */
export const UPSTREAM_NAME = '<name>'

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
  return variableOf(words)
}

/** The words of a path as a variable: `refreshMs` becomes `REFRESH_MS`. */
export const variableOf = (words: readonly string[]): string =>
  `TOLK_${words.map((word) => word.replace(/[A-Z]/g, (letter) => `_${letter}`)).join('_')}`.toUpperCase()

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
