/** Changes that nobody would make on purpose: to bytes, to lines, to the values in a JSON text. */
import fc from 'fast-check'

/** One change. A place is a fraction of what there is, so that it fits any text and shrinks towards its beginning. */
export type Change =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'drop-line' | 'double-line' | 'swap-lines'; readonly at: number }
  /** A string, a number or a word of JSON becomes another value. */
  | { readonly kind: 'value'; readonly at: number; readonly text: string }

/** @param text octets, a byte to a character, or text. */
export const changed = (text: string, changes: readonly Change[]): string =>
  changes.reduce(applied, text)

/** How much of the text a change has left as it was, from its beginning. */
export const sameUntil = (before: string, after: string): number => {
  let at = 0
  while (at < before.length && before[at] === after[at]) at++
  return at
}

const applied = (text: string, change: Change): string => {
  const at = Math.floor(change.at * text.length)
  switch (change.kind) {
    case 'flip': {
      const code = text.charCodeAt(at) ^ (1 << change.bit)
      return text === '' ? text : text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
    }
    case 'cut':
      return text.slice(0, at)
    case 'remove':
      return text.slice(0, at) + text.slice(at + change.length)
    case 'repeat':
      return text.slice(0, at + change.length) + text.slice(at)
    case 'insert':
      return text.slice(0, at) + change.text + text.slice(at)
    case 'drop-line':
    case 'double-line':
    case 'swap-lines':
      return inLines(text, change)
    case 'value': {
      const values = [...text.matchAll(VALUE)]
      const value = values[Math.floor(change.at * values.length)]
      if (value === undefined) return text
      const end = value.index + value[0].length
      return text.slice(0, value.index) + change.text + text.slice(end)
    }
  }
}

const VALUE = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null/g

const inLines = (text: string, { kind, at }: Change): string => {
  const lines = text.split('\n')
  const index = Math.floor(at * lines.length)
  const line = lines[index]
  if (line === undefined) return text
  if (kind === 'drop-line') lines.splice(index, 1)
  else if (kind === 'double-line') lines.splice(index, 0, line)
  else lines.splice(index, 2, ...lines.slice(index, index + 2).toReversed())
  return lines.join('\n')
}

/** What somebody tripped over once, as JSON text: wrong types, numbers beyond any type, nesting, halves of characters. */
export const ODD_VALUES: readonly string[] = [
  'null',
  'true',
  '-1',
  '0.5',
  '1e400',
  '-1e400',
  '9007199254740993',
  '123456789012345678901234567890',
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '"\\n\\ndata: [DONE]\\n\\n"',
  '"__proto__"',
  '[]',
  '{}',
  '[[]]',
  '{"__proto__":{"polluted":1}}',
  '{"a":{"a":{"a":null}}}',
  `${'['.repeat(500)}${']'.repeat(500)}`,
  `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`,
]

/** Of all doubles below 1 nearly all are close to 0: a fraction is drawn as a whole number. */
const PARTS = 2 ** 24
const place = fc.nat(PARTS - 1).map((part) => part / PARTS)

/** @param inserted what may come in between, beside any bytes. */
export const change = (inserted: readonly string[]): fc.Arbitrary<Change> =>
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('cut' as const), at: place }),
    fc.record({
      kind: fc.constantFrom('remove' as const, 'repeat' as const),
      at: place,
      length: fc.integer({ min: 1, max: 40 }),
    }),
    fc.record({
      kind: fc.constant('insert' as const),
      at: place,
      text: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...inserted) },
        { weight: 1, arbitrary: octets },
      ),
    }),
    fc.record({
      kind: fc.constantFrom('drop-line' as const, 'double-line' as const, 'swap-lines' as const),
      at: place,
    }),
    fc.record({
      kind: fc.constant('value' as const),
      at: place,
      text: fc.constantFrom(...ODD_VALUES),
    }),
  )

/** A few bytes, any of them. */
const octets = fc
  .uint8Array({ minLength: 1, maxLength: 4 })
  .map((bytes) => String.fromCharCode(...bytes))

/** One to three of them; most faults come alone. */
export const changes = (inserted: readonly string[]): fc.Arbitrary<readonly Change[]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(change(inserted)) },
    { weight: 1, arbitrary: fc.array(change(inserted), { minLength: 2, maxLength: 3 }) },
  )
