import { expect, test, vi } from 'vitest'
import { decodeChatCompletionRequest } from '../../../src/dialects/openai/chat-completion-request.ts'
import { warmUp } from '../../../src/dialects/openai/warm-up.ts'
import { agentBody, LENIENT } from '../../support/chat-body.ts'

test('the first request finds its checks compiled', () => {
  const compile = vi.spyOn(globalThis, 'Function')
  warmUp()
  const before = compile.mock.calls.length
  expect(before).toBeGreaterThan(0)
  decodeChatCompletionRequest(agentBody(), LENIENT)
  expect(compile.mock.calls.length).toBe(before)
})
