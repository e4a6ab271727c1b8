/** A valid instance of a JSON Schema, made of what the question offers: its places, its numbers, its words. */
import { z } from 'zod'

/** What the question offers to fill a schema with. */
export type Hints = {
  readonly question: string
  readonly places: readonly string[]
  readonly numbers: readonly number[]
}

/**
 * @param scope `all` fills every property; `needed` leaves out what is neither required nor offered
 *   by the question, as a model leaves out optional arguments.
 * @returns an instance; `pattern` is not followed, and a schema that nothing can satisfy gets a guess.
 */
export const instanceOf = (schema: unknown, hints: Hints, scope: 'all' | 'needed'): unknown => {
  const defs = node.safeParse(schema).data
  const numbers = [...hints.numbers]
  const definitions = { ...defs?.definitions, ...defs?.$defs }

  const fill = (raw: unknown, name: string, depth: number): unknown => {
    const part = resolve(raw, definitions)
    if (part.const !== undefined) return part.const
    if (part.enum !== undefined) return chosen(part.enum, hints.question)
    switch (kindOf(part)) {
      case 'object':
        return object(part, depth)
      case 'array':
        return array(part, name, depth)
      case 'integer':
        return withinBounds(numbers.shift() ?? 1, part, 1)
      case 'number':
        return withinBounds(numbers.shift() ?? 1, part, 0.5)
      case 'boolean':
        return true
      case 'null':
        return null
      default:
        return string(part, name)
    }
  }

  const object = (part: Node, depth: number): unknown => {
    const required = new Set(part.required)
    const entries = Object.entries(part.properties ?? {}).filter(
      ([name, property]) =>
        required.has(name) || (scope === 'all' ? depth < 4 : isOffered(property, hints)),
    )
    return Object.fromEntries(
      entries.map(([name, property]) => [name, fill(property, name, depth + 1)]),
    )
  }

  const array = (part: Node, name: string, depth: number): unknown => {
    const least = part.minItems ?? (depth < 4 ? 1 : 0)
    const length = Math.min(Math.max(least, 0), part.maxItems ?? least)
    return Array.from({ length }, () => fill(part.items ?? {}, name, depth + 1))
  }

  const string = (part: Node, name: string): string => {
    const given = FORMATS[part.format ?? ''] ?? wordFor(name, hints)
    return Array.from(given.padEnd(part.minLength ?? 0, '.'))
      .slice(0, part.maxLength)
      .join('')
  }

  return fill(schema, '', 0)
}

const node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  $ref: z.string().optional(),
  $defs: z.record(z.string(), z.unknown()).optional(),
  definitions: z.record(z.string(), z.unknown()).optional(),
  format: z.string().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  multipleOf: z.number().optional(),
})

type Node = z.infer<typeof node>

/** Follows references, takes the first alternative that is not `null`, and merges `allOf`. */
const resolve = (raw: unknown, definitions: Readonly<Record<string, unknown>>): Node => {
  const part = node.safeParse(raw).data ?? {}
  const [, target = ''] = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(part.$ref ?? '') ?? []
  if (target in definitions) return resolve(definitions[target], definitions)
  const alternatives = (part.anyOf ?? part.oneOf ?? []).map((one) => resolve(one, definitions))
  const alternative = alternatives.find(({ type }) => type !== 'null') ?? alternatives[0]
  if (alternative !== undefined) return alternative
  return [...(part.allOf ?? [])].reduce<Node>((merged, one) => both(merged, one, definitions), part)
}

const both = (one: Node, raw: unknown, definitions: Readonly<Record<string, unknown>>): Node => {
  const other = resolve(raw, definitions)
  return {
    ...one,
    ...other,
    properties: { ...one.properties, ...other.properties },
    required: [...(one.required ?? []), ...(other.required ?? [])],
  }
}

const kindOf = (part: Node): string => {
  const [first, second] = typeof part.type === 'string' ? [part.type] : (part.type ?? [])
  const kind = first === 'null' && second !== undefined ? second : first
  return kind ?? (part.properties === undefined ? 'string' : 'object')
}

const chosen = (values: readonly unknown[], question: string): unknown =>
  values.find((value) => typeof value === 'string' && mentions(question, value)) ?? values[0]

const mentions = (question: string, word: string): boolean =>
  word !== '' && question.toLowerCase().includes(word.toLowerCase())

const isOffered = (property: unknown, { question, numbers }: Hints): boolean => {
  const part = node.safeParse(property).data ?? {}
  if (part.enum !== undefined) {
    return part.enum.some((value) => typeof value === 'string' && mentions(question, value))
  }
  return ['integer', 'number'].includes(kindOf(part)) && numbers.length > 0
}

const withinBounds = (wanted: number, part: Node, nudge: number): number => {
  const least = part.minimum ?? (part.exclusiveMinimum ?? -Infinity) + nudge
  const most = part.maximum ?? (part.exclusiveMaximum ?? Infinity) - nudge
  const value = Math.min(Math.max(nudge === 1 ? Math.round(wanted) : wanted, least), most)
  const { multipleOf: step } = part
  if (step === undefined) return value
  const rounded = Math.floor(value / step) * step
  return rounded < least ? rounded + step : rounded
}

const wordFor = (name: string, { question, places }: Hints): string => {
  const [place] = places
  if (/city|place|town|locat|country|region|destin|origin/i.test(name)) return place ?? 'Lisbon'
  if (/quer|question|text|prompt|expression|message|input|^q$/i.test(name)) return question
  return place ?? (name === '' ? 'example' : `a ${name.replaceAll(/[_-]+/g, ' ')}`)
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-08-21',
  time: '10:00:00Z',
  'date-time': '2026-08-21T10:00:00Z',
  duration: 'PT5M',
  email: 'demo@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b',
}
