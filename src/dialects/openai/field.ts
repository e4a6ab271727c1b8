/** The kinds of field that a request is made of, where zod's own would not do. */
import { z } from 'zod'
import type { JsonObject } from '../../chat/request.ts'
import { isJsonObject } from '../../wire/json.ts'

/**
 * A schema made one function when it is first asked for, not before: the body's takes 10 ms. What it finds
 * wrong the schema itself is asked to tell. Of a small request it saves 1 µs, of 60,000 messages 45 ms.
 */
export const compiled = <Schema extends z.ZodType>(schema: Schema): (() => Schema) => {
  let made: Schema | undefined
  return () => (made ??= z.compile(schema))
}

/** An array whose elements are read elsewhere. */
export const anyList = z.unknown().transform((value, context): readonly unknown[] => {
  if (Array.isArray(value)) return value
  context.issues.push({ code: 'invalid_type', expected: 'array', input: value })
  return z.NEVER
})

/**
 * An array, read up to its first fault: a body of millions of wrong items costs one issue, not
 * millions of them.
 */
export const list = <T>(item: z.ZodType<T>) =>
  z.unknown().transform((value, context): readonly T[] => {
    if (!Array.isArray(value)) {
      context.issues.push({ code: 'invalid_type', expected: 'array', input: value })
      return z.NEVER
    }
    const items: T[] = []
    const wires: readonly unknown[] = value
    for (const [index, wire] of wires.entries()) {
      const read = item.safeParse(wire, { reportInput: true })
      if (!read.success) {
        // A union of one: the way zod lets issues stand inside an issue.
        const errors = [read.error.issues]
        context.issues.push({ code: 'invalid_union', errors, path: [index], input: wire })
        return z.NEVER
      }
      items.push(read.data)
    }
    return items
  })

/** A JSON object that is passed on: the very one that came, with all its keys. */
export const jsonObject = z.unknown().transform((value, context): JsonObject => {
  if (isJsonObject(value)) return value
  context.issues.push({ code: 'invalid_type', expected: 'object', input: value })
  return z.NEVER
})

/** One of a few words; what else comes is told which they are. */
export const oneOf = <const Word extends string>(words: readonly Word[]) =>
  z.string().pipe(z.enum(words, { error: `expected ${spoken(words)}.` }))

/** One of a few words, read as what it means. */
export const meaning = <T>(meanings: ReadonlyMap<string, T>) =>
  z.string().transform((word, context): T => {
    const meant = meanings.get(word)
    if (meant !== undefined) return meant
    const message = `expected ${spoken([...meanings.keys()])}.`
    context.issues.push({ code: 'custom', message, input: word })
    return z.NEVER
  })

const spoken = (words: readonly string[]): string => {
  const quoted = words.map((word) => `'${word}'`)
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** A whole number of these bounds, each of them allowed; none that a double cannot count. */
export const integer = (least: number, most: number) =>
  z
    .int({
      error: ({ code }) =>
        code === 'too_small' ? atLeast(Number.MIN_SAFE_INTEGER) : atMost(Number.MAX_SAFE_INTEGER),
    })
    .min(least, { error: atLeast(least) })
    .max(most, { error: atMost(most) })

const atLeast = (least: number): string => `expected at least ${least}.`
const atMost = (most: number): string => `expected at most ${most}.`

/** An `int32` of the engine's. */
export const int32 = integer(-(2 ** 31), 2 ** 31 - 1)

/** A number with any digits, as the double next to it: 32-bit floats arrive as 0.699999988079071044921875. */
export const double = z.unknown().transform((value, context): number => {
  if (typeof value === 'number') return value
  if (!JSON.isRawJSON(value)) {
    context.issues.push({ code: 'invalid_type', expected: 'number', input: value })
    return z.NEVER
  }
  const nearest = Number(value.rawJSON)
  if (!Number.isFinite(nearest)) {
    context.issues.push({ code: 'custom', message: TOO_LARGE, input: value })
    return z.NEVER
  }
  return nearest
})

const TOO_LARGE = 'the number is too large.'

/** A number that survives as the 32-bit float the engine keeps it in. */
export const float = double.refine((value) => Number.isFinite(Math.fround(value)), {
  error: TOO_LARGE,
})
