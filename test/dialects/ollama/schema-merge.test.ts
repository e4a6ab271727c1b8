import { describe, expect, test } from 'vitest'
import type { ReadSchema } from '../../../src/dialects/ollama/read-schema.ts'
import { mergeSchemas } from '../../../src/dialects/ollama/schema-merge.ts'

describe('two schemas that both hold', () => {
  test.each<[ReadSchema, ReadSchema, ReadSchema]>([
    [{}, { type: 'string' }, { type: 'string' }],
    [{ type: 'string' }, {}, { type: 'string' }],
    [{ type: 'string' }, { type: 'string' }, { type: 'string' }],
    [{ type: ['string', 'null'] }, { type: 'string' }, { type: 'string' }],
    [{ type: ['a', 'b', 'c'] }, { type: ['c', 'b'] }, { type: ['b', 'c'] }],
    [{ type: 'number' }, { type: 'integer' }, { type: 'integer' }],
    [{ type: 'integer' }, { type: ['number', 'null'] }, { type: 'integer' }],
    [{ enum: [1, 2, { a: 1 }] }, { enum: [{ a: 1 }, 2] }, { enum: [2, { a: 1 }] }],
    [{ required: ['a', 'b'] }, { required: ['b', 'c'] }, { required: ['a', 'b', 'c'] }],
    [{ description: 'A' }, { description: 'B' }, { description: 'A. B' }],
    [{ description: 'A' }, { description: 'A' }, { description: 'A' }],
    [{ items: { a: 1 } }, { items: { a: 1 } }, { items: { a: 1 } }],
    [{ anyOf: [{}] }, { properties: {} }, { anyOf: [{}], properties: {} }],
    [
      { properties: { a: { type: 'number' }, b: {} } },
      { properties: { a: { type: 'integer' }, c: {} } },
      { properties: { a: { type: 'integer' }, b: {}, c: {} } },
    ],
  ])('%j and %j are %j', (a, b, both) => {
    expect(mergeSchemas(a, b)).toEqual(both)
  })

  test.each<[ReadSchema, ReadSchema]>([
    [{ type: 'string' }, { type: 'number' }],
    [{ enum: [1] }, { enum: ['1'] }],
    [{ anyOf: [{ type: 'a' }] }, { anyOf: [{ type: 'b' }] }],
    [{ items: { a: 1 } }, { items: { a: 2 } }],
    [{ properties: { a: { type: 'a' } } }, { properties: { a: { type: 'b' } } }],
  ])('%j and %j cannot be one', (a, b) => {
    expect(mergeSchemas(a, b)).toBeNull()
    expect(mergeSchemas(b, a)).toBeNull()
  })

  test('may have a property called __proto__', () => {
    const [a, b]: readonly ReadSchema[] = JSON.parse(
      '[{"properties":{"__proto__":{"type":"a"}}},{"properties":{"b":{}}}]',
    )
    expect(JSON.stringify(mergeSchemas(a ?? {}, b ?? {}))).toBe(
      '{"properties":{"__proto__":{"type":"a"},"b":{}}}',
    )
  })
})
