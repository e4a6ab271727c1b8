/** Reads a heap snapshot, as V8 writes it: how many there are of each kind of object. */
import { z } from 'zod'

/** Kinds by type and constructor, such as `object Pump` or `closure tick`. */
export const kindsIn = (text: string): ReadonlyMap<string, number> => {
  const { snapshot, nodes, strings } = shape.parse(JSON.parse(text))
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [typeNames] = types
  const type = fields.indexOf('type')
  const name = fields.indexOf('name')
  const kinds = new Map<string, number>()
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = typeNames[nodes[at + type] ?? 0] ?? ''
    // A string is named by its text, and all numbers are named alike.
    const named = kind.includes('string') ? '' : (strings[nodes[at + name] ?? 0] ?? '')
    const key = `${kind} ${named}`
    kinds.set(key, (kinds.get(key) ?? 0) + 1)
  }
  return kinds
}

/** Too long for a schema to look at each number. */
const numbers = z.custom<readonly number[]>((value) => Array.isArray(value))

const shape = z.object({
  snapshot: z.object({
    meta: z.object({
      node_fields: z.array(z.string()),
      node_types: z.tuple([z.array(z.string())]).rest(z.unknown()),
    }),
  }),
  nodes: numbers,
  strings: z.custom<readonly string[]>((value) => Array.isArray(value)),
})
