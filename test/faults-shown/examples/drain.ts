/** N-11: tolk is asked to stop. */
import { chunk, chunked, doneLine, LAST, line } from '../../support/fault-upstream.ts'
import { connectTo } from '../../support/socket-client.ts'
import type { Example } from '../example.ts'

export const drain: Example = {
  place: 16,
  rows: ['N-11'],
  promise: 'A stop lets short answers finish, tells the long ones, and is held up by nobody',
  story:
    'Told to stop, tolk has an answer that will end soon, one that will not, and a client that has sent half a head (25 s are allowed, here 600 ms).',
  others: 'answers are cut without a word, or half a head holds the end up for ever.',
  settings: { shutdown: { drainMs: 600 } },
  play: async ({ ollama, tolk, stream, connect, promised }) => {
    const soon = Promise.withResolvers<void>()
    ollama.fault = (socket) => {
      const isFirst = ollama.chats.length === 1
      socket.write(chunked(line('one')))
      if (isFirst) void soon.promise.then(() => socket.write(REST))
    }
    const half = await connect()
    half.send('GET /v1/models HTTP/1.1\r\nHos')
    const short = await stream()
    const long = await stream()
    await Promise.all([short.until(2), long.until(2)])

    const closing = tolk.close()
    const refused = await connectTo(tolk.url).catch(() => null)
    promised('nobody new gets in', refused === null)
    soon.resolve()
    await short.ended()
    promised('the short answer is whole', short.data().at(-1) === '[DONE]')
    await long.ended()
    promised('the long one is told why it ends', long.errors()[0]?.code === 'draining')
    promised('and gets no false end', !long.text().includes('[DONE]'))
    await closing
    await half.closed()
    promised('half a head holds nothing up', true)
  },
}

/** What is missing of an answer that was begun. */
const REST = chunk(line('two')) + chunk(doneLine()) + LAST
