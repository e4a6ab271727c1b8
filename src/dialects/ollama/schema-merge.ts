/** Two schemas that both hold → one, where Ollama's keywords can say it. */
import type { ReadSchema } from './read-schema.ts'
import { joined } from './schema-words.ts'

/** Null where they cannot: two lists of alternatives, two kinds of items, nothing that fits both. */
export const mergeSchemas = (a: ReadSchema, b: ReadSchema): ReadSchema | null => {
  const type = shared(a.type, b.type, sharedTypes)
  const values = shared(a.enum, b.enum, sharedValues)
  const properties = shared(a.properties, b.properties, mergeProperties)
  const anyOf = shared(a.anyOf, b.anyOf, onlyEqual)
  const items = shared(a.items, b.items, onlyEqual)
  if (type === null || values === null || properties === null) return null
  if (anyOf === null || items === null) return null
  const required = shared(a.required, b.required, (ours, theirs) => [
    ...new Set([...ours, ...theirs]),
  ])
  const description = shared(a.description, b.description, joined)
  return {
    ...a,
    ...b,
    ...(type !== undefined && { type }),
    ...(values !== undefined && { enum: values }),
    ...(properties !== undefined && { properties }),
    ...(required != null && { required }),
    ...(description != null && { description }),
  }
}

const shared = <T>(
  a: T | undefined,
  b: T | undefined,
  merge: (a: T, b: T) => T | null,
): T | null | undefined => {
  if (a === undefined) return b
  return b === undefined ? a : merge(a, b)
}

type Type = NonNullable<ReadSchema['type']>

/** An integer is a number too. */
const sharedTypes = (a: Type, b: Type): Type | null => {
  if (onlyEqual(a, b) !== null) return a
  const theirs = new Set([b].flat())
  const both = [a].flat().flatMap((type) => {
    if (theirs.has(type)) return [type]
    if (type === 'integer' && theirs.has('number')) return ['integer']
    return type === 'number' && theirs.has('integer') ? ['integer'] : []
  })
  const [first, ...more] = new Set(both)
  if (first === undefined) return null
  return more.length === 0 ? first : [first, ...more]
}

const sharedValues = (a: readonly unknown[], b: readonly unknown[]): readonly unknown[] | null => {
  const theirs = new Set(b.map((value) => JSON.stringify(value)))
  const both = a.filter((value) => theirs.has(JSON.stringify(value)))
  return both.length === 0 ? null : both
}

type Properties = NonNullable<ReadSchema['properties']>

const mergeProperties = (a: Properties, b: Properties): Properties | null => {
  const all = new Map(Object.entries(a))
  for (const [name, theirs] of Object.entries(b)) {
    const ours = all.get(name)
    const both = ours === undefined ? theirs : mergeSchemas(ours, theirs)
    if (both === null) return null
    all.set(name, both)
  }
  return Object.fromEntries(all)
}

const onlyEqual = <T>(a: T, b: T): T | null => (JSON.stringify(a) === JSON.stringify(b) ? a : null)
