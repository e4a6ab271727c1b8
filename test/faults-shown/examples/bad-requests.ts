/** C-09: whatever is wrong with a request, the answer is one that SDKs can read. */
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

const CHAT = '/v1/chat/completions'

export const badRequests: Example = {
  place: 15,
  rows: ['C-09', 'P-23', 'C-11'],
  promise:
    'A bad request is a 4xx in the shape of OpenAI’s errors, never a 500 and never plain text',
  story: 'Bodies that are no JSON, a path, a method, a type and a head that are none of ours.',
  others: 'a 500 for a comma too many, and text for all that the framework answers by itself.',
  play: async ({ ollama, ask, promised }) => {
    for (const body of ['', '{', 'NaN', '{"model":"m",}', '{} // comment']) {
      const answer = await ask({ method: 'POST', path: CHAT, body })
      promised(`the body ${body || 'of nothing'}: 400`, answer.status === 400)
      promised('and what is wrong', saidIn(answer).code === 'invalid_json')
    }
    const others = [
      [404, 'unknown_url', { path: '/v1/nothing' }],
      [405, 'method_not_allowed', { method: 'PUT', path: CHAT, body: '{}' }],
      [
        415,
        'unsupported_media_type',
        { path: CHAT, body: '{}', headers: { 'content-type': 'text/plain' } },
      ],
      [
        431,
        'request_headers_too_large',
        { path: '/v1/models', headers: { 'x-long': 'x'.repeat(20_000) } },
      ],
    ] as const
    for (const [status, code, request] of others) {
      const answer = await ask(request)
      promised(`${status} ${code}`, answer.status === status && saidIn(answer).code === code)
    }
    promised('none of it reached Ollama', ollama.chats.length === 0)
  },
}
