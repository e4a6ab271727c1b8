/** What a request asks for in vain: names for the `x-tolk-ignored` header. */
import { isJsonObject } from '../../wire/json.ts'
import type { JsonObject } from '../../chat/request.ts'

/**
 * Fields of the body without effect on the answer, in the client's order: those of the API that Ollama
 * cannot honour, and those nobody knows. At most {@link MOST}, for a header has an end.
 *
 * @param known names the request decoder reads.
 */
export const ignoredFields = (body: JsonObject, known: ReadonlySet<string>): readonly string[] => {
  const ignored: string[] = []
  for (const name of Object.keys(body)) {
    if (ignored.length === MOST) break
    if (known.has(name) || WITHOUT_EFFECT.has(name)) continue
    if (asksFor(name, body[name])) ignored.push(name)
  }
  return ignored
}

/** Whether a name may stand in a header: the keys of a body can be any text. */
export const isPlainName = (name: string): boolean => PLAIN.test(name)

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
