/** Text from the environment or a command line → the kind of value its option takes. */
import JSON5 from 'json5'
import type { SchemaNode } from './json-schema.ts'

/**
 * Numbers and switches are read where the option takes one; lists and maps are written as JSON5. Text
 * that is no such thing is given back as it is, for the schema to refuse.
 */
export const readWritten = (text: string, { type }: SchemaNode): unknown => {
  if (type === 'integer' || type === 'number') return NUMBER.test(text) ? Number(text) : text
  if (type === 'boolean') return SWITCHES.get(text.toLowerCase()) ?? text
  return type === 'array' || type === 'object' ? fromJson5(text) : text
}

const NUMBER = /^-?\d+(?:\.\d+)?$/

const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
])

const fromJson5 = (text: string): unknown => {
  try {
    return JSON5.parse<unknown>(text)
  } catch {
    return text
  }
}
