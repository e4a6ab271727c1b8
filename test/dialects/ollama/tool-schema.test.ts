import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeChatRequest } from '../../../src/dialects/ollama/chat-request.ts'
import { Failed, type Failure } from '../../../src/failure.ts'
import { isJsonObject, parseJson } from '../../../src/wire/json.ts'
import { requestOf } from '../../support/chat-body.ts'
import { readAsOllama } from '../../support/go-chat-request.ts'
import { chatRecordings } from '../../support/recordings.ts'

/** The tools as Ollama keeps them, of tools as a client defines them: JSON on both sides. */
const keptTools = (...schemas: readonly string[]): readonly unknown[] => {
  const tools = schemas.map(
    (schema, index) => `{"type":"function","function":{"name":"f${index}","parameters":${schema}}}`,
  )
  const request = requestOf(`{"tools":[${tools.join(',')}]}`)
  const kept = readAsOllama(encodeChatRequest(request, 'm', { overflow: 'error' }))
  return isJsonObject(kept) && Array.isArray(kept['tools']) ? kept['tools'] : []
}

const keptFunction = (schema: string): unknown => {
  const [tool] = keptTools(schema)
  return isJsonObject(tool) ? tool['function'] : undefined
}

/** What is kept of the only property of the parameters. */
const keptProperty = (schema: object, defs: object = {}): unknown => {
  const parameters = { type: 'object', properties: { a: schema }, ...defs }
  const kept = keptFunction(JSON.stringify(parameters))
  const read = isJsonObject(kept) ? kept['parameters'] : undefined
  const properties = isJsonObject(read) ? read['properties'] : undefined
  return isJsonObject(properties) ? properties['a'] : undefined
}

const refusalOf = (...schemas: readonly string[]): Failure => {
  try {
    keptTools(...schemas)
  } catch (error) {
    if (error instanceof Failed) return error.failure
    throw error
  }
  throw new Error('it was accepted')
}

const City = { type: 'string', description: 'A city', minLength: 1 }
const Node = {
  type: 'object',
  properties: { value: { type: 'integer' }, next: { $ref: '#/$defs/Node' } },
}

describe('what Ollama keeps of a property', () => {
  test.each<[string, object, object, object]>([
    [
      'limits in words, after those of the client',
      {
        default: 1,
        description: 'Day',
        type: 'string',
        minimum: 1,
        pattern: '^\\d+$',
        format: 'date',
      },
      {},
      {
        description: 'Day. Format: date. Pattern: ^\\d+$. Minimum: 1. Default: 1.',
        type: 'string',
      },
    ],
    [
      'a definition in the place of its reference',
      { $ref: '#/$defs/City' },
      { $defs: { City } },
      { type: 'string', description: 'A city. Min length: 1.' },
    ],
    [
      'words beside a reference before those of the definition',
      { $ref: '#/definitions/City', description: 'Where', default: 'Rome' },
      { definitions: { City } },
      { type: 'string', description: 'Where. Default: "Rome". A city. Min length: 1.' },
    ],
    [
      "pydantic's reference in an allOf of one",
      { allOf: [{ $ref: '#/$defs/City' }], default: 'Rome' },
      { $defs: { City: { enum: ['Rome', 'Oslo'], type: 'string', title: 'City' } } },
      { enum: ['Rome', 'Oslo'], type: 'string', description: 'Default: "Rome". Title: City.' },
    ],
    [
      "pydantic's optional value",
      { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }], default: null, title: 'A' },
      {},
      {
        anyOf: [{ type: 'string', description: 'Format: date.' }, { type: 'null' }],
        description: 'Default: null.',
      },
    ],
    [
      'an allOf as one schema',
      {
        allOf: [
          { type: 'object', properties: { b: { type: 'string' } }, required: ['b'] },
          { properties: { c: { type: 'integer' } }, required: ['c'], minProperties: 1 },
        ],
      },
      {},
      {
        type: 'object',
        properties: { b: { type: 'string' }, c: { type: 'integer' } },
        required: ['b', 'c'],
        description: 'Min properties: 1.',
      },
    ],
    [
      'what of an allOf cannot be one in words',
      { type: 'string', allOf: [{ pattern: 'a' }, { type: 'integer', minimum: 1 }] },
      {},
      { type: 'string', description: 'Pattern: a. All of: [{"type":"integer","minimum":1}].' },
    ],
    [
      'a oneOf as an anyOf',
      { oneOf: [{ const: 'a' }, { type: 'integer' }] },
      {},
      { anyOf: [{ enum: ['a'] }, { type: 'integer' }] },
    ],
    [
      'a oneOf beside an anyOf in words',
      { anyOf: [{ type: 'string' }], oneOf: [{ type: 'integer' }] },
      {},
      { anyOf: [{ type: 'string' }], description: 'One of: [{"type":"integer"}].' },
    ],
    ['a constant as the only choice', { const: null }, {}, { enum: [null] }],
    [
      'a constant beside choices in words',
      { enum: [1, 2], const: 1 },
      {},
      { enum: [1, 2], description: 'Const: 1.' },
    ],
    ['null as a type', { type: 'string', nullable: true }, {}, { type: ['string', 'null'] }],
    [
      'null as one type of many, once',
      { type: ['string', 'null'], nullable: true },
      {},
      { type: ['string', 'null'] },
    ],
    [
      'null as an alternative',
      { nullable: true, oneOf: [{ type: 'string' }] },
      {},
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    [
      'null beside a definition',
      { nullable: true, allOf: [{ $ref: '#/$defs/City' }] },
      { $defs: { City: { type: 'string' } } },
      { type: ['string', 'null'] },
    ],
    ['null in words at least', { nullable: true }, {}, { description: 'Nullable: true.' }],
    ['nothing of what is not null', { type: 'string', nullable: false }, {}, { type: 'string' }],
    [
      'no name twice',
      { title: 'A', properties: { first_name: { title: 'First Name' } } },
      {},
      { properties: { first_name: {} } },
    ],
    [
      'nothing that only programs read',
      { $schema: 'x', $id: 'y', $comment: 'z', $anchor: 'a', type: 'string' },
      {},
      { type: 'string' },
    ],
    [
      'a foreign reference in words',
      { $ref: 'https://example.com/a.json', type: 'string' },
      {},
      { type: 'string', description: 'Same as: https://example.com/a.json.' },
    ],
    ['a reference to anything', { $ref: '#/$defs/Any' }, { $defs: { Any: true } }, {}],
    [
      'a reference that contradicts its neighbours in words',
      { $ref: '#/$defs/City', type: 'integer' },
      { $defs: { City: { type: 'string' } } },
      { type: 'integer', description: 'Same as: #/$defs/City.' },
    ],
    [
      'a schema inside itself once, and then in words',
      { $ref: '#/$defs/Node' },
      { $defs: { Node } },
      {
        type: 'object',
        properties: {
          value: { type: 'integer' },
          next: { type: 'object', description: 'Same as: #/$defs/Node.' },
        },
      },
    ],
    [
      'a reference to all parameters in words',
      { $ref: '#', title: 'Child' },
      {},
      { type: 'object', description: 'Title: Child. Same as: #.' },
    ],
    [
      'a reference to itself in words',
      { $ref: '#/$defs/Loop' },
      { $defs: { Loop: { $ref: '#/$defs/Loop' } } },
      { description: 'Same as: #/$defs/Loop.' },
    ],
  ])('%s', (_what, schema, defs, kept) => {
    expect(keptProperty(schema, defs)).toEqual(kept)
  })
})

const kept = (schema: object): unknown => keptFunction(JSON.stringify(schema))

describe('definitions', () => {
  test('that stand where they are referred to are not sent again', () => {
    const properties = { a: { $ref: '#/$defs/City' } }
    expect(kept({ properties, $defs: { City: { type: 'string' } } })).toEqual({
      name: 'f0',
      parameters: { type: 'object', properties: { a: { type: 'string' } } },
    })
  })

  test('that items refer to stay', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'array', items: { $ref: '#/$defs/City' } } },
      $defs: { City },
    }
    expect(kept(schema)).toEqual({ name: 'f0', parameters: schema })
  })

  test('that words refer to stay', () => {
    const properties = { a: { additionalProperties: { $ref: '#/$defs/City' } } }
    expect(kept({ properties, $defs: { City } })).toMatchObject({
      parameters: {
        properties: { a: { description: 'Additional properties: {"$ref":"#/$defs/City"}.' } },
        $defs: { City },
      },
    })
  })

  test('of old stay under the name that Ollama keeps', () => {
    const items = { $ref: '#/definitions/City' }
    const schema = { properties: { a: { items } }, definitions: { City, More: { items } } }
    expect(kept(schema)).toMatchObject({
      parameters: {
        properties: { a: { items: { $ref: '#/$defs/City' } } },
        $defs: { City, More: { items: { $ref: '#/$defs/City' } } },
      },
    })
  })

  test('that nobody refers to are passed on, or told', () => {
    expect(kept({ $defs: { City } })).toMatchObject({ parameters: { $defs: { City } } })
    expect(kept({ definitions: { City: true } })).toMatchObject({
      description: 'Definitions: {"City":true}.',
    })
  })

  test("hold all of zod's schema, as old converters write it", () => {
    const add = {
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
      additionalProperties: false,
    }
    const schema = { $ref: '#/definitions/f0', definitions: { f0: add }, $schema: 'draft-07' }
    expect(kept(schema)).toEqual({
      name: 'f0',
      description: 'Additional properties: false.',
      parameters: { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] },
    })
  })
})

describe('schemas that lead to each other', () => {
  test('are written out where they come first, and elsewhere in words', () => {
    const properties = { a: { $ref: '#/$defs/Node' }, b: { $ref: '#/$defs/Node' } }
    expect(keptFunction(JSON.stringify({ properties, $defs: { Node } }))).toMatchObject({
      parameters: {
        properties: {
          a: { properties: { value: { type: 'integer' } } },
          b: { type: 'object', description: 'Same as: #/$defs/Node.' },
        },
        $defs: { Node },
      },
    })
  })

  test('stay small, however many they are', () => {
    const names = Array.from({ length: 30 }, (_, at) => `T${at}`)
    const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]))
    const $defs = Object.fromEntries(names.map((name) => [name, { type: 'object', properties }]))
    const schema = JSON.stringify({ properties, $defs })
    expect(JSON.stringify(keptTools(schema)).length).toBeLessThan(5 * schema.length)
  })
})

const many = (entry: (at: number) => readonly [string, unknown]): object =>
  Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => entry(at)))

/** Two references to two references to …: as many as two to the power of its levels. */
const bomb = (levels: number): string => {
  const last = [`l${levels - 1}`, { description: 'x'.repeat(100) }]
  const others = Array.from({ length: levels - 1 }, (_, at) => {
    const next = { $ref: `#/$defs/l${at + 1}` }
    return [`l${at}`, { properties: { a: next, b: next } }]
  })
  return JSON.stringify({ $ref: '#/$defs/l0', $defs: Object.fromEntries([...others, last]) })
}

const refusal = (what: string, index = 0) => ({
  kind: 'invalid-request',
  message: `Invalid value for 'tools[${index}].function.parameters': with each '$ref' replaced by what it refers to, it is ${what}.`,
  param: `tools[${index}].function.parameters`,
  code: 'invalid_value',
})

describe('what unfolds to too much', () => {
  test('is refused by the name of the tool', { timeout: 10_000 }, () => {
    expect(refusalOf('{}', bomb(40))).toEqual(refusal('more than a million characters', 1))
  })

  test('is refused for many tools together', { timeout: 10_000 }, () => {
    const tools = Array.from({ length: 40 }, () => bomb(10))
    expect(keptTools(...tools.slice(0, 1))).toHaveLength(1)
    expect(refusalOf(...tools)).toMatchObject({
      message: expect.stringMatching(/million characters/),
    })
  })

  test('is refused for its depth', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [
        `l${at}`,
        { properties: { a: { $ref: `#/$defs/l${at + 1}` } } },
      ]),
    )
    const schema = JSON.stringify({ $ref: '#/$defs/l0', $defs })
    expect(refusalOf(schema)).toEqual(refusal('more than 200 levels'))
  })

  test('is not refused for what the client itself nests', () => {
    const nested = `${'{"properties":{"a":'.repeat(99)}{}${'}}'.repeat(99)}`
    expect(keptTools(nested)).toHaveLength(1)
  })

  test('is refused where branches that cannot be one hold each other', () => {
    const big = 'x'.repeat(20_000)
    const nested = (depth: number): object => ({
      type: depth % 2 === 0 ? 'string' : 'integer',
      description: big,
      ...(depth > 0 && { allOf: [nested(depth - 1)] }),
    })
    expect(refusalOf(JSON.stringify({ properties: { a: nested(60) } }))).toMatchObject({
      param: 'tools[0].function.parameters',
    })
  })

  test.each<[string, object, object]>([
    ['properties', { properties: many((at) => [`p${at}`, {}]) }, { properties: { q: {} } }],
    ['items', { items: many((at) => [`p${at}`, {}]) }, { items: {} }],
    ['names', { required: Object.keys(many((at) => [`p${at}`, 1])) }, { required: ['a'] }],
    ['words', { description: 'x '.repeat(500_000) }, { description: 'y' }],
  ])('is refused in time for branches of branches with %s', { timeout: 10_000 }, (_, most, one) => {
    const branches = Array.from({ length: 99 }, () => one)
    const nested = (depth: number): object =>
      depth === 0 ? most : { allOf: [nested(depth - 1), ...branches] }
    expect(refusalOf(JSON.stringify(nested(20)))).toEqual(refusal('more than a million characters'))
  })

  test('is told in time for an allOf of very many', { timeout: 10_000 }, () => {
    const allOf = Array.from({ length: 20_000 }, (_, at) => ({ properties: { [`p${at}`]: {} } }))
    expect(JSON.stringify(keptTools(JSON.stringify({ allOf })))).toContain('p19999')
  })
})

describe('a schema that loses nothing', () => {
  test('comes out unchanged, as those of the recordings do', () => {
    const tools = chatRecordings().flatMap(({ body }) => Object(body)['tools'] ?? [])
    expect(tools.length).toBeGreaterThan(10)
    const request = requestOf({ tools })
    const wire: unknown = JSON.parse(encodeChatRequest(request, 'm', { overflow: 'error' }))
    expect(JSON.stringify(Object(wire)['tools'])).toBe(JSON.stringify(tools))
  })

  test('comes out unchanged, whichever it is', () => {
    const plain = (depth: number): fc.Arbitrary<object> =>
      fc.record(
        {
          description: fc.string(),
          type: fc.constantFrom('string', 'object', ['string', 'null']),
          items: fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null),
          enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 2 }),
          required: fc.array(fc.string(), { maxLength: 2 }),
          ...(depth > 0 && {
            properties: fc.dictionary(fc.string(), plain(depth - 1), { maxKeys: 2 }),
            anyOf: fc.array(plain(depth - 1), { maxLength: 2 }),
          }),
        },
        { requiredKeys: [] },
      )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), plain(2)), fc.jsonValue(), (properties, $defs) => {
        const parameters = JSON.stringify({ required: ['a'], type: 'object', properties })
        const withDefs = JSON.stringify({ $defs: { a: $defs }, type: 'object', properties })
        for (const text of [parameters, withDefs]) {
          const request = requestOf(`{"tools":[{"function":{"name":"f","parameters":${text}}}]}`)
          expect(encodeChatRequest(request, 'm', { overflow: 'error' })).toContain(text)
        }
      }),
    )
  })
})

describe('nothing that a client says in a schema is lost', () => {
  test('for it is kept, or to be read in a description', () => {
    fc.assert(
      fc.property(clientSchema(), ({ schema, marks }) => {
        const text = JSON.stringify(keptTools(schema))
        expect(marks.filter((mark) => !text.includes(mark))).toEqual([])
      }),
      { numRuns: 1_500 },
    )
  })

  test('and a second reading changes nothing', () => {
    fc.assert(
      fc.property(clientSchema(), ({ schema }) => {
        const [once] = keptTools(schema)
        const parameters = JSON.stringify(Object(Object(once)['function'])['parameters'])
        const [twice] = keptTools(parameters)
        expect(JSON.stringify(Object(Object(twice)['function'])['parameters'])).toBe(parameters)
      }),
      { numRuns: 500 },
    )
  })

  test('not a digit either', () => {
    const integer = fc.bigInt({ min: -(2n ** 120n), max: 2n ** 120n })
    fc.assert(
      fc.property(integer, integer, integer, (a, b, c) => {
        const schema = `{"properties":{"p":{"minimum":${a},"default":[${b}],"enum":[${c}]},"q":{"const":${a},"not":{"multipleOf":${b}}},"r":{"items":{"maximum":${c}}}}}`
        const request = requestOf(`{"tools":[{"function":{"name":"f","parameters":${schema}}}]}`)
        const text = encodeChatRequest(request, 'm', { overflow: 'error' })
        expect(text).toContain(`Minimum: ${a}. Default: [${b}].`)
        expect(text).toContain(`"enum":[${c}]`)
        expect(text).toContain(`"enum":[${a}]`)
        expect(text).toContain(`{\\"multipleOf\\":${b}}`)
        expect(text).toContain(`"items":{"maximum":${c}}`)
      }),
    )
  })
})

type Marked = { readonly schema: string; readonly marks: readonly string[] }

/**
 * Schemas of every keyword, each of whose values carries a mark of its own. `marks` are those that can
 * be reached from the root: what is only in a definition that nobody refers to means nothing.
 */
const clientSchema = (): fc.Arbitrary<Marked> =>
  fc
    .tuple(schema(), fc.dictionary(fc.constantFrom('A', 'B', 'C'), schema()), fc.boolean())
    .map(([root, defs, isOld]) => {
      let count = 0
      const text = JSON.stringify({ ...root, [isOld ? 'definitions' : '$defs']: defs })
        .replaceAll('#/DEFS/', `#/${isOld ? 'definitions' : '$defs'}/`)
        .replaceAll('MARK', () => `mark${count++}end`)
        .replaceAll('"@number"', () => `9000000000000000${count++}7`)
      return { schema: text, marks: marksOf(parseJson(text)) }
    })

const marksOf = (root: unknown): readonly string[] => {
  const reached = new Set<unknown>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || reached.has(value)) return
    reached.add(value)
    for (const [key, inner] of Object.entries(value)) {
      if (value === root && (key === '$defs' || key === 'definitions')) continue
      const name = typeof inner === 'string' ? /^#\/(?:\$defs|definitions)\/(.)$/.exec(inner) : null
      if (key !== '$ref' || name === null) visit(inner)
      else visit(Object(Object(root)['$defs'] ?? Object(root)['definitions'])[String(name[1])])
    }
  }
  visit(root)
  const shallow = [...reached].map((value) =>
    Object.entries(Object(value))
      .filter(([key]) => value !== root || (key !== '$defs' && key !== 'definitions'))
      .map(([key, inner]) =>
        typeof inner === 'object' && inner !== null && !JSON.isRawJSON(inner)
          ? key
          : `${key} ${JSON.stringify(inner)}`,
      )
      .join(' '),
  )
  return shallow.join(' ').match(/mark\d+end|9000000000000000\d+7/g) ?? []
}

/** Before the marks are numbered. */
const schema = (depth = 3): fc.Arbitrary<object> => {
  const marked = fc.constantFrom('MARK', '@number')
  const text = fc.constant('MARK')
  const leaves = {
    type: fc.constantFrom('string', 'integer', 'object', ['string', 'null'], 'number'),
    description: text,
    enum: fc.array(marked, { minLength: 1, maxLength: 2 }),
    const: marked,
    required: fc.constant(['MARK']),
    $ref: fc.constantFrom('#/DEFS/A', '#/DEFS/B', '#/DEFS/C', '#', 'MARK'),
    nullable: fc.boolean(),
    format: text,
    pattern: text,
    title: text,
    minimum: fc.constant('@number'),
    maxLength: fc.constant('@number'),
    default: marked,
    examples: fc.array(marked, { maxLength: 2 }),
    dependentRequired: fc.constant({ MARK: ['MARK'] }),
    contentEncoding: text,
    'x-vendor': marked,
    Type: marked,
  }
  if (depth === 0) return fc.record(leaves, { requiredKeys: [] })
  const inner = schema(depth - 1)
  const any = fc.oneof({ weight: 1, arbitrary: fc.boolean() }, { weight: 6, arbitrary: inner })
  const some = fc.array(inner, { maxLength: 2 })
  const nested = {
    properties: fc.dictionary(fc.constantFrom('a', 'b', 'MARK'), any, { maxKeys: 2 }),
    items: any,
    anyOf: some,
    oneOf: some,
    allOf: some,
    additionalProperties: any,
    patternProperties: fc.dictionary(fc.constant('MARK'), any),
    not: inner,
    if: inner,
    prefixItems: some,
  }
  // A few keywords at a time: a schema of all of them hides what each would do alone.
  return fc
    .tuple(
      fc.subarray(Object.keys(leaves), { maxLength: 5 }),
      fc.subarray(Object.keys(nested), { maxLength: 2 }),
    )
    .chain((names) => {
      const wanted = new Set(names.flat())
      const chosen = Object.entries({ ...leaves, ...nested }).filter(([name]) => wanted.has(name))
      return fc.record(Object.fromEntries<fc.Arbitrary<unknown>>(chosen))
    })
}
