import { describe, expect, test } from 'vitest'
import { faultOf, requestOf } from '../../support/chat-body.ts'

const tools = [{ type: 'function', function: { name: 'f' } }]

describe('the choice of tools', () => {
  test.each([
    [{}, Number.POSITIVE_INFINITY, 1],
    [{ tool_choice: 'auto' }, Number.POSITIVE_INFINITY, 1],
    [{ function_call: 'auto' }, Number.POSITIVE_INFINITY, 1],
    [{ parallel_tool_calls: true }, Number.POSITIVE_INFINITY, 1],
    [{ parallel_tool_calls: false }, 1, 1],
    [{ tool_choice: 'none' }, 0, 0],
    [{ tool_choice: 'none', parallel_tool_calls: false }, 0, 0],
    [{ function_call: 'none' }, 0, 0],
    [{ tool_choice: { type: 'none' } }, 0, 0],
    [{ tool_choice: { type: 'auto' } }, Number.POSITIVE_INFINITY, 1],
    [{ tool_choice: { type: 'auto' }, parallel_tool_calls: false }, 1, 1],
    [{ tool_choice: 'auto', function_call: 'none' }, Number.POSITIVE_INFINITY, 1],
  ])('%j lets %d calls come back, of %i tools', (fields, maxCalls, offered) => {
    const request = requestOf({ tools, ...fields })
    expect(request.maxCalls).toBe(maxCalls)
    expect(request.tools).toHaveLength(offered)
  })

  test.each([
    [{ tool_choice: 'required' }, 'unsupported-parameter', 'tool_choice'],
    [
      { tool_choice: { type: 'function', function: { name: 'f' } } },
      'unsupported-parameter',
      'tool_choice',
    ],
    [
      { tool_choice: { type: 'allowed_tools', allowed_tools: {} } },
      'unsupported-parameter',
      'tool_choice',
    ],
    [{ tool_choice: { type: 'required' } }, 'unsupported-parameter', 'tool_choice'],
    [{ tool_choice: { type: 'any' } }, 'unsupported-parameter', 'tool_choice'],
    [{ function_call: { name: 'f' } }, 'unsupported-parameter', 'function_call'],
    [{ tool_choice: 'any' }, 'invalid_value', 'tool_choice'],
    [{ tool_choice: 5 }, 'invalid_value', 'tool_choice'],
    [{ parallel_tool_calls: 'no' }, 'invalid_type', 'parallel_tool_calls'],
  ])('%j is refused as %s, naming %s', (fields, code, param) => {
    expect(faultOf({ tools, ...fields })).toEqual([code, param])
  })
})
