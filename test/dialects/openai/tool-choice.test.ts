import { describe, expect, test } from 'vitest'
import { accepted, faultOf, requestOf } from '../../support/chat-body.ts'

const tools = [{ type: 'function', function: { name: 'f' } }]

const named = (name: string) => ({ type: 'function', function: { name } })

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

  const allowed = (mode: string | undefined, ...names: readonly string[]) => ({
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: names.map(named) } },
  })
  const two = { tools: [...tools, { type: 'function', function: { name: 'g' } }] }

  test.each([
    [{ tool_choice: 'required' }, true, ['f', 'g'], Number.POSITIVE_INFINITY],
    [{ tool_choice: 'any' }, true, ['f', 'g'], Number.POSITIVE_INFINITY],
    [{ tool_choice: { type: 'required' } }, true, ['f', 'g'], Number.POSITIVE_INFINITY],
    [{ tool_choice: 'required', parallel_tool_calls: false }, true, ['f', 'g'], 1],
    [{ tool_choice: named('g') }, true, ['g'], 1],
    [{ tool_choice: { type: 'function', name: 'g' } }, true, ['g'], 1],
    [{ function_call: { name: 'f' } }, true, ['f'], 1],
    [allowed('required', 'g'), true, ['g'], Number.POSITIVE_INFINITY],
    [allowed('auto', 'g', 'f'), undefined, ['f', 'g'], Number.POSITIVE_INFINITY],
    [allowed(undefined, 'g'), undefined, ['g'], Number.POSITIVE_INFINITY],
  ])('%j: must call %s, of %j, at most %d', (fields, mustCall, names, maxCalls) => {
    const request = requestOf({ ...two, ...fields })
    expect(request.mustCall).toBe(mustCall)
    expect(request.tools.map(({ name }) => name)).toEqual(names)
    expect(request.maxCalls).toBe(maxCalls)
  })

  test('a call that must be made beats any format, and the header says so', () => {
    const formats = { response_format: { type: 'json_object' }, tool_choice: 'required' }
    const { request, ignored } = accepted({ ...two, ...formats })
    expect(request.format).toBeUndefined()
    expect(ignored).toEqual(['response_format'])
  })

  test.each([
    [{ tool_choice: named('nobody') }, 'invalid_value', 'tool_choice'],
    [{ tool_choice: named('') }, 'invalid_value', 'tool_choice'],
    [{ tool_choice: { type: 'function' } }, 'invalid_value', 'tool_choice'],
    [{ tool_choice: {} }, 'invalid_value', 'tool_choice'],
    [
      { tool_choice: { type: 'custom', custom: { name: 'f' } } },
      'unsupported-parameter',
      'tool_choice',
    ],
    [allowed('required', 'nobody'), 'invalid_value', 'tool_choice'],
    [allowed('sometimes', 'f'), 'invalid_value', 'tool_choice.allowed_tools.mode'],
    [allowed('auto'), 'invalid_value', 'tool_choice.allowed_tools.tools'],
    [{ tools: [], tool_choice: 'required' }, 'invalid_value', 'tool_choice'],
    [{ function_call: { name: 'nobody' } }, 'invalid_value', 'function_call'],
    [{ tool_choice: 5 }, 'invalid_value', 'tool_choice'],
    [{ tool_choice: 'maybe' }, 'invalid_value', 'tool_choice'],
    [{ parallel_tool_calls: 'no' }, 'invalid_type', 'parallel_tool_calls'],
  ])('%j is refused as %s, naming %s', (fields, code, param) => {
    expect(faultOf({ tools, ...fields })).toEqual([code, param])
  })
})
