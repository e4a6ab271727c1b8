/** `$ref` inside one JSON Schema: where it leads, and where its definitions may stand for Ollama. */
import type { JsonObject } from '../../chat/request.ts'
import { isJsonObject } from '../../wire/json.ts'

/** What a local reference such as `#/$defs/City` leads to; undefined for a foreign one, or where nothing is. */
export const targetOf = (root: JsonObject, ref: string): unknown => {
  if (ref === '#') return root
  if (!ref.startsWith('#/')) return undefined
  let target: unknown = root
  for (const token of ref.slice(2).split('/')) {
    if (typeof target !== 'object' || target === null || JSON.isRawJSON(target)) return undefined
    const key = unescaped(token)
    if (!Object.hasOwn(target, key)) return undefined
    target = Reflect.get(target, key)
  }
  return target
}

/** Whether there is a `$ref` in it. */
export const mentionsReference = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return false
  return (
    (!Array.isArray(value) && Object.hasOwn(value, '$ref')) ||
    Object.values(value).some((inner) => mentionsReference(inner))
  )
}

/** The schema's definitions under the one name that Ollama keeps: `$defs`, with `definitions` of old among them. */
export const definitionsOf = ({ $defs, definitions }: JsonObject): JsonObject => {
  const defs = isJsonObject($defs) ? $defs : {}
  const old = isJsonObject(definitions) ? Object.entries(definitions) : []
  return {
    ...Object.fromEntries(old.map(([name, schema]) => [homeOf(name, defs), schema])),
    ...defs,
  }
}

/** The same, its references to `definitions` led to where {@link definitionsOf} puts them. */
export const renamed = (value: unknown, root: JsonObject): unknown =>
  root['definitions'] === undefined
    ? value
    : redirected(value, (ref) => renamedReference(ref, root))

/** The same, each `$ref` in it led to where `to` says. */
export const redirected = (value: unknown, to: (ref: string) => string): unknown => {
  if (Array.isArray(value)) return value.map((inner) => redirected(inner, to))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? to(inner) : redirected(inner, to),
    ]),
  )
}

/** As {@link renamed}, for one reference. */
export const renamedReference = (ref: string, { $defs }: JsonObject): string => {
  if (!ref.startsWith(OLD)) return ref
  const [token = '', ...rest] = ref.slice(OLD.length).split('/')
  const home = homeOf(unescaped(token), isJsonObject($defs) ? $defs : {})
  return ['#/$defs', home === unescaped(token) ? token : `definitions.${token}`, ...rest].join('/')
}

const OLD = '#/definitions/'

const homeOf = (name: string, defs: JsonObject): string =>
  Object.hasOwn(defs, name) ? `definitions.${name}` : name

/** JSON Pointer in a URI fragment (RFC 6901 § 6). */
const unescaped = (token: string): string =>
  percentDecoded(token).replaceAll('~1', '/').replaceAll('~0', '~')

const percentDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
