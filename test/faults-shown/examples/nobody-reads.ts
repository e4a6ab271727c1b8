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
  story: `A client reads nothing, and Ollama has ${ALL / MIB} MB to say (the client's time is a minute, here 800 ms).`,
  others: 'the answer piles up in memory, 400 MB in three seconds, and the model runs on.',
  settings: { downstream: { writeStallMs: 800 } },
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
    // Turns of the loop, not time: a busy one would look like a pause.
    let last = -1
    let turns = 0
    const isStill = (): boolean => {
      turns = said === last ? turns + 1 : 0
      last = said
      return turns > 30
    }
    promised('Ollama is paused', (await until(isStill)) && ollama.open.size === 1)
    promised('what it could say fits the buffers of the sockets', said < 64 * MIB)
    promised(
      'the client is cut off, and the work with it',
      await until(() => ollama.open.size === 0),
    )
    client.resume()
    promised('no end is feigned', (await client.ended()) !== 'whole')
    promised(
      'the log says who was to blame',
      await until(() => tolk.logged.join('').includes('"outcome":"client-stalled"')),
    )
  },
}
