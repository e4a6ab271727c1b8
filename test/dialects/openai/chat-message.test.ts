import { describe, expect, test } from 'vitest'
import { decodeChatCompletionRequest } from '../../../src/dialects/openai/chat-completion-request.ts'
import { accepted, faultOf, messagesOf } from '../../support/chat-body.ts'

const PIXEL = 'data:image/png;base64,iVBORw0KGgo='

const call = (id: string, name: string, args: unknown = '{}') => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})

/** Decodes messages as they are, without a body being written first. */
const decode = (list: readonly unknown[]) =>
  decodeChatCompletionRequest(
    { model: 'm', messages: list },
    { strict: false, allowLoadOptions: false },
  )

describe('messages', () => {
  test.each([
    [
      { role: 'system', content: 'Be brief' },
      { role: 'system', text: 'Be brief' },
    ],
    [
      { role: 'developer', content: 'Be brief' },
      { role: 'system', text: 'Be brief' },
    ],
    [
      { role: 'system', content: [{ type: 'text', text: 'Be brief' }] },
      { role: 'system', text: 'Be brief' },
    ],
    [
      { role: 'user', content: 'Hi', name: 'Ann' },
      { role: 'user', text: 'Hi', media: [] },
    ],
    [
      { role: 'user', content: null },
      { role: 'user', text: '', media: [] },
    ],
    [
      { role: 'user', content: '' },
      { role: 'user', text: '', media: [] },
    ],
    [
      { role: 'user', content: [] },
      { role: 'user', text: '', media: [] },
    ],
    [
      { role: 'assistant', content: 'Once', audio: null },
      { role: 'assistant', text: 'Once', reasoning: '', calls: [] },
    ],
    [{ role: 'assistant' }, { role: 'assistant', text: '', reasoning: '', calls: [] }],
    [
      { role: 'assistant', content: null, refusal: 'I cannot' },
      { role: 'assistant', text: 'I cannot', reasoning: '', calls: [] },
    ],
    [
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'I cannot' }] },
      { role: 'assistant', text: 'I cannot', reasoning: '', calls: [] },
    ],
    [
      { role: 'tool', content: 'sunny', tool_call_id: 'call_9', name: 'weather' },
      { role: 'tool', text: 'sunny', media: [], callId: 'call_9', name: 'weather' },
    ],
    [
      { role: 'function', name: 'weather', content: 'sunny' },
      { role: 'tool', text: 'sunny', media: [], callId: '', name: 'weather' },
    ],
    [{ role: 'tool' }, { role: 'tool', text: '', media: [], callId: '', name: '' }],
  ])('%j becomes one of ours', (wire, ours) => {
    expect(messagesOf(wire)).toEqual([ours])
  })

  test('stay in their order, one for one, down to a prefill', () => {
    const roles = ['system', 'user', 'assistant', 'user', 'assistant']
    const messages = messagesOf(...roles.map((role, at) => ({ role, content: `${at}` })))
    expect(messages.map(({ role, text }) => [role, text])).toEqual(
      roles.map((role, at) => [role, `${at}`]),
    )
  })

  test.each([
    [{ reasoning_content: 'a', reasoning: 'b', thinking: 'c' }, 'a'],
    [{ reasoning_content: '', reasoning: 'b', thinking: 'c' }, 'b'],
    [{ reasoning_content: null, thinking: 'c', reasoning_details: [{ text: 'd' }] }, 'c'],
    [
      {
        reasoning_details: [
          { type: 'reasoning.text', text: 'd' },
          { type: 'reasoning.encrypted', data: 'x' },
          { type: 'reasoning.text', text: 'e' },
        ],
      },
      'de',
    ],
    [
      { reasoning: 'same', reasoning_content: 'same', reasoning_details: [{ text: 'same' }] },
      'same',
    ],
    [{}, ''],
  ])('take reasoning from %j once', (fields, reasoning) => {
    expect(messagesOf({ role: 'assistant', content: 'x', ...fields })).toEqual([
      { role: 'assistant', text: 'x', reasoning, calls: [] },
    ])
  })

  test('bring results to their calls, whatever the result says of itself', () => {
    const messages = messagesOf(
      {
        role: 'assistant',
        content: null,
        tool_calls: [call('a', 'weather'), call('b', 'time'), call('c', 'news')],
      },
      { role: 'tool', content: '1', tool_call_id: 'b' },
      { role: 'tool', content: [{ type: 'text', text: '2' }], tool_call_id: 'a' },
      { role: 'tool', content: '3' },
    )
    expect(messages.slice(1)).toEqual([
      { role: 'tool', text: '1', media: [], callId: 'b', name: 'time' },
      { role: 'tool', text: '2', media: [], callId: 'a', name: 'weather' },
      { role: 'tool', text: '3', media: [], callId: 'c', name: 'news' },
    ])
  })

  test('bring a legacy result to its legacy call', () => {
    const messages = messagesOf(
      { role: 'assistant', content: null, function_call: { name: 'time', arguments: '{"tz":1}' } },
      { role: 'function', name: 'time', content: 'noon' },
    )
    expect(messages).toEqual([
      {
        role: 'assistant',
        text: '',
        reasoning: '',
        calls: [{ id: '', name: 'time', arguments: { tz: 1 } }],
      },
      { role: 'tool', text: 'noon', media: [], callId: '', name: 'time' },
    ])
  })

  test('let a tool answer with a picture', () => {
    const [, result] = messagesOf(
      { role: 'assistant', tool_calls: [call('a', 'look')] },
      {
        role: 'tool',
        tool_call_id: 'a',
        content: [
          { type: 'text', text: 'seen' },
          { type: 'image_url', image_url: { url: PIXEL } },
        ],
      },
    )
    expect(result).toEqual({
      role: 'tool',
      text: 'seen',
      media: [{ kind: 'image', base64: 'iVBORw0KGgo=' }],
      callId: 'a',
      name: 'look',
    })
  })

  test('tell which call ids are taken', () => {
    const { usedCallIds } = accepted({
      messages: [
        { role: 'assistant', tool_calls: [call('a', 'f'), call('', 'g')] },
        { role: 'assistant', tool_calls: [call('b', 'f')] },
      ],
    })
    expect([...usedCallIds]).toEqual(['a', 'b'])
  })

  test.each([
    [5, 'invalid_type', 'messages[1]'],
    [{}, 'missing_required_parameter', 'messages[1].role'],
    [{ role: 'bot', content: '' }, 'invalid_value', 'messages[1].role'],
    [{ role: 'User', content: '' }, 'invalid_value', 'messages[1].role'],
    [{ role: 'user' }, 'missing_required_parameter', 'messages[1].content'],
    [{ role: 'system' }, 'missing_required_parameter', 'messages[1].content'],
    [{ role: 'user', content: 5 }, 'invalid_type', 'messages[1].content'],
    [{ role: 'user', content: { text: 'x' } }, 'invalid_type', 'messages[1].content'],
    [{ role: 'user', content: 'x', name: 5 }, 'invalid_type', 'messages[1].name'],
    [{ role: 'assistant', reasoning: 5 }, 'invalid_type', 'messages[1].reasoning'],
    [{ role: 'tool', content: '', tool_call_id: 5 }, 'invalid_type', 'messages[1].tool_call_id'],
    [{ role: 'assistant', tool_calls: {} }, 'invalid_type', 'messages[1].tool_calls'],
    [
      { role: 'system', content: [{ type: 'image_url', image_url: { url: PIXEL } }] },
      'invalid_value',
      'messages[1].content',
    ],
    [
      { role: 'assistant', content: [{ type: 'image_url', image_url: { url: PIXEL } }] },
      'invalid_value',
      'messages[1].content',
    ],
  ])('refuse %j as %s, naming %s', (wire, code, param) => {
    expect(faultOf({ messages: [{ role: 'user', content: 'Hi' }, wire] })).toEqual([code, param])
  })

  test('are twenty thousand at most', () => {
    const messages = Array.from({ length: 20_001 }, () => ({ role: 'user', content: 'Hi' }))
    expect(messagesOf(...messages.slice(1))).toHaveLength(20_000)
    expect(faultOf({ messages })).toEqual(['invalid_value', 'messages'])
  })

  test('stop at the first fault of very many', () => {
    const unread = new Proxy(
      {},
      {
        get: () => {
          throw new Error('it read on')
        },
      },
    )
    const messages = [1, ...Array.from({ length: 19_999 }, () => unread)]
    expect(() => decode(messages)).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({ code: 'invalid_type', param: 'messages[0]' }),
      }),
    )
    expect(() => decode([unread])).toThrow('it read on')
  })
})
