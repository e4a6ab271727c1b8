/** Flags over environment over file: each option's value from the highest source that names it. */
import type { ConfigFile } from './config-file.ts'
import type { Origin } from './origin.ts'
import { placeOf } from './place.ts'
import { type Assignment, isCredential } from './sources/said.ts'
import { nameOf, type Tree, valueAt, without, withValue } from './tree.ts'

export type Layered = {
  /** What the schema is to check. */
  readonly tree: Tree
  /** By the option's path; an option that is absent has its default. */
  readonly origins: ReadonlyMap<string, Origin>
  /** The file's name, for complaints about what no option accounts for. */
  readonly fileName: string | null
  /** Credentials that were left out, a sentence each. */
  readonly warnings: readonly string[]
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
  const credentials = new Map<string, Assignment>()
  let tree = file?.tree ?? {}
  if (valueAt(tree, ['upstreams', upstream]) === undefined) {
    tree = withValue(tree, ['upstreams', upstream], {})
  }
  for (const layer of layers) {
    for (const path of layer.flatMap((each) => replacedBy(each.path, upstream))) {
      tree = without(tree, path)
      origins.delete(nameOf(path))
      credentials.delete(nameOf(path))
    }
    for (const assignment of layer) {
      const { path, value, origin } = assignment
      tree = withValue(tree, path, value)
      origins.set(nameOf(path), origin)
      if (isCredential(path)) credentials.set(nameOf(path), assignment)
    }
  }
  const fileName = file?.name ?? null
  const addressPath = ['upstreams', upstream, 'baseUrl']
  const address = valueAt(tree, addressPath)
  const warnings: string[] = []
  for (const { path, meantFor } of credentials.values()) {
    if (meantFor === undefined || !isElsewhere(address, meantFor)) continue
    const [what, where] = [path, addressPath].map((each) => placeOf(each, { origins, fileName }))
    warnings.push(
      `${what} is not sent to the address in ${where}: a credential goes only to the address that it stands beside. Give this one its own, if it needs any.`,
    )
    tree = without(tree, path.includes('basic') ? path.slice(0, 4) : path)
  }
  return { tree, origins, fileName, warnings }
}

/** Scheme and port count too: a key that is meant for https is not sent in the clear. */
const isElsewhere = (address: unknown, meantFor: string): boolean =>
  typeof address === 'string' && URL.parse(address)?.origin !== URL.parse(meantFor)?.origin

/** What a lower layer said by another option, and this one takes the place of. */
const replacedBy = (path: readonly string[], upstream: string): readonly (readonly string[])[] => {
  const [section, name, ...rest] = path
  if (section === 'auth') return (REPLACED_KEYS[name ?? ''] ?? []).map((each) => ['auth', each])
  if (section !== 'upstreams') return []
  return (REPLACED[rest.join('.')] ?? []).map((each) =>
    ['upstreams', upstream].concat(each.split('.')),
  )
}

const REPLACED_KEYS: Readonly<Record<string, readonly string[]>> = {
  keys: ['keysFile'],
  keysFile: ['keys'],
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
