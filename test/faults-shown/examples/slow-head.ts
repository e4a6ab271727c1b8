/** U-14: a model that loads for twelve minutes; here a second stands for a thousand. */
import { answer, HELLO } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'

export const slowHead: Example = {
  place: 4,
  rows: ['U-14'],
  promise: 'A model that loads for twelve minutes gets its answer through',
  story:
    'Ollama sends nothing, not even a head, for 730 s (here 730 ms, and the other times as much shorter).',
  others: 'a wall at 300 s: the fetch of Node, or a proxy between, gives up.',
  settings: { downstream: { commitAfterMs: 10, heartbeatMs: 15 } },
  play: async ({ ollama, stream, promised }) => {
    ollama.fault = (socket) => void setTimeout(() => socket.write(answer('200 OK', HELLO)), 730)
    const answering = await stream()
    promised(
      'the client has its 200 before Ollama said a word',
      answering.status === 200 && answering.data().length === 0,
    )
    await answering.ended()
    promised('comments kept the stream open', answering.comments().length >= 3)
    promised('the answer is whole: "Hello."', answering.content() === 'Hello.')
    promised('and ends as it should', answering.data().at(-1) === '[DONE]')
  },
}
