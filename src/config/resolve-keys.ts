/** The client keys as configured → their hashes. The keys themselves end here. */
import { withoutProvider } from '../catalog/name.ts'
import type { ClientKey } from '../client-key.ts'
import { hashKey, readKeyList } from './client-keys.ts'
import { isMistyped } from './minted-key.ts'
import type { Outside } from './outside.ts'
import { apiKeySchema, type ClientKeySettings, clientKeySchema, type Settings } from './schema.ts'
import type { Path } from './tree.ts'

/** @param upstream its name in the configuration, which a pattern may begin with: `ollama/gpt-oss:*`. */
export const resolveKeys = (
  { keys, keysFile }: Settings['auth'],
  upstream: string,
  outside: Outside,
): readonly ClientKey[] => {
  if (keys !== undefined && keysFile !== undefined) {
    outside.complain(['auth', 'keysFile'], 'stands beside `keys`; leave one of them')
  }
  const resolved = [
    ...(keys ?? []).flatMap((key, index) => resolveKey(key, ['auth', 'keys', index], outside)),
    ...(keysFile === undefined ? [] : keysIn(keysFile, outside)),
  ].map(({ name, sha256, models, requestsPerMinute }) => ({
    name,
    sha256,
    models: models?.flatMap((pattern) => withoutProvider(pattern, upstream)) ?? null,
    requestsPerMinute,
  }))
  if (keys?.length === 0) outside.complain(['auth', 'keys'], HOLDS_NONE)
  refuseTwins(resolved, outside)
  return resolved
}

const HOLDS_NONE = 'holds no key; leave it out if no key shall be asked for'

const keysIn = (file: string, outside: Outside): ClientKey[] => {
  const path = ['auth', 'keysFile']
  const text = outside.read(path, file)
  if (text === undefined) return []
  const keys = readKeyList(text)
  if (keys.length === 0) outside.complain(path, HOLDS_NONE)
  // Hashes may be read by anybody.
  if (keys.some(({ key }) => key !== undefined)) outside.warnIfOpen(path, file)
  return keys.flatMap((key, index) => {
    const parsed = clientKeySchema.safeParse(key)
    if (parsed.success) return resolveKey(parsed.data, path, outside)
    const what = parsed.error.issues[0]?.message ?? 'cannot be read'
    outside.complain(path, `has a key that cannot be used, the ${ordinal(index)}: it ${what}`)
    return []
  })
}

const ordinal = (index: number): string => `${index + 1}${['st', 'nd', 'rd'][index] ?? 'th'}`

const resolveKey = (key: ClientKeySettings, path: Path, outside: Outside): ClientKey[] => {
  const ways = [key.sha256, key.key, key.keyFile].filter((way) => way !== undefined)
  if (ways.length !== 1) {
    outside.complain(
      path,
      'needs exactly one of sha256, key and keyFile; `tolk key` makes a key and its hash',
    )
    return []
  }
  const sha256 = key.sha256?.toLowerCase() ?? hashOf(key, path, outside)
  if (sha256 === undefined) return []
  const { name, models = null, requestsPerMinute = null } = key
  return [{ name, sha256, models, requestsPerMinute }]
}

const hashOf = (
  { name, key, keyFile }: ClientKeySettings,
  path: Path,
  outside: Outside,
): string | undefined => {
  const text =
    key ?? (keyFile === undefined ? undefined : outside.read([...path, 'keyFile'], keyFile))
  if (text === undefined) return undefined
  if (keyFile !== undefined) outside.warnIfOpen([...path, 'keyFile'], keyFile)
  if (!apiKeySchema.safeParse(text).success) {
    outside.complain([...path, 'keyFile'], 'names a file whose text cannot be sent in a header')
    return undefined
  }
  if (isMistyped(text)) outside.warn(path, MISTYPED)
  // Names are logged.
  if (text.startsWith(name) && name.length >= 8) outside.warn(path, NAMED_AFTER_ITSELF)
  return hashKey(text)
}

const MISTYPED =
  'has a key that looks like one of `tolk key` and is none: a character was lost or changed on its way'

const NAMED_AFTER_ITSELF =
  'has a key that begins with its own name, and names are written to the log; give it another name'

/** Two of a name could not be told apart in the log, and of two equal keys one would never count. */
const refuseTwins = (keys: readonly ClientKey[], outside: Outside): void => {
  for (const field of ['name', 'sha256'] as const) {
    const twin = keys.find(
      (key, index) => keys.findIndex((other) => other[field] === key[field]) < index,
    )
    if (twin === undefined) continue
    const what = field === 'name' ? `the name ${twin.name}` : `the key of ${twin.name}`
    outside.complain(['auth', 'keys'], `has ${what} twice; each needs its own`)
  }
}
