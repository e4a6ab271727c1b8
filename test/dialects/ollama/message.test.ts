import { describe, expect, test } from 'vitest'
import type { Message } from '../../../src/chat/request.ts'
import { encodeMessage } from '../../../src/dialects/ollama/message.ts'

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
