/** who may come in is asked at the door, and there is no start without a door. */
import { answerIn } from '../../support/socket-client.ts'
import { startTolk } from '../../support/tolk.ts'
import type { Example } from '../example.ts'

export const keysFirst: Example = {
  place: 19,
  rows: ['A-07', 'A-12', 'P-15'],
  promise: 'A key is asked for before the body, and tolk does not open to others without keys',
  story:
    'A client with a wrong key announces a gigabyte and waits to be asked for it. An operator listens on all addresses, without any keys.',
  others: 'the body is read first, or the door stands open: some 300,000 Ollamas do.',
  play: async ({ url, ollama, connect, promised }) => {
    const client = await connect()
    const head = [
      'POST /v1/chat/completions HTTP/1.1',
      'Host: a',
      'Authorization: Bearer wrong',
      'Content-Type: application/json',
      'Content-Length: 1073741824',
      'Expect: 100-continue',
    ]
    client.send(`${head.join('\r\n')}\r\n\r\n`)
    const all = await client.closed()
    promised('401 at once', answerIn(all).status === 401)
    promised('not asked for the body, and the connection closes', !all.includes('100 Continue'))
    promised('nothing reached Ollama', ollama.chats.length === 0)

    const open = await startTolk(url, { server: { host: '0.0.0.0' } }).catch(String)
    if (typeof open !== 'string') await open.close()
    promised(
      'no start beyond this machine without keys, unless told so',
      typeof open === 'string' && open.includes('--allow-anonymous'),
    )
  },
}
