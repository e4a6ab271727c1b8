import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultOf, messagesOf, refused } from '../../support/chat-body.ts'

const history = (args: unknown) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: args } }],
})

const argumentsOf = (args: unknown): unknown => {
  const [message] = messagesOf(history(args))
  return message?.role === 'assistant' ? message.calls[0]?.arguments : undefined
}

describe('a tool call in the history', () => {
  test.each([
    ['{"a":1}', '{"a":1}'],
    ['', '{}'],
    [' \n', '{}'],
    [undefined, '{}'],
    [null, '{}'],
    [{ a: { b: [1] } }, '{"a":{"b":[1]}}'],
    [' {"b":1,"a":2} ', '{"b":1,"a":2}'],
    ['{"id":9007199254740993}', '{"id":9007199254740993}'],
    ['{"id":-123456789012345678901234567890}', '{"id":-123456789012345678901234567890}'],
    ['{"x":0.1000000000000000055511151231257827}', '{"x":0.1000000000000000055511151231257827}'],
    ['{"x":-0,"y":[-0.0,{"z":-0,"w":0}]}', '{"x":-0,"y":[-0,{"z":-0,"w":0}]}'],
    ['{"__proto__":{"a":1},"a":"-0"}', '{"__proto__":{"a":1},"a":"-0"}'],
    ['{"a":"\\ud800"}', '{"a":"\\ud800"}'],
  ])('with the arguments %j carries the object %s', (args, json) => {
    expect(JSON.stringify(argumentsOf(args))).toBe(json)
  })

  test('keeps every digit of every integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (id) => {
        const json = `{"id":${id},"list":[${id},{"id":${id}}]}`
        expect(JSON.stringify(argumentsOf(json))).toBe(json)
      }),
    )
  })

  test.each([
    '{',
    'sunny',
    '[1]',
    'null',
    '"{}"',
    '5',
    'true',
    '{"a":1}}',
    '{"a":1e400}',
    [1],
    5,
    true,
  ])('is refused for the arguments %j', (args) => {
    expect(faultOf({ messages: [history(args)] })).toEqual([
      'invalid_value',
      'messages[0].tool_calls[0].function.arguments',
    ])
  })

  test.each([1_000, 100_000])('is refused for arguments nested %i deep', (depth) => {
    const deep = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    expect(faultOf({ messages: [history(deep)] })[1]).toMatch(/arguments$/)
    const deepWithLongNumber = `${'{"a":'.repeat(depth)}9007199254740993${'}'.repeat(depth)}`
    expect(faultOf({ messages: [history(deepWithLongNumber)] })[1]).toMatch(/arguments$/)
  })

  test.each([
    [{ id: 'a', type: 'custom', custom: { name: 'f' } }, 'unsupported-parameter', '.type'],
    [{ id: 'a', type: 'function' }, 'missing_required_parameter', '.function'],
    [{ id: 'a', function: {} }, 'missing_required_parameter', '.function.name'],
    [{ id: 5, function: { name: 'f' } }, 'invalid_type', '.id'],
    [5, 'invalid_type', ''],
  ])('refuses %j as %s, naming the call%s', (call, code, param) => {
    const messages = [{ role: 'assistant', tool_calls: [call] }]
    expect(faultOf({ messages })).toEqual([code, `messages[0].tool_calls[0]${param}`])
  })

  test('may be one of the legacy kind', () => {
    const messages = [{ role: 'assistant', function_call: { name: 'f', arguments: '{' } }]
    expect(faultOf({ messages })).toEqual(['invalid_value', 'messages[0].function_call.arguments'])
  })

  test('never tells its arguments back', () => {
    expect(JSON.stringify(refused({ messages: [history('secret')] }))).not.toContain('secret')
  })
})
