import { describe, expect, test } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { encodeChatRequest } from '../../../src/dialects/ollama/chat-request.ts'

const PLAIN: ChatRequest = {
  model: 'Native',
  messages: [{ role: 'user', text: 'Hello', media: [] }],
  tools: [],
  maxCalls: Number.POSITIVE_INFINITY,
  sampling: {},
}

const bodyOf = (fields: Partial<ChatRequest>, overflow: 'error' | 'truncate' = 'error'): unknown =>
  JSON.parse(encodeChatRequest({ ...PLAIN, ...fields }, 'native:latest', { overflow }))

describe('the body for /api/chat', () => {
  test('says what was asked for and not a word more', () => {
    expect(encodeChatRequest(PLAIN, 'native:latest', { overflow: 'error' })).toBe(
      '{"model":"native:latest","messages":[{"role":"user","content":"Hello"}],"stream":true,"truncate":false}',
    )
  })

  test.each<[Partial<ChatRequest>, object]>([
    [{ effort: true }, { think: true }],
    [{ effort: false }, { think: false }],
    [{ effort: 'max' }, { think: 'max' }],
    [{ format: 'json' }, { format: 'json' }],
    [{ format: { type: 'object' } }, { format: { type: 'object' } }],
    [{ logprobs: { top: 0 } }, { logprobs: true }],
    [{ logprobs: { top: 3 } }, { logprobs: true, top_logprobs: 3 }],
    [{ keepAlive: 0 }, { keep_alive: 0 }],
    [{ keepAlive: '5m' }, { keep_alive: '5m' }],
    [{ numCtx: 8192 }, { options: { num_ctx: 8192 } }],
    [{ sampling: { maxTokens: 5 } }, { options: { num_predict: 5 } }],
    [
      { tools: [{ name: 'f', parameters: { type: 'object', properties: {} } }] },
      {
        tools: [
          {
            type: 'function',
            function: { name: 'f', parameters: { type: 'object', properties: {} } },
          },
        ],
      },
    ],
    [{ maxCalls: 1 }, {}],
  ])('says %j as %j', (fields, said) => {
    expect(bodyOf(fields)).toEqual({
      model: 'native:latest',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      truncate: false,
      ...said,
    })
  })

  test('lets Ollama cut a long prompt where the operator wants that', () => {
    expect(bodyOf({}, 'truncate')).toMatchObject({ truncate: true })
  })

  test('writes lone surrogates as escapes', () => {
    const messages = [{ role: 'user', text: 'a\ud800b', media: [] }] as const
    expect(encodeChatRequest({ ...PLAIN, messages }, 'm', { overflow: 'error' })).toContain(
      '"a\\ud800b"',
    )
  })
})
