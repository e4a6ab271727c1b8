/** U-19: a stream that is destroyed takes its last word with it, so it never is. */
import { chunked, line, reset, says } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

export const errorEventArrives: Example = {
  place: 7,
  rows: ['U-19'],
  promise: 'The error event itself arrives, and the connection ends properly after it',
  story: 'Ollama says a line and half of another in one write, and resets its connection at once.',
  others:
    'the stream is torn down with the error event still in it: the client sees a dead socket.',
  play: async ({ ollama, chat, promised }) => {
    ollama.fault = says(chunked(line('one'), line('two').slice(0, 20)), reset)
    const answer = await chat()
    const { text, code } = saidIn(answer)
    promised('the whole line was given out, the half was not', text === 'one')
    promised('the error event arrived', code === 'upstream_stream_interrupted')
    promised('and the last chunk after it', answer.end === 'whole')
  },
}
