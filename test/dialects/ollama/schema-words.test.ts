import { describe, expect, test } from 'vitest'
import { joined, paragraph } from '../../../src/dialects/ollama/schema-words.ts'
import { parseJson } from '../../../src/wire/json.ts'

describe('a keyword in words', () => {
  test.each<[string, unknown, string]>([
    ['format', 'date', 'Format: date.'],
    ['pattern', '^\\d+$', 'Pattern: ^\\d+$.'],
    ['minimum', 1, 'Minimum: 1.'],
    ['exclusiveMaximum', 0.5, 'Exclusive maximum: 0.5.'],
    ['default', 'a', 'Default: "a".'],
    ['default', null, 'Default: null.'],
    ['default', '', 'Default: "".'],
    ['title', 'A city', 'Title: A city.'],
    ['examples', ['a', 1], 'Examples: ["a",1].'],
    ['additionalProperties', false, 'Additional properties: false.'],
    ['additionalProperties', { type: 'string' }, 'Additional properties: {"type":"string"}.'],
    ['readOnly', true, 'Read only: true.'],
    ['not', {}, 'Not: {}.'],
    ['if', {}, 'If: {}.'],
    ['$ref', '#/$defs/a', 'Same as: #/$defs/a.'],
    ['$ref', 5, 'Same as: 5.'],
    ['x-order', 1, 'x-order: 1.'],
    ['', 1, ': 1.'],
    ['Type', 5, 'Type: 5.'],
    ['minimum', parseJson('12345678901234567890'), 'Minimum: 12345678901234567890.'],
    ['maximum', parseJson('1e400'), 'Maximum: 1e400.'],
  ])('%s of %j', (keyword, value, words) => {
    expect(paragraph([[keyword, value]])).toBe(words)
  })

  test('stands in the same place, wherever the client put it', () => {
    const lost = [
      ['x-b', 1],
      ['default', 1],
      ['minimum', 1],
      ['x-a', 1],
      ['pattern', 'p'],
      ['format', 'f'],
    ] as const
    const words = 'Format: f. Pattern: p. Minimum: 1. Default: 1. x-b: 1. x-a: 1.'
    expect(paragraph(lost)).toBe(words)
    expect(paragraph([...lost.slice(1, 3), ...lost.slice(4), ['x-b', 1], ['x-a', 1]])).toBe(words)
  })
})

test.each([
  ['', 'b.', 'b.'],
  [' \n', 'b.', 'b.'],
  ['a', '', 'a'],
  ['a', 'a', 'a'],
  ['a', 'b.', 'a. b.'],
  ['a.', 'b.', 'a. b.'],
  ['a?', 'b.', 'a? b.'],
  ['a:', 'b.', 'a: b.'],
  ['a.\n', 'b.', 'a.\nb.'],
])('%j and %j are joined as %j', (first, second, both) => {
  expect(joined(first, second)).toBe(both)
})
