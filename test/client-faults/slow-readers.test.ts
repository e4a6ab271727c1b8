/** A client that reads slowly, or stops: what it has read is right, the upstream waits, the others do not, and it is cut off. */
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { watchServerSockets, type ServerSockets } from '../support/server-sockets.ts'
import { postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const MIB = 1024 * 1024
const LINE = 'x'.repeat(1000)

let ollama: StandIn
let tolk: Tolk
let sockets: ServerSockets
let pulled: number

beforeEach(async () => {
  sockets = watchServerSockets()
  pulled = 0
  ollama = await createScriptedOllama({
    script: ({ body }) => (body.messages?.at(-1)?.content === 'flood' ? flood() : HELLO),
  })
})
afterEach(async () => {
  sockets.stop()
  await tolk.close()
  await ollama.close()
})

function* flood(): Generator<Step> {
  for (;;) yield word(`${pulled++};${LINE}`)
}

const start = async (settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 }, ...settings })
  await tolk.catalog.started
}

const openChats = () => ollama.open().filter(({ route }) => route === '/api/chat').length

/** Asks for the flood, and takes so many bytes of it every 10 ms: ten are 1 KB a second. */
const slowly = async (bytes: number) => {
  const { hostname, port } = new URL(tolk.url)
  const socket = connect({ host: hostname, port: Number(port) }).setEncoding('latin1')
  socket.on('error', () => {})
  let text = ''
  socket.write(
    postOf('/v1/chat/completions', {
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: 'flood' }],
    }),
  )
  const reading = setInterval(() => {
    if (bytes > 0) text += String(socket.read(bytes) ?? '')
  }, 10)
  await expect.poll(() => pulled).toBeGreaterThan(0)
  return {
    text: () => text,
    leave: () => {
      clearInterval(reading)
      socket.destroy()
    },
  }
}

/** The numbers of the words that were read whole, in their order. */
const heard = (text: string): readonly number[] =>
  [...text.matchAll(/"content":"(\d+);/g)].map(([, at = '']) => Number(at))

describe.each([
  ['slowly', 10],
  ['nothing', 0],
])('C-05 a client that reads %s', (_, bytes) => {
  test('has little held for it, and holds nobody up', async () => {
    await start()
    const slow = await slowly(bytes)
    let before = -1
    await expect
      .poll(
        () => {
          // More than a megabyte has been said, and now next to nothing is.
          const isStill = before > 1000 && pulled - before < 100
          before = pulled
          return isStill
        },
        { interval: 200, timeout: 8000 },
      )
      .toBe(true)
    // Two sockets' buffers on loopback; in the process what Node holds before it says that one is full, and a read more.
    expect(pulled * LINE.length).toBeLessThan(16 * MIB)
    expect(sockets.at(tolk.url)[0]?.writableLength).toBeLessThanOrEqual(256 * 1024)
    for (let round = 0; round < 20; round++) {
      const other = await chatStream(tolk.url, 'Hi')
      expect(await other.ended()).toBe('whole')
      expect(other.content()).toBe('Hello.')
    }
    slow.leave()
    await expect.poll(openChats).toBe(0)
  })

  test('is cut off after writeStallMs, its model stops, and the log says who ended it', async () => {
    await start({ downstream: { writeStallMs: 400 } })
    const slow = await slowly(bytes)
    await expect.poll(openChats).toBe(1)
    await expect.poll(openChats, { timeout: 8000 }).toBe(0)
    await expect
      .poll(() => tolk.logged.join(''))
      .toContain('"status":499,"outcome":"client-stalled"')
    // What it has read is a beginning of the answer, in order and without a last word.
    const numbers = heard(slow.text())
    expect(numbers).toEqual(numbers.map((__, at) => at))
    expect(slow.text()).not.toContain('[DONE]')
    slow.leave()
  })
})
