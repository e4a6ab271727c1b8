/** What the schema holds against a value → one sentence that says what to write instead. */
import type { z } from 'zod'
import { nearest } from '../nearest.ts'
import { below, nodeAt, type SchemaNode } from './json-schema.ts'
import type { Layered } from './layers.ts'
import { optionTable } from './option-table.ts'
import { placeOf } from './place.ts'
import { nameOf, type Path, valueAt } from './tree.ts'

/** As the per-parse error map: an issue that no sentence of the schema explains is ours to word. */
export const unsaid = (): string => ''

/** One sentence for an issue; several for several unknown keys. Never holds a value that is text. */
export const complaints = (issue: z.core.$ZodIssue, layered: Layered): readonly string[] => {
  const path = issue.path.filter((key) => typeof key !== 'symbol')
  const place = placeOf(path, layered)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], path, layered))
  }
  if (issue.code === 'invalid_key') {
    return [`${place} is no name to use here; write letters, digits and . _ - only.`]
  }
  if (issue.message !== '') return [`${place} ${issue.message}.`]
  const node = nodeAt(path)
  const value = valueAt(layered.tree, path)
  if (value === undefined) return [`${place} is missing: it must be ${phrase(node)}.`]
  return [`${place} must be ${phrase(node)}${example(node)}; it is ${kindOf(value, node)}.`]
}

const unknownKey = (path: Path, parent: Path, layered: Layered): string => {
  const key = String(path.at(-1))
  const known = keysOf(nodeAt(parent))
  const [meant] = nearest(key, known, 1)
  const where = layered.fileName === null ? '' : ` in ${layered.fileName}`
  const complaint = `unknown key \`${nameOf(path)}\`${where}:`
  if (meant !== undefined) return `${complaint} did you mean \`${nameOf([...parent, meant])}\`?`
  // The right key in the wrong place: `port` at the top, `numCtx` beside `params`.
  const elsewhere = optionTable().find((row) => row.path.split('.').at(-1) === key)
  if (elsewhere !== undefined) return `${complaint} did you mean \`${elsewhere.path}\`?`
  return `${complaint} what may stand here is ${known.join(', ')}.`
}

const keysOf = (node: SchemaNode | undefined): readonly string[] =>
  Object.keys(node?.properties ?? {}).filter((key) => key !== '$schema')

/** What a schema asks for, in words. */
const phrase = (node: SchemaNode | undefined): string => {
  if (node === undefined) return 'something else'
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum !== undefined) return oneOf(node.enum.map((value) => JSON.stringify(value)))
  switch (node.type) {
    case 'integer':
      return `a whole number${range(node)}`
    case 'number':
      return `a number${range(node)}`
    case 'string':
      return node.minLength === undefined ? 'text' : 'text that is not empty'
    case 'boolean':
      return 'true or false'
    case 'array': {
      const items = below(node, 0)
      return `${node.minItems === undefined ? 'a list' : 'a list that is not empty'}${items === undefined ? '' : `, each entry ${phrase(items)}`}`
    }
    case 'object': {
      const keys = keysOf(node)
      return keys.length === 0
        ? 'an object'
        : `an object with keys such as ${keys.slice(0, 3).join(', ')}`
    }
    case 'null':
    case undefined:
      return 'something else'
  }
  return 'one of several things'
}

const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const range = ({ minimum, maximum }: SchemaNode): string => {
  const from = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum
  const to = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum
  if (from !== undefined && to !== undefined) return ` from ${from} to ${to}`
  if (from !== undefined) return ` of at least ${from}`
  return to === undefined ? '' : ` of at most ${to}`
}

/** Where the kind alone says little, the default shows what is meant. */
const example = (node: SchemaNode | undefined): string => {
  const value: unknown = node?.default
  const selfEvident = node?.enum !== undefined || node?.const !== undefined
  const telling = typeof value === 'number' || typeof value === 'string'
  return telling && !selfEvident ? `, such as ${JSON.stringify(value)}` : ''
}

/** Numbers and switches are repeated; text may be a secret that went astray. */
const kindOf = (value: unknown, node: SchemaNode | undefined): string => {
  if (typeof value === 'number') return node?.writeOnly === true ? 'a number' : String(value)
  if (value === '') return 'empty'
  if (typeof value === 'string') {
    return node?.type === 'array' || node?.type === 'object'
      ? 'text that is no such JSON5'
      : 'other text'
  }
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
