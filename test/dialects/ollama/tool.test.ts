import { describe, expect, test } from 'vitest'
import type { JsonObject, Tool } from '../../../src/chat/request.ts'
import { createRoom } from '../../../src/dialects/ollama/schema-room.ts'
import { encodeTool } from '../../../src/dialects/ollama/tool.ts'

const encode = (tool: Partial<Tool>): object => encodeTool({ name: 'f', ...tool }, 0, createRoom())

const EMPTY = { type: 'object', properties: {} }

const withProperty = (schema: unknown) => ({ type: 'object', properties: { a: schema } })

describe('a tool for Ollama', () => {
  test('keeps its name and its words', () => {
    expect(JSON.stringify(encode({ description: 'Does', parameters: {} }))).toBe(
      '{"type":"function","function":{"name":"f","description":"Does","parameters":{"type":"object","properties":{}}}}',
    )
  })

  test.each<[string, JsonObject | undefined, object, string | undefined]>([
    ['none', undefined, EMPTY, undefined],
    ['of no type', { properties: {} }, EMPTY, undefined],
    ['of two types', { type: ['object', 'null'] }, EMPTY, 'Type: ["object","null"].'],
    ['of another type', { type: 'string' }, EMPTY, 'Type: "string".'],
    ['of null', { type: null, properties: null }, EMPTY, undefined],
    ['with a list of properties', { properties: [] }, EMPTY, 'Properties: [].'],
    ['with a flag for required', { required: true }, EMPTY, 'Required: true.'],
    [
      'with strange required names',
      { required: ['a', 1, null] },
      { ...EMPTY, required: ['a'] },
      'Required: ["a",1,null].',
    ],
    [
      'with words of its own',
      { additionalProperties: false, $defs: { b: true }, 'x-a': 1 },
      { ...EMPTY, $defs: { b: true } },
      'Additional properties: false. x-a: 1.',
    ],
    [
      'with keywords in other letters',
      { Type: 5, REQUIRED: true, 'de\u017fcription': 5 },
      EMPTY,
      'Type: 5. REQUIRED: true. de\u017fcription: 5.',
    ],
    [
      'with alternatives',
      { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      EMPTY,
      'Any of: [{"required":["a"]},{"required":["b"]}].',
    ],
    ['with an enum', { enum: [{}] }, EMPTY, 'Enum: [{}].'],
    ['with a title that is its name', { title: 'F' }, EMPTY, undefined],
    ['with a description', { description: 'Of it' }, EMPTY, 'Of it'],
  ])('gets parameters that can be read: %s', (_what, parameters, expected, description) => {
    expect(encode(parameters === undefined ? {} : { parameters })).toEqual({
      type: 'function',
      function: { name: 'f', description, parameters: expected },
    })
  })

  test.each<[string, unknown, unknown]>([
    ['true', true, {}],
    ['null', null, {}],
    ['text', 'string', { description: 'Schema: "string".' }],
    [
      'a number too long for a double',
      JSON.rawJSON('12345678901234567890'),
      { description: 'Schema: 12345678901234567890.' },
    ],
    ['several types', { type: ['string', 'null'] }, { type: ['string', 'null'] }],
    ['a type that is none', { type: 5 }, { description: 'Type: 5.' }],
    ['types that are none', { type: ['string', 5] }, { description: 'Type: ["string",5].' }],
    [
      'a description that is none',
      { description: { en: 'x' } },
      { description: 'Description: {"en":"x"}.' },
    ],
    [
      'a required flag of old drafts',
      { type: 'string', required: true },
      { type: 'string', description: 'Required: true.' },
    ],
    ['an enum that is none', { enum: 'a' }, { description: 'Enum: "a".' }],
    ['an enum of anything', { enum: ['a', 1, null] }, { enum: ['a', 1, null] }],
    ['branches', { anyOf: [true, false, { type: 'string' }] }, { anyOf: [{}, { type: 'string' }] }],
    ['branches that are none', { anyOf: {} }, { description: 'Any of: {}.' }],
    ['items, untouched', { items: { type: 5, Type: true } }, { items: { type: 5, Type: true } }],
    [
      'properties of its own',
      { properties: { b: true, c: false, d: { properties: [] } } },
      {
        properties: { b: {}, d: { description: 'Properties: [].' } },
        description: 'Not allowed: ["c"].',
      },
    ],
    [
      'a property called type',
      { properties: { Type: { type: 'string' } } },
      { properties: { Type: { type: 'string' } } },
    ],
  ])('gets a property that can be read: %s', (_what, schema, expected) => {
    expect(encode({ parameters: withProperty(schema) })).toEqual({
      type: 'function',
      function: { name: 'f', description: undefined, parameters: withProperty(expected) },
    })
  })

  test.each([
    ['Adds', 'Adds', 'Adds. Additional properties: false.'],
    [
      'Adds two numbers.',
      ' Adds two numbers.\n',
      'Adds two numbers. Additional properties: false.',
    ],
    ['Adds', 'Two numbers', 'Adds. Two numbers. Additional properties: false.'],
    [undefined, 'Two numbers', 'Two numbers. Additional properties: false.'],
    ['Adds', '', 'Adds. Additional properties: false.'],
  ])('described as %j with parameters described as %j says %j', (outer, inner, told) => {
    const tool = {
      ...(outer !== undefined && { description: outer }),
      parameters: { description: inner, additionalProperties: false },
    }
    expect(encode(tool)).toMatchObject({ function: { description: told, parameters: EMPTY } })
  })

  test('leaves the schema it was given as it was', () => {
    const schema = Object.freeze({ type: 'x', properties: Object.freeze({ a: true }) })
    encode({ parameters: schema })
    expect(schema).toEqual({ type: 'x', properties: { a: true } })
  })

  test('takes __proto__ for a name like any other', () => {
    const schema: unknown = JSON.parse('{"properties":{"__proto__":{"type":"string"}}}')
    const wire = JSON.stringify(encode({ parameters: Object(schema) }))
    expect(wire).toContain('"properties":{"__proto__":{"type":"string"}}')
  })
})
