import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/chat/request.ts'
import { encodeTool } from '../../../src/dialects/ollama/tool.ts'

const parametersOf = (parameters?: JsonObject): unknown =>
  encodeTool({ name: 'f', ...(parameters !== undefined && { parameters }) })

const withProperty = (schema: unknown) => ({ type: 'object', properties: { a: schema } })

describe('a tool for Ollama', () => {
  test('keeps its name and its words', () => {
    expect(JSON.stringify(encodeTool({ name: 'f', description: 'Does', parameters: {} }))).toBe(
      '{"type":"function","function":{"name":"f","description":"Does","parameters":{"type":"object","properties":{}}}}',
    )
  })

  test.each<[string, JsonObject | undefined, object]>([
    ['none', undefined, { type: 'object', properties: {} }],
    ['of no type', { properties: {} }, { type: 'object', properties: {} }],
    ['of two types', { type: ['object', 'null'] }, { type: 'object', properties: {} }],
    ['of null', { type: null, properties: null }, { type: 'object', properties: {} }],
    ['with a list of properties', { properties: [] }, { type: 'object', properties: {} }],
    ['with a flag for required', { required: true }, { type: 'object', properties: {} }],
    [
      'with strange required names',
      { required: ['a', 1, null] },
      { type: 'object', properties: {}, required: ['a'] },
    ],
    [
      'with words of its own',
      { additionalProperties: false, $defs: { b: true }, 'x-a': 1 },
      { type: 'object', properties: {}, additionalProperties: false, $defs: { b: true }, 'x-a': 1 },
    ],
    [
      'with keywords in other letters',
      { Type: 5, REQUIRED: true, 'de\u017fcription': 5 },
      { type: 'object', properties: {} },
    ],
  ])('gets parameters that can be read: %s', (_what, schema, expected) => {
    expect(parametersOf(schema)).toEqual({
      type: 'function',
      function: { name: 'f', description: undefined, parameters: expected },
    })
  })

  test.each<[string, unknown, unknown]>([
    ['true', true, {}],
    ['null', null, {}],
    ['text', 'string', {}],
    ['a number too long for a double', JSON.rawJSON('12345678901234567890'), {}],
    ['several types', { type: ['string', 'null'] }, { type: ['string', 'null'] }],
    ['a type that is none', { type: 5 }, {}],
    ['a description that is none', { description: { en: 'x' } }, {}],
    ['a required flag of old drafts', { type: 'string', required: true }, { type: 'string' }],
    ['an enum that is none', { enum: 'a' }, {}],
    ['an enum of anything', { enum: ['a', 1, null] }, { enum: ['a', 1, null] }],
    ['branches', { anyOf: [true, false, { type: 'string' }] }, { anyOf: [{}, { type: 'string' }] }],
    ['branches that are none', { anyOf: {} }, {}],
    ['items, untouched', { items: { type: 5, Type: true } }, { items: { type: 5, Type: true } }],
    [
      'properties of its own',
      { properties: { b: true, c: false, d: { properties: [] } } },
      { properties: { b: {}, d: {} } },
    ],
    [
      'a property called type',
      { properties: { Type: { type: 'string' } } },
      { properties: { Type: { type: 'string' } } },
    ],
    ['keywords that Ollama drops', { default: 5, pattern: '^a' }, { default: 5, pattern: '^a' }],
  ])('gets a property that can be read: %s', (_what, schema, expected) => {
    expect(parametersOf(withProperty(schema))).toEqual({
      type: 'function',
      function: { name: 'f', description: undefined, parameters: withProperty(expected) },
    })
  })

  test('offers no property that may have no value', () => {
    expect(parametersOf(withProperty(false))).toMatchObject({
      function: { parameters: { properties: {} } },
    })
  })

  test('leaves the schema it was given as it was', () => {
    const schema = Object.freeze({ type: 'x', properties: Object.freeze({ a: true }) })
    parametersOf(schema)
    expect(schema).toEqual({ type: 'x', properties: { a: true } })
  })

  test('takes __proto__ for a name like any other', () => {
    const schema: unknown = JSON.parse('{"properties":{"__proto__":{"type":"string"}}}')
    const wire = JSON.stringify(encodeTool({ name: 'f', parameters: Object(schema) }))
    expect(wire).toContain('"properties":{"__proto__":{"type":"string"}}')
  })
})
