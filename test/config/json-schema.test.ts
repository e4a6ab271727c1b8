import { describe, expect, test } from 'vitest'
import { jsonSchema, jsonSchemaText, nodeAt } from '../../src/config/json-schema.ts'

describe('the published JSON Schema', () => {
  test('is text that parses to itself, of the 2020-12 dialect', () => {
    expect(JSON.parse(jsonSchemaText())).toEqual(jsonSchema)
    expect(jsonSchema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(jsonSchemaText().endsWith('}\n')).toBe(true)
  })

  test.each([
    [['server', 'port'], { type: 'integer', minimum: 0, maximum: 65_535, default: 11_435 }],
    [['log', 'level'], { enum: ['silent', 'error', 'warn', 'info', 'debug'], default: 'info' }],
    [['upstreams', 'any', 'api'], { const: 'ollama' }],
    [['upstreams', 'any', 'apiKey'], { type: 'string', writeOnly: true }],
    [['upstreams', 'any', 'models', 0, 'id'], { type: 'string', minLength: 1 }],
    [['models', 'aliases', 'any'], { type: 'string' }],
    [['models', 'params', '*', 'numCtx'], { type: 'integer', minimum: 4 }],
    [['auth', 'keys', 0, 'sha256'], { pattern: '^[0-9a-fA-F]{64}$' }],
  ])('describes %j', (path, node) => {
    expect(nodeAt(path)).toMatchObject(node)
  })

  test('requires nothing, for everything has a default', () => {
    expect(jsonSchema.required).toBeUndefined()
    expect(nodeAt(['server'])?.required).toBeUndefined()
    expect(nodeAt(['upstreams', 'any'])?.required).toBeUndefined()
  })

  test('allows no key it does not name', () => {
    for (const path of [[], ['server'], ['upstreams', 'any'], ['auth', 'keys', 0]]) {
      expect(nodeAt(path)?.additionalProperties).toBe(false)
    }
  })

  test.each([[['nowhere']], [['server', 'port', 'x']], [['server', 'toString']], [['log', 0]]])(
    'knows nothing at %j',
    (path) => {
      expect(nodeAt(path)).toBeUndefined()
    },
  )
})
