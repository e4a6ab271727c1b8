/** U-52: a line that does not end. */
import { answer, chunked, doneLine, fin, line, says } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

const MIB = 1024 * 1024

export const endlessLine: Example = {
  place: 13,
  rows: ['U-52'],
  promise: 'A line has a limit, and a long one costs no more than its length',
  story:
    'Ollama sends a line just under the limit (16 MB, here 1 MB), and then one of 64 MB without an end.',
  others:
    'each read searches all that came before it: half a minute of one core, and all the memory.',
  settings: { upstream: { maxLineBytes: MIB } },
  play: async ({ ollama, chat, until, promised }) => {
    const long = 'x'.repeat(MIB - 1000)
    ollama.fault = says(answer('200 OK', line(long) + doneLine(), 'Connection: close'), fin)
    promised('the line under the limit is given out whole', saidIn(await chat()).text === long)

    let said = 0
    ollama.fault = (socket) => {
      const piece = 'x'.repeat(64 * 1024)
      const pour = (): void => {
        while (said < 64 * MIB && socket.writable && socket.write(piece)) said += piece.length
      }
      socket.on('drain', pour)
      socket.write(`${chunked()}4000000\r\n`)
      pour()
    }
    const endless = await chat()
    promised('the endless one is a 502', endless.status === 502)
    promised('that says why', saidIn(endless).code === 'upstream_bad_response')
    promised('Ollama is not listened to any longer', await until(() => ollama.open.size === 0))
    promised('and most of it was never taken', said < 48 * MIB)
  },
}
