/** Instances of schemas are valid, whoever wrote the schema. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { hintsIn } from '../../src/demo/hints.ts'
import { instanceOf } from '../../src/demo/schema-instance.ts'

/** Says nothing about a schema but that zod may try to read it. */
const readable = z.custom<Parameters<typeof z.fromJSONSchema>[0]>(
  (value) => typeof value === 'object',
)

const HINTS = hintsIn('Is it warm in Faro or in New York on 3 days?')

const isValid = (schema: object, value: unknown): boolean =>
  z.fromJSONSchema(readable.parse(schema)).safeParse(value).success

test.each([
  [{ type: 'string' }, 'Faro'],
  [{ type: 'string', enum: ['cold', 'warm'] }, 'warm'],
  [{ enum: [4, 5] }, 4],
  [{ const: 'x' }, 'x'],
  [{ type: 'integer' }, 3],
  [{ type: 'integer', minimum: 10 }, 10],
  [{ type: 'integer', exclusiveMaximum: 3 }, 2],
  [{ type: 'number', maximum: 0.5 }, 0.5],
  [{ type: 'integer', multipleOf: 5, minimum: 4 }, 5],
  [{ type: 'boolean' }, true],
  [{ type: 'null' }, null],
  [{ type: ['null', 'integer'] }, 3],
  [{ anyOf: [{ type: 'null' }, { type: 'boolean' }] }, true],
  [{ type: 'string', format: 'date' }, '2026-08-21'],
  [{ type: 'string', maxLength: 2 }, 'Fa'],
  [{ type: 'string', minLength: 6 }, 'Faro..'],
  [{ type: 'array', items: { type: 'boolean' }, minItems: 2 }, [true, true]],
  [{ type: 'array', items: {}, maxItems: 0 }, []],
  [{ $ref: '#/$defs/a', $defs: { a: { type: 'boolean' } } }, true],
  [{ properties: { city: { type: 'string' }, n: { type: 'null' } } }, { city: 'Faro', n: null }],
  [
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] },
        { properties: { b: { type: 'null' } }, required: ['b'] },
      ],
    },
    { a: true, b: null },
  ],
])('%j', (schema, instance) => {
  expect(instanceOf(schema, HINTS, 'all')).toEqual(instance)
  expect(isValid(schema, instance)).toBe(true)
})

test('a schema that contains itself comes to an end', () => {
  const schema = {
    $ref: '#/$defs/tree',
    $defs: {
      tree: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          children: { type: 'array', items: { $ref: '#/$defs/tree' } },
        },
        required: ['name', 'children'],
      },
    },
  }
  const instance = instanceOf(schema, HINTS, 'all')
  expect(isValid(schema, instance)).toBe(true)
  expect(JSON.stringify(instance).length).toBeLessThan(1000)
})

test('what is not needed and not offered is left out', () => {
  const schema = {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer' },
      note: { type: 'string' },
      unit: { type: 'string', enum: ['celsius'] },
    },
    required: ['city'],
  }
  expect(instanceOf(schema, HINTS, 'needed')).toEqual({ city: 'Faro', days: 3 })
})

test('any schema of the usual words gets a valid instance', () => {
  const { schema: schemas } = fc.letrec<{ schema: object }>((tie) => ({
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({
        type: fc.constant('string'),
        minLength: fc.nat(20),
        maxLength: fc.integer({ min: 20, max: 40 }),
      }),
      fc.record({
        type: fc.constantFrom('integer', 'number'),
        minimum: fc.integer({ min: -50, max: 0 }),
        maximum: fc.integer({ min: 1, max: 50 }),
      }),
      fc.record({ type: fc.constantFrom('boolean', 'null') }),
      fc.record({ enum: fc.array(fc.string(), { minLength: 1 }) }),
      fc.record({
        type: fc.constant('array'),
        items: tie('schema'),
        minItems: fc.nat(2),
        maxItems: fc.integer({ min: 2, max: 3 }),
      }),
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc
        .dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie('schema'), { maxKeys: 4 })
        .map((properties) => ({
          type: 'object',
          properties,
          required: Object.keys(properties).slice(0, 2),
          additionalProperties: false,
        })),
    ),
  }))
  fc.assert(
    fc.property(schemas, fc.constantFrom('all', 'needed'), (schema, scope) => {
      expect(isValid(schema, instanceOf(schema, HINTS, scope))).toBe(true)
    }),
  )
})
