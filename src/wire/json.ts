/** JSON at the doors: text to a value that keeps every digit, a value to one we trust. */
import type { z } from 'zod'
import { Failed } from '../failure.ts'
import { parseExact } from './json-exact.ts'

declare global {
  /** ES2026 "JSON.parse source text access", in V8 since Node 22; TypeScript's lib lacks it still. */
  interface JSON {
    rawJSON(text: string): { readonly rawJSON: string }
    isRawJSON(value: unknown): value is { readonly rawJSON: string }
  }
}

/**
 * Reads JSON text. A number that a double cannot hold (an id above 2^53, `1e400`) becomes
 * `JSON.rawJSON`, so that `JSON.stringify` gives back each digit; every other value is as usual.
 *
 * @param hasUnusualNumbers false where it is known that a double holds each number.
 * @throws SyntaxError when the text is not JSON, RangeError when it is nested deeper than the stack.
 */
export const parseJson = (text: string, hasUnusualNumbers = UNUSUAL_NUMBER.test(text)): unknown => {
  const value: unknown = JSON.parse(text)
  // To read it again costs a few times the parsing: only where it can matter.
  return hasUnusualNumbers ? parseExact(text, keepDigits) : value
}

/** A number in value position with an exponent, or with more digits than every double keeps. */
const UNUSUAL_NUMBER = /(?:^|[:[,\s])-?(?:\d[\d.]{15}|\d[\d.]*[eE])/

const keepDigits = (source: string): unknown => {
  const value = Number(source)
  return loses(value, source) ? JSON.rawJSON(source) : value
}

const loses = (value: number, source: string): boolean =>
  !Number.isFinite(value) || (String(value) !== source && exact(value) !== exact(source))

/** A decimal's exact value: its significant digits, and the power of ten that they count. */
const exact = (number: string | number): string => {
  const [mantissa = '', exponent = '0'] = String(number).toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = withoutZerosAtEnd(digits)
  if (significant === '') return '0'
  return `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}

// As /0+$/ would, which is quadratic in the zeros of 1.000…0001.
const withoutZerosAtEnd = (digits: string): string => {
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, end)
}

/** Whether a value is a JSON object: an array is none, nor is a number kept as raw text. */
export const isJsonObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

/** What is wrong with a value, in the words of OpenAI's errors. `param` is null for the value itself. */
export type Problem = {
  readonly message: string
  readonly param: string | null
  readonly code: 'missing_required_parameter' | 'invalid_type' | 'invalid_value'
}

/** What a schema makes of a value: the value we may trust from here on, or the first problem. */
export type Checked<T> = { readonly value: T } | { readonly problem: Problem }

/**
 * Holds a value against a schema; the one place where zod's issues become sentences.
 *
 * @param path where the value stands, for the problem's `param`.
 */
export const check = <T>(
  schema: z.ZodType<T>,
  value: unknown,
  path: readonly PropertyKey[] = [],
): Checked<T> => {
  try {
    const result = schema.safeParse(value, { reportInput: true })
    return result.success
      ? { value: result.data }
      : { problem: problemOf(result.error.issues, path) }
  } catch (cause) {
    if (cause instanceof RangeError) return { problem: TOO_MUCH }
    throw cause
  }
}

/** zod passes lists of issues on as arguments: some hundred thousand are more than the stack holds. */
const TOO_MUCH: Problem = {
  message: 'The value has more faults than can be told.',
  param: null,
  code: 'invalid_value',
}

/**
 * As {@link check}, for a client's request.
 *
 * @throws Failed `invalid-request`, naming the param.
 */
export const accept = <T>(
  schema: z.ZodType<T>,
  value: unknown,
  path?: readonly PropertyKey[],
): T => {
  const checked = check(schema, value, path)
  if ('value' in checked) return checked.value
  throw new Failed({ kind: 'invalid-request', ...checked.problem })
}

/** A path as OpenAI writes it: `messages[0].content`. */
export const paramOf = (path: readonly PropertyKey[]): string | null =>
  path.length === 0
    ? null
    : path
        .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
        .join('')
        .replace(/^\./, '')

type Issue = z.core.$ZodIssue

const problemOf = (issues: readonly Issue[], prefix: readonly PropertyKey[] = []): Problem => {
  const issue = issues[0]
  if (issue === undefined) return { message: 'Invalid value.', param: null, code: 'invalid_value' }
  const path = [...prefix, ...issue.path]
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors)
    if (branch !== undefined) return problemOf(branch, path)
  }
  const param = paramOf(path)
  const name = param === null ? 'the request body' : `'${param}'`
  if (issue.code === 'invalid_type' && issue.input === undefined && param !== null) {
    return {
      message: `Missing required parameter: ${name}.`,
      param,
      code: 'missing_required_parameter',
    }
  }
  if (issue.code === 'invalid_type') {
    const message = `Invalid type for ${name}: expected ${article(NOUNS[issue.expected] ?? issue.expected)}, but got ${kindOf(issue.input)} instead.`
    return { message, param, code: 'invalid_type' }
  }
  return { message: `Invalid value for ${name}: ${issue.message}`, param, code: 'invalid_value' }
}

/** Of a union's branches, the one that got furthest into the value: that is what the client meant. */
const nearestBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined =>
  branches
    .filter((issues) => issues.length > 0)
    .toSorted((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)[0]

const depthOf = (issues: readonly Issue[]): number =>
  issues.reduce((deepest, { path }) => Math.max(deepest, path.length), 0)

/** zod's names where ours read better. */
const NOUNS: Readonly<Record<string, string>> = { int: 'integer', record: 'object' }

const article = (noun: string): string => {
  if (noun === 'int') return 'an integer'
  return /^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`
}

const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  if (JSON.isRawJSON(value)) return 'a number with more digits than can be kept'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a number'
  return article(typeof value)
}
