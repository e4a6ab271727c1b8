/** U-61: a kept connection that ends in the moment it is used again. */
import { fin, well } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

export const staleConnection: Example = {
  place: 10,
  rows: ['U-61'],
  promise: 'A kept connection that has just ended costs no request',
  story: 'Ollama keeps a connection after an answer, and ends it just as the next question comes.',
  others: 'one request in a hundred is a 502, whenever there is little to do.',
  play: async ({ ollama, chat, promised }) => {
    ollama.fault = well(true)
    await chat()
    ollama.fault = (socket, request) => {
      if (request.connection === ollama.chats[0]?.connection) fin(socket)
      else well(false)(socket, request)
    }
    const { text } = saidIn(await chat())
    const [, second, third] = ollama.chats
    promised('the question came on the kept connection', second?.nth === 2)
    promised('and once more, on a new one', third?.nth === 1 && ollama.chats.length === 3)
    promised('the client has its answer and knows nothing of it', text === 'Hello.')
  },
}
