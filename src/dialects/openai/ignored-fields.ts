/** What a request asks for in vain: names for the `x-tolk-ignored` header. */
import { isJsonObject } from '../../wire/json.ts'
import type { JsonObject } from '../../chat/request.ts'

/**
 * Fields of the body without effect on the answer, in the client's order: those of the API that Ollama
 * cannot honour, and those nobody knows.
 *
 * @param known names the request decoder reads.
 * @param inside which keys it reads of those that hold objects; all of them where a name is not here.
 */
export const ignoredFields = (
  body: JsonObject,
  known: ReadonlySet<string>,
  inside: ReadonlyMap<string, readonly string[]>,
): readonly string[] => {
  const ignored: string[] = []
  for (const name of Object.keys(body)) {
    if (WITHOUT_EFFECT.has(name)) continue
    const value = body[name]
    if (!known.has(name)) {
      if (asksFor(name, value)) ignored.push(name)
      continue
    }
    const read = inside.get(name)
    if (read === undefined || !isJsonObject(value)) continue
    for (const key of Object.keys(value)) {
      if (value[key] != null && !read.includes(key)) ignored.push(`${name}.${key}`)
    }
  }
  return ignored
}

/**
 * Those that may stand in a header: the keys of a body can be any text, and as many as it holds. At most
 * {@link MOST}, for a header has an end.
 */
export const headerNames = (ignored: readonly string[]): readonly string[] =>
  ignored.filter((name) => PLAIN.test(name)).slice(0, MOST)

const MOST = 32
const PLAIN = /^[\w.-]{1,64}$/

/** Of no effect on what a model says here, so nothing is lost. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'verbosity',
])

/** SDKs send defaults for what they do not use: those ask for nothing. */
const asksFor = (name: string, value: unknown): boolean => {
  if (value == null) return false
  if (name === 'modalities') return !Array.isArray(value) || value.some((word) => word !== 'text')
  if (name === 'logit_bias') return !isJsonObject(value) || Object.keys(value).length > 0
  return true
}
