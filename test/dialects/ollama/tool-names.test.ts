import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { encodeChatRequest } from '../../../src/dialects/ollama/chat-request.ts'
import { toolNames } from '../../../src/dialects/ollama/tool-names.ts'
import { requestOf } from '../../support/chat-body.ts'

const offering = (...names: readonly string[]) =>
  names.map((name) => ({ type: 'function', function: { name } }))

const namesIn = ({ tools }: ChatRequest): readonly string[] => tools.map(({ name }) => name)

describe('a name that trips no parser', () => {
  test('goes as it is, and the request with it', () => {
    const request = requestOf({ tools: offering('get_weather', 'callback', 'rename', 'my_python') })
    expect(toolNames(request).request).toBe(request)
  })

  test('of a request without tools is not looked at', () => {
    const request = requestOf({})
    const { request: sent, called } = toolNames(request)
    expect(sent).toBe(request)
    expect(called('anything')).toBe('anything')
  })
})

describe('a name that trips one', () => {
  test.each(['call', 'name', 'python', 'function', 'arguments', 'Tool'])(
    '%s is another upstream',
    (name) => {
      const { request, called } = toolNames(requestOf({ tools: offering('other', name) }))
      const [other, alias = ''] = namesIn(request)
      expect(other).toBe('other')
      expect(alias).not.toBe(name)
      expect(alias).toMatch(/^[\w-]{1,64}$/)
      expect(called(alias)).toBe(name)
      expect(called(name)).toBe(name)
    },
  )

  test('is that in the calls and results of the history too, and nowhere else', () => {
    const request = requestOf({
      tools: offering('python', 'get_weather'),
      messages: [
        { role: 'user', content: 'python' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'a',
              type: 'function',
              function: { name: 'python', arguments: '{"name":"python"}' },
            },
            { id: 'b', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: 'python' },
        { role: 'tool', tool_call_id: 'b', content: 'sun' },
      ],
    })
    const body = JSON.parse(
      encodeChatRequest(toolNames(request).request, 'm', { overflow: 'error' }),
    )
    const alias = body.tools[0].function.name
    expect(alias).not.toBe('python')
    expect(body.messages).toMatchObject([
      { content: 'python' },
      {
        tool_calls: [
          { function: { name: alias, arguments: { name: 'python' } } },
          { function: { name: 'get_weather' } },
        ],
      },
      { tool_name: alias, content: 'python' },
      { tool_name: 'get_weather' },
    ])
  })

  test('is the one that has to be called, under its other name', () => {
    const choice = { type: 'function', function: { name: 'python' } }
    const { request } = toolNames(
      requestOf({ tools: offering('python', 'x'), tool_choice: choice }),
    )
    const body = JSON.parse(encodeChatRequest(request, 'm', { overflow: 'error' }))
    expect(body.format.properties.name.enum).toEqual(namesIn(request))
  })
})

test('whichever names are offered, all differ upstream, and each comes back as its own', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'call',
      'name',
      'run_call_',
      'run_call__',
      'run_name_',
      'python',
      'run_python_',
    ),
    fc.stringMatching(/^[A-Za-z_]{1,12}$/),
  )
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1 }), (names) => {
      const { request, called } = toolNames(requestOf({ tools: offering(...names) }))
      const sent = namesIn(request)
      expect(new Set(sent).size).toBe(names.length)
      expect(sent.map((each) => called(each))).toEqual(names)
    }),
  )
})

test.each([
  ['functions.get_weather', 'get_weather'],
  ['tool:get_weather', 'get_weather'],
  ['default_api.get_weather', 'get_weather'],
  ['get_weather<|channel|>commentary', 'get_weather'],
  ['functions.python', 'python'],
  ['functions.run_python_', 'python'],
  ['functions.launch', 'functions.launch'],
  ['launch', 'launch'],
])('a model’s %s is the client’s %s', (model, client) => {
  const { called } = toolNames(requestOf({ tools: offering('get_weather', 'python') }))
  expect(called(model)).toBe(client)
})

test('a tool whose own name has such a prefix keeps it', () => {
  const { called } = toolNames(
    requestOf({ tools: offering('functions.get_weather', 'get_weather') }),
  )
  expect(called('functions.get_weather')).toBe('functions.get_weather')
})
