/** A long request's way through the middle: JSON → ours → Ollama's body. */
import { expect, test } from 'vitest'
import { encodeChatRequest } from '../../../src/dialects/ollama/chat-request.ts'
import { parseJson } from '../../../src/wire/json.ts'
import { requestOf } from '../../support/chat-body.ts'
import { longRequest } from './long-request.ts'

test('201 messages and 40 tools', async ({ bench }) => {
  const body = longRequest()
  const text = JSON.stringify(body)
  const request = requestOf(text)
  expect([request.messages.length, request.tools.length]).toEqual([201, 40])
  await bench.compare(
    bench('JSON.parse alone', () => {
      JSON.parse(text)
    }),
    bench('parsed, every digit kept', () => {
      parseJson(text)
    }),
    bench('parsed, checked and decoded', () => {
      requestOf(text)
    }),
    bench('encoded for Ollama', () => {
      encodeChatRequest(request, 'native:latest', { overflow: 'error' })
    }),
  )
})
