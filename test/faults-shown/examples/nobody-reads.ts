/** a client that reads nothing, and an Ollama that would say no end of it. */
import { chunk, chunked, line } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'

const MIB = 1024 * 1024
/** What Ollama has to say, bytes. */
const ALL = 512 * MIB

export const nobodyReads: Example = {
  place: 11,
  rows: ['R-14', 'R-15'],
  promise: 'Who does not read is not read for, and one day is cut off',
  story: `A client reads nothing, and Ollama has ${ALL / MIB} MB to say (the client's time is a minute, here 500 ms).`,
  others: 'the answer piles up in memory, 400 MB in three seconds, and the model runs on.',
  settings: { downstream: { writeStallMs: 500 } },
  play: async ({ ollama, tolk, stream, until, promised }) => {
    const piece = chunk(line('x'.repeat(100_000)))
    let said = 0
    ollama.fault = (socket) => {
      const pour = (): void => {
        while (said < ALL && socket.writable && socket.write(piece)) said += piece.length
      }
      socket.on('drain', pour)
      socket.write(chunked())
      pour()
    }
    const client = await stream({ paused: true })
    const isCut = await until(() => ollama.open.size === 0 && said > 0)
    promised(
      'Ollama was paused: what it could say fits the buffers of the sockets',
      said < 64 * MIB,
    )
    promised('the client was cut off, and the work with it', isCut)
    client.resume()
    promised('no end is feigned', (await client.ended()) !== 'whole')
    promised(
      'the log says who was to blame',
      await until(() => tolk.logged.join('').includes('"outcome":"client-stalled"')),
    )
  },
}
