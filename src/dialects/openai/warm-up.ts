/** Makes ready what the first request would have to wait for. */
import { decodeChatCompletionRequest } from './chat-completion-request.ts'

/** Decodes a request nobody sent: the schemas are compiled at their first use, 10 ms for all of them. */
export const warmUp = (): void => {
  decodeChatCompletionRequest(SAMPLE, { strict: false, allowLoadOptions: false })
}

const called = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }

const SAMPLE = {
  model: 'm',
  stream: true,
  stream_options: { include_usage: true },
  messages: [
    { role: 'system', content: 'a' },
    { role: 'user', content: [{ type: 'text', text: 'a' }] },
    { role: 'assistant', content: null, tool_calls: [called] },
    { role: 'tool', tool_call_id: 'a', content: 'a' },
  ],
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
}
