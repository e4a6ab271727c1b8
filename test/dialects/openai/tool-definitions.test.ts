import { describe, expect, test } from 'vitest'
import { faultOf, requestOf } from '../../support/chat-body.ts'

const weather = { name: 'weather', description: 'Now', parameters: { type: 'object' } }

const functions = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `f${at}` }))

const toolNamed = (length: number) => ({ tools: [{ function: { name: 'f'.repeat(length) } }] })

describe('tools', () => {
  test.each([
    [{ tools: [{ type: 'function', function: weather }] }, [weather]],
    [{ tools: [{ type: 'function', function: { ...weather, strict: true } }] }, [weather]],
    [{ tools: [{ function: weather }] }, [weather]],
    [{ functions: [weather] }, [weather]],
    [{ tools: [], functions: [weather] }, [weather]],
    [{ tools: [{ type: 'function', function: { name: 'f' } }] }, [{ name: 'f' }]],
    [
      {
        tools: [{ type: 'function', function: { name: 'f', description: null, parameters: null } }],
      },
      [{ name: 'f' }],
    ],
    [
      { tools: [{ function: { name: 'f', parameters: {} } }, { function: { name: 'f' } }] },
      [{ name: 'f', parameters: {} }, { name: 'f' }],
    ],
    [{ tools: [] }, []],
    [{ tools: null }, []],
  ])('of %j are offered as they are', (fields, tools) => {
    expect(requestOf(fields).tools).toEqual(tools)
  })

  test.each([
    [{ tools: {} }, 'invalid_type', 'tools'],
    [{ tools: [5] }, 'invalid_type', 'tools[0]'],
    [{ tools: [{ type: 'custom', custom: {} }] }, 'unsupported-parameter', 'tools[0].type'],
    [{ tools: [{ type: 'web_search' }] }, 'unsupported-parameter', 'tools[0].type'],
    [
      { tools: [{ type: 'function', name: 'f' }] },
      'missing_required_parameter',
      'tools[0].function',
    ],
    [{ tools: [{ function: {} }] }, 'missing_required_parameter', 'tools[0].function.name'],
    [{ tools: [{ function: { name: '' } }] }, 'invalid_value', 'tools[0].function.name'],
    [
      { tools: [{ function: weather }, { function: { name: 5 } }] },
      'invalid_type',
      'tools[1].function.name',
    ],
    [
      { tools: [{ function: { name: 'f', description: 5 } }] },
      'invalid_type',
      'tools[0].function.description',
    ],
    [
      { tools: [{ function: { name: 'f', parameters: 'object' } }] },
      'invalid_type',
      'tools[0].function.parameters',
    ],
    [
      { tools: [{ function: { name: 'f', parameters: [] } }] },
      'invalid_type',
      'tools[0].function.parameters',
    ],
    [
      '{"tools":[{"function":{"name":"f","parameters":12345678901234567890}}]}',
      'invalid_type',
      'tools[0].function.parameters',
    ],
    [
      '{"tools":[{"function":{"name":"f","parameters":{"maximum":1e999}}}]}',
      'invalid_value',
      'tools[0].function.parameters',
    ],
    [{ functions: [{ name: '' }] }, 'invalid_value', 'functions[0].name'],
    [{ tools: [{ function: weather }], functions: [weather] }, 'invalid_value', 'functions'],
  ])('of %j are refused as %s, naming %s', (fields, code, param) => {
    expect(faultOf(fields)).toEqual([code, param])
  })

  test('are 1024 at most, under either name', () => {
    const tools = (count: number) => functions(count).map((each) => ({ function: each }))
    expect(requestOf({ tools: tools(1024) }).tools).toHaveLength(1024)
    expect(faultOf({ tools: tools(1025) })).toEqual(['invalid_value', 'tools'])
    expect(requestOf({ functions: functions(1024) }).tools).toHaveLength(1024)
    expect(faultOf({ functions: functions(1025) })).toEqual(['invalid_value', 'functions'])
  })

  test('have names of 256 characters at most', () => {
    expect(requestOf(toolNamed(256)).tools).toHaveLength(1)
    expect(faultOf(toolNamed(257))).toEqual(['invalid_value', 'tools[0].function.name'])
  })
})
