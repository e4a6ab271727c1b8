/** U-17: bytes that come, and say nothing. */
import { chunked, chunk, line } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

export const bytesWithoutLines: Example = {
  place: 12,
  rows: ['U-17', 'U-16'],
  promise: 'Silence is counted in lines: bytes alone are no progress',
  story:
    'After a line Ollama sends a byte now and then, and never the end of another line (five minutes are allowed, here 300 ms).',
  others: 'each byte starts the time anew: the stream hangs for as long as they drip.',
  settings: { upstream: { idleTimeoutMs: 300 } },
  play: async ({ ollama, chat, until, promised }) => {
    let drops = 0
    ollama.fault = (socket) => {
      socket.write(chunked(line('one')))
      const dripping = setInterval(() => {
        drops += 1
        socket.write(chunk(' '))
      }, 20)
      socket.once('close', () => clearInterval(dripping))
    }
    const { text, code } = saidIn(await chat())
    promised('bytes kept coming', drops > 3)
    promised('the line was given out', text === 'one')
    promised('and then the time was up', code === 'upstream_timeout')
    promised('the connection to Ollama closes', await until(() => ollama.open.size === 0))
  },
}
