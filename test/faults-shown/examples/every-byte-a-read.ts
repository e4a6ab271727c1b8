/** U-50: TCP has no messages: a line, a character, an escape may come in any pieces. */
import { chunked, doneLine, LAST, line } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'
import { saidIn } from '../said.ts'

const TEXT = 'Grüße, 👩‍👩‍👧‍👦!\r\n“quoted” \\ and \u2028 so on'

export const everyByteARead: Example = {
  place: 5,
  rows: ['U-50'],
  promise: 'An answer that comes byte by byte is the same answer',
  story:
    'Ollama sends a text with accents, emoji and line breaks, each byte in a write of its own.',
  others: 'a line that is cut between two reads is dropped, or a character broken.',
  play: async ({ ollama, chat, promised }) => {
    const octets = Buffer.from(chunked(line(TEXT), line(' And more.'), doneLine()) + LAST)
    ollama.fault = (socket) => {
      let at = 0
      const next = (): void => {
        if (at >= octets.length || socket.destroyed) return
        socket.write(octets.subarray(at, ++at))
        setImmediate(next)
      }
      next()
    }
    for (const stream of [true, false]) {
      const { text, finishes } = saidIn(await chat({ stream }))
      promised(`stream: ${stream}, every character is there`, text === `${TEXT} And more.`)
      promised(`stream: ${stream}, and one finish`, finishes.join() === 'stop')
    }
  },
}
