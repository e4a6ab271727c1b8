/** P-17: HTTP/1.1 lets a client send requests without waiting, and Node serves them all at once. */
import { chunked, line, says } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { chatOctets } from '../stage.ts'

export const fiftyInOneWrite: Example = {
  place: 3,
  rows: ['P-17', 'P-16'],
  promise: 'Fifty requests in one write start one generation, and leave none behind',
  story: 'A client sends fifty chats in one write, reads a word of the first, and resets.',
  others: 'fifty generations at once, of which up to 49 stay open for ever.',
  play: async ({ ollama, connect, until, promised }) => {
    let most = 0
    ollama.fault = (socket, request) => {
      most = Math.max(most, ollama.open.size)
      says(chunked(line('one')))(socket, request)
    }
    const client = await connect()
    client.send(chatOctets().repeat(50))
    await client.until(/"content":"one"/)
    promised('one generation is under way, not fifty', ollama.chats.length === 1)
    client.socket.resetAndDestroy()
    promised('after the reset none is', await until(() => ollama.open.size === 0))
    promised('and no other was begun', ollama.chats.length === 1 && most === 1)
  },
}
