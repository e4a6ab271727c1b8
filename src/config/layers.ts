/** Flags over environment over file: each option's value from the highest source that names it. */
import type { ConfigFile } from './config-file.ts'
import type { Assignment } from './sources/said.ts'
import type { Origin } from './origin.ts'
import { nameOf, type Tree, valueAt, without, withValue } from './tree.ts'

export type Layered = {
  /** What the schema is to check. */
  readonly tree: Tree
  /** By the option's path; an option that is absent has its default. */
  readonly origins: ReadonlyMap<string, Origin>
  /** The file's name, for complaints about what no option accounts for. */
  readonly fileName: string | null
}

/**
 * @param upstream the upstream's name in `upstreams`.
 * @param layers the lowest first; the file's own assignments among them.
 */
export const layered = (
  file: ConfigFile | null,
  upstream: string,
  layers: readonly (readonly Assignment[])[],
): Layered => {
  const origins = new Map<string, Origin>()
  let tree = file?.tree ?? {}
  if (valueAt(tree, ['upstreams', upstream]) === undefined) {
    tree = withValue(tree, ['upstreams', upstream], {})
  }
  for (const layer of layers) {
    for (const path of layer.flatMap((each) => replacedBy(each.path, upstream))) {
      tree = without(tree, path)
      origins.delete(nameOf(path))
    }
    for (const { path, value, origin } of layer) {
      tree = withValue(tree, path, value)
      origins.set(nameOf(path), origin)
    }
  }
  return { tree, origins, fileName: file?.name ?? null }
}

/** What a lower layer said by another option, and this one takes the place of. */
const replacedBy = (path: readonly string[], upstream: string): readonly (readonly string[])[] => {
  const [section, name, ...rest] = path
  if (section === 'auth') return [['auth', name === 'keys' ? 'keysFile' : 'keys']]
  if (section !== 'upstreams') return []
  return (REPLACED[rest.join('.')] ?? []).map((each) =>
    ['upstreams', upstream].concat(each.split('.')),
  )
}

const BASIC = [
  'auth.basic.username',
  'auth.basic.password',
  'auth.basic.passwordFile',
  'auth.basic',
]

/** There is one credential: a key above a password below, and the other way round. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  apiKey: ['apiKeyFile', ...BASIC],
  apiKeyFile: ['apiKey', ...BASIC],
  'auth.basic.username': ['apiKey', 'apiKeyFile'],
  'auth.basic.password': ['apiKey', 'apiKeyFile', 'auth.basic.passwordFile'],
  'auth.basic.passwordFile': ['apiKey', 'apiKeyFile', 'auth.basic.password'],
}
