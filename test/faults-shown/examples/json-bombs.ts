/** a small body that is much to parse. */
import { well } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

export const jsonBombs: Example = {
  place: 14,
  rows: ['R-06'],
  promise: 'JSON that is much to parse is refused before it is parsed',
  story: 'A client sends a million brackets, then a million empty objects, then a million keys.',
  others: 'seconds in which nobody else is served, 600 MB, or a stack that overflows.',
  play: async ({ ollama, ask, chat, promised }) => {
    const bombs = {
      'a million brackets': '['.repeat(1_000_000),
      'a million objects': `{"messages":[${'{},'.repeat(1_000_000)}{}]}`,
      'a million keys': `{${Array.from({ length: 1_000_000 }, (_, at) => `"${at}":0`).join()}}`,
    }
    for (const [what, body] of Object.entries(bombs)) {
      const answer = await ask({ path: '/v1/chat/completions', body })
      promised(`${what}: 400, with a code`, answer.status === 400 && saidIn(answer).code !== null)
    }
    promised('none of it reached Ollama', ollama.chats.length === 0)
    ollama.fault = well(false)
    promised('and the next client is served', saidIn(await chat()).text === 'Hello.')
  },
}
