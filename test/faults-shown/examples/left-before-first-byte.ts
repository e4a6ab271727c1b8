/** C-01: the client leaves while nothing has been said yet, which is when most of the work is done. */
import type { Example } from '../example.ts'
import { chatOctets } from '../stage.ts'

export const leftBeforeFirstByte: Example = {
  place: 2,
  rows: ['C-01', 'C-04'],
  promise: 'A client that leaves before the first byte stops the work upstream',
  story:
    'Ollama has the question and has not begun to answer; the client ends its connection, resets it, or ends its side alone.',
  others: 'the generation runs on for nobody, for minutes.',
  play: async ({ ollama, connect, until, promised }) => {
    ollama.fault = () => {}
    const ways = ['end', 'destroy', 'resetAndDestroy'] as const
    for (const [at, way] of ways.entries()) {
      // A whole answer is asked for as well: upstream there is no difference.
      const client = await connect()
      client.send(chatOctets({ stream: at !== 1 }))
      const isAsked = await until(() => ollama.chats.length === at + 1 && ollama.open.size === 1)
      client.socket[way]()
      const isClosed = await until(() => ollama.open.size === 0)
      promised(`${way}: the connection to Ollama closes`, isAsked && isClosed)
      client.socket.destroy()
    }
  },
}
