/** U-45, U-44: once Ollama has said 200, an error of its own is a line among the others. */
import { chunked, HELLO, LAST, line, says } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

export const errorLine: Example = {
  place: 6,
  rows: ['U-45', 'U-44'],
  promise: 'An error line of Ollama’s is an error, with a status where there can be one',
  story:
    'Ollama answers 200 and says {"error": …}: first in the middle of its text, then as the first line.',
  others: 'the line is swallowed and the stream just ends, or it is sent on as text.',
  play: async ({ ollama, chat, promised }) => {
    const error = '{"error":"something broke at http://10.1.2.3:11434/api"}\n'
    ollama.fault = says(chunked(line('one'), error, HELLO) + LAST)
    const { text, code, message, finishes } = saidIn(await chat())
    promised('in the middle: what came before it stands', text === 'one')
    promised('it is an error event', code === 'upstream_error')
    promised('in the words of Ollama, without the address', message === 'something broke at …')
    promised('nothing that came after it is said', finishes.length === 0)

    ollama.fault = says(chunked('{"error":"model \'m\' not found"}\n') + LAST)
    const first = await chat()
    promised('as the first line it is a status: 404', first.status === 404)
    promised('and a code', saidIn(first).code === 'model_not_found')
  },
}
