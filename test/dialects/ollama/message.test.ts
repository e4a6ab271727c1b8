import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Message } from '../../../src/chat/request.ts'
import { encodeMessage, LONG, partsOf } from '../../../src/dialects/ollama/message.ts'

const exact: unknown = JSON.rawJSON('12345678901234567890')

describe('a message for Ollama', () => {
  test.each<[Message, object]>([
    [
      { role: 'system', text: 'Be brief' },
      { role: 'system', content: 'Be brief' },
    ],
    [
      { role: 'user', text: 'Hi', media: [] },
      { role: 'user', content: 'Hi' },
    ],
    [
      { role: 'user', text: '', media: [] },
      { role: 'user', content: '' },
    ],
    [
      {
        role: 'user',
        text: 'See, hear',
        media: [
          { kind: 'image', base64: 'AAAA' },
          { kind: 'audio', base64: 'UklG' },
        ],
      },
      { role: 'user', content: 'See, hear', images: ['AAAA', 'UklG'] },
    ],
    [
      { role: 'assistant', text: 'Hm', reasoning: '', calls: [] },
      { role: 'assistant', content: 'Hm' },
    ],
    [
      {
        role: 'assistant',
        text: '',
        reasoning: 'Which?',
        calls: [
          { id: 'a', name: 'f', arguments: { id: exact } },
          { id: '', name: 'g', arguments: {} },
        ],
      },
      {
        role: 'assistant',
        content: '',
        thinking: 'Which?',
        tool_calls: [
          { id: 'a', function: { index: 0, name: 'f', arguments: { id: exact } } },
          { function: { index: 1, name: 'g', arguments: {} } },
        ],
      },
    ],
    [
      { role: 'tool', text: 'sunny', media: [], callId: 'a', name: 'f' },
      { role: 'tool', content: 'sunny', tool_name: 'f', tool_call_id: 'a' },
    ],
    [
      { role: 'tool', text: '', media: [{ kind: 'image', base64: 'AAAA' }], callId: '', name: '' },
      { role: 'tool', content: '', images: ['AAAA'] },
    ],
  ])('of %j is %j', (message, wire) => {
    expect(JSON.stringify(encodeMessage(message))).toBe(JSON.stringify(wire))
  })
})

const written = (message: Message): string => [...partsOf(message)].join('')

describe('a message in parts', () => {
  const base64 = fc.base64String({ minLength: 4 })
  const media = fc.array(fc.record({ kind: fc.constantFrom('image', 'audio'), base64 }))
  const text = fc
    .tuple(fc.constantFrom('', 'x', 'é'), fc.string({ unit: 'binary' }))
    .map(([filling, end]) => `${filling.repeat(2 * LONG - 3)}${end}`)
  const message = fc.oneof(
    fc.record({ role: fc.constant('system' as const), text }),
    fc.record({ role: fc.constant('user' as const), text, media }),
    fc.record({
      role: fc.constant('assistant' as const),
      text,
      reasoning: fc.constantFrom('', 'Which?'),
      calls: fc.constantFrom([], [{ id: 'a', name: 'f', arguments: { id: exact } }]),
    }),
    fc.record({
      role: fc.constant('tool' as const),
      text,
      media,
      callId: fc.constantFrom('', 'a'),
      name: fc.constantFrom('', 'f'),
    }),
  )

  test('is what JSON.stringify makes of it, however long', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(written(each)).toBe(JSON.stringify(encodeMessage(each)))
      }),
    )
  })

  test.each([LONG - 2, LONG - 1, LONG])('keeps a pair of surrogates at %i together', (at) => {
    const each: Message = { role: 'user', text: `${'x'.repeat(at)}🦊\ud83d`, media: [] }
    expect(written(each)).toBe(JSON.stringify(encodeMessage(each)))
  })
})
