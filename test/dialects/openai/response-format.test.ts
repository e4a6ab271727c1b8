import { describe, expect, test } from 'vitest'
import { accepted, faultOf, requestOf, STRICT } from '../../support/chat-body.ts'

const schema = { type: 'object', properties: { a: { type: 'string' } } }
const wish = (json_schema?: unknown) => ({ response_format: { type: 'json_schema', json_schema } })

describe('the format of the answer', () => {
  test.each([
    [{ response_format: { type: 'text' } }, undefined],
    [{ response_format: { type: 'json_object' } }, 'json'],
    [wish({ name: 'a', strict: true, schema }), schema],
    [{ format: 'json' }, 'json'],
    [{ format: schema }, schema],
    [{ format: '' }, undefined],
    [{ format: 'json', response_format: null }, 'json'],
    [{ format: 'json', response_format: { type: 'text' } }, undefined],
    [{ format: 'json', ...wish({ schema }) }, schema],
  ])('of %j is %j', (fields, format) => {
    expect(requestOf(fields).format).toEqual(format)
    expect('format' in requestOf(fields)).toBe(format !== undefined)
  })

  test.each([
    [wish({ schema }), 'response_format'],
    [{ format: schema }, 'format'],
  ])('of %j gives way to tools, and is told', (fields, name) => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const { request, ignored } = accepted({ tools, ...fields })
    expect('format' in request).toBe(false)
    expect(request.tools).toHaveLength(1)
    expect(ignored).toEqual([name])
    expect(faultOf({ tools, ...fields }, STRICT)).toEqual(['unsupported-parameter', name])
    for (const none of [{ tools: [] }, { tools, tool_choice: 'none' }]) {
      expect(accepted({ ...none, ...fields })).toMatchObject({
        request: { format: schema, tools: [] },
        ignored: [],
      })
    }
  })

  test('stays beside tools where it is any JSON: calls of many models are that', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const fields = { tools, response_format: { type: 'json_object' } }
    expect(accepted(fields, STRICT)).toMatchObject({ request: { format: 'json' }, ignored: [] })
  })

  test.each([
    [wish(), 'missing_required_parameter', 'response_format.json_schema.schema'],
    [wish({ name: 'a' }), 'missing_required_parameter', 'response_format.json_schema.schema'],
    [wish({ schema: null }), 'missing_required_parameter', 'response_format.json_schema.schema'],
    [wish({ schema: true }), 'invalid_type', 'response_format.json_schema.schema'],
    [wish({ schema: [] }), 'invalid_type', 'response_format.json_schema.schema'],
    [wish('x'), 'invalid_type', 'response_format.json_schema'],
    [{ response_format: {} }, 'missing_required_parameter', 'response_format.type'],
    [{ response_format: { type: 'yaml' } }, 'invalid_value', 'response_format.type'],
    [{ response_format: 'json' }, 'invalid_type', 'response_format'],
    [{ format: 'yaml' }, 'invalid_value', 'format'],
    [{ format: 5 }, 'invalid_type', 'format'],
    ['{"format":{"maximum":1e999}}', 'invalid_value', 'format'],
  ])('%j is refused as %s, naming %s', (fields, code, param) => {
    expect(faultOf(fields)).toEqual([code, param])
  })
})
