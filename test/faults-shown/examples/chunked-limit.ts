/** a body that does not say how long it is. */
import type { Example } from '../example.ts'
import { CLIENT_KEY } from '../stage.ts'
import { answerIn } from '../../support/socket-client.ts'

export const chunkedLimit: Example = {
  place: 17,
  rows: ['R-04'],
  promise: 'A body that does not say its length has the same limit',
  story: 'A client sends chunks for as long as they are taken (32 MB are allowed, here 64 KB).',
  others: 'only the length that is announced is held against the limit.',
  settings: { limits: { maxBodyBytes: 64 * 1024 } },
  play: async ({ ollama, connect, promised }) => {
    const client = await connect()
    const head = [
      'POST /v1/chat/completions HTTP/1.1',
      'Host: a',
      `Authorization: Bearer ${CLIENT_KEY}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ]
    client.send(`${head.join('\r\n')}\r\n\r\nb\r\n{"model":"m\r\n`)
    const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`
    // Twice what is allowed, and no end.
    client.send(chunk.repeat(32))
    const { status, body } = answerIn(await client.closed())
    promised('413, before the body ends', status === 413)
    promised('in the shape of OpenAI’s errors', body.includes('"code":"request_too_large"'))
    promised('the connection closes, and none of it reached Ollama', ollama.chats.length === 0)
  },
}
