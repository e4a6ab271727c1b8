/** U-23: the answer ends well by HTTP, and in the middle by what it says. */
import { chunked, LAST, line, says } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

export const endWithoutDone: Example = {
  place: 1,
  rows: ['U-23'],
  promise: 'A proper end without the done line is an error, never a finish',
  story:
    'Ollama says "Hello" in two lines, then ends its chunks properly; the line that says done never comes.',
  others: 'finish_reason "stop" and [DONE], as if all had been said.',
  play: async ({ ollama, chat, promised }) => {
    ollama.fault = says(chunked(line('Hel'), line('lo')) + LAST)
    const { text, code, finishes, isDone } = saidIn(await chat())
    promised('streamed, what came is given out: "Hello"', text === 'Hello')
    promised('then an error event says so', code === 'upstream_stream_interrupted')
    promised('and neither a finish_reason nor [DONE]', finishes.length === 0 && !isDone)

    const whole = await chat({ stream: false })
    promised('whole, it is a 502 and no answer', whole.status === 502)
  },
}
