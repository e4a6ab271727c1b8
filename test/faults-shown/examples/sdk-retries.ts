/** C-19: OpenAI's SDK asks again by itself, and each time the model works from the beginning. */
import OpenAI, { APIError } from 'openai'
import { chunked, fin, line, says } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { CLIENT_KEY, PROMPT } from '../stage.ts'

export const sdkRetries: Example = {
  place: 9,
  rows: ['C-19'],
  promise: 'An SDK that asks again by itself does not have the work done three times',
  story:
    'The OpenAI SDK, as it comes, asks; Ollama works and never answers within the time allowed (15 minutes, here 200 ms).',
  others: 'a plain 504, which the SDK sends again twice: three generations of minutes each.',
  settings: { upstream: { firstByteTimeoutMs: 200 } },
  play: async ({ url, ollama, promised }) => {
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: CLIENT_KEY })
    const messages = [{ role: 'user' as const, content: PROMPT }]
    ollama.fault = () => {}
    const late = await openai.chat.completions
      .create({ model: 'm', messages })
      .catch((error: unknown) => error)
    promised('the SDK is told of a 504', late instanceof APIError && late.status === 504)
    promised('and Ollama was asked once', ollama.chats.length === 1)

    ollama.fault = says(chunked(line('one')), fin)
    let heard = ''
    let thrown: unknown
    try {
      const stream = await openai.chat.completions.create({ model: 'm', messages, stream: true })
      for await (const { choices } of stream) heard += choices[0]?.delta.content ?? ''
    } catch (error) {
      thrown = error
    }
    promised('in the middle of a stream it raises the error', thrown instanceof APIError)
    promised('after the text that came', heard === 'one')
    promised('and Ollama was asked once more, not three times', ollama.chats.length === 2)
  },
}
