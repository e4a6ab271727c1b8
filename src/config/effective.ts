/** What is in force: every value as it may be shown, and where it came from. */
import type { ClientKey } from '../client-key.ts'
import type { Config } from './config.ts'
import { below, type SchemaNode } from './json-schema.ts'
import { options } from './options.ts'
import type { Origin } from './origin.ts'
import { placed } from './sources/said.ts'
import { isTree, nameOf, type Path, valueAt } from './tree.ts'
import type { Settings } from './schema.ts'

/** One value in force. Nothing secret is in it. */
export type Setting = {
  /** As in the file: `server.port`. */
  readonly name: string
  /** As JSON, or what stands in for a secret. */
  readonly shown: string
  readonly origin: Origin
}

export const MASK = '••••'

/** In the order of the schema; options without any value are left out. */
export const effective = (
  settings: Settings,
  config: Config,
  origins: ReadonlyMap<string, Origin>,
): readonly Setting[] => {
  const { name: upstream, connectTimeoutMs } = config.upstream
  return options.flatMap((option) => {
    const path = placed(option, upstream)
    const name = nameOf(path)
    const origin = origins.get(name) ?? { kind: 'default' }
    const shown = (all: readonly Line[], from = origin): readonly Setting[] =>
      all.map(([inside, text]) => ({ name: name + nameInside(inside), shown: text, origin: from }))
    switch (name) {
      case 'auth.keys':
        return shown(keyLines(config.auth.keys), origins.get('auth.keysFile') ?? origin)
      case 'server.host':
        return shown([[[], JSON.stringify(config.server.host)]])
      case nameOf(['upstreams', upstream, 'connectTimeoutMs']):
        return shown([[[], String(connectTimeoutMs)]])
      default:
        return shown(lines(valueAt(settings, path), option.node))
    }
  })
}

// A name begins with a key or an index; inside another, a key needs its dot.
const nameInside = (path: Path): string => nameOf(['_', ...path]).slice(1)

type Line = readonly [inside: Path, shown: string]

/** One line for each scalar within a value. */
const lines = (value: unknown, node: SchemaNode | undefined): readonly Line[] => {
  if (value === undefined) return []
  if (node?.writeOnly === true) return [[[], MASK]]
  const entries: readonly (readonly [string | number, unknown])[] | null = Array.isArray(value)
    ? [...value.entries()]
    : isTree(value)
      ? Object.entries(value)
      : null
  if (entries === null || entries.length === 0) return [[[], inline(value)]]
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) {
    return [[[], JSON.stringify(value)]]
  }
  return entries.flatMap(([key, each]) =>
    lines(each, node === undefined ? undefined : below(node, key)).map(([inside, text]): Line => [
      [key, ...inside],
      text,
    ]),
  )
}

const inline = (value: unknown): string =>
  typeof value === 'string' && value.includes('-----BEGIN') ? '(PEM)' : JSON.stringify(value)

/** A key is known by its name and the beginning of its hash. */
const keyLines = (keys: readonly ClientKey[]): readonly Line[] =>
  keys.length === 0
    ? [[[], 'none']]
    : keys.flatMap(({ name, sha256, models, requestsPerMinute }, index): readonly Line[] => [
        [[index], `"${name}" (sha256 ${sha256.slice(0, 8)}…)`],
        ...(models === null ? [] : [[[index, 'models'], JSON.stringify(models)] as const]),
        ...(requestsPerMinute === null
          ? []
          : [[[index, 'requestsPerMinute'], String(requestsPerMinute)] as const]),
      ])
