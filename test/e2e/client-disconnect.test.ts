/** The client leaves: the upstream's connection closes at once, in every phase, so that the model stops. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Step } from '../../src/demo/script.ts'
import { createStandIn, type StandIn } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const line = (content: string) => ({
  line: {
    model: 'm',
    created_at: '2026-11-21T00:00:00Z',
    message: { role: 'assistant', content },
    done: false,
  },
})

/** Says a word, again and again, for as long as anyone listens. */
function* endless(): Generator<Step> {
  for (;;) {
    yield line('word ')
    yield { pause: 5 }
  }
}

const PHASES: Readonly<Record<string, () => Iterable<Step>>> = {
  'before the head': () => [{ hold: true }],
  'while tokens flow': endless,
  'while the model is silent': () => [line('well'), { hold: true }],
}

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createStandIn({
    models: [createModel({ name: 'm', abilities: ['completion', 'tools'] })],
    script: ({ body }) => PHASES[body.messages?.at(-1)?.content ?? '']?.() ?? [],
  })
  tolk = await startTolk(ollama.url)
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const WAYS: Readonly<Record<string, (socket: Socket) => unknown>> = {
  FIN: (socket) => socket.destroy(),
  RST: (socket) => socket.resetAndDestroy(),
  'a half-close': (socket) => socket.end(),
}

/** Asks on a socket of its own, and waits until the question has reached the upstream, and what it says the client. */
const ask = async (phase: string, stream: boolean): Promise<Socket> => {
  const body = JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: phase }] })
  const { port, hostname } = new URL(tolk.url)
  const before = ollama.requests.length
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  if (stream && phase !== 'before the head') await once(socket, 'data')
  else await expect.poll(() => ollama.requests.length, { interval: 5 }).toBeGreaterThan(before)
  return socket
}

/** @returns how long after the client left the upstream's connection closed, ms. */
const leave = async (socket: Socket, way: (socket: Socket) => unknown): Promise<number> => {
  const closed = new Promise<number>((resolve, reject) => {
    const stop = ollama.onClose(({ at }) => {
      stop()
      clearTimeout(deadline)
      resolve(at)
    })
    const deadline = setTimeout(() => {
      stop()
      reject(new Error('the upstream is still generating 2 s after its client left'))
    }, 2000)
  })
  const left = performance.now()
  way(socket)
  return (await closed) - left
}

const cases = Object.keys(PHASES).flatMap((phase) =>
  [true, false].flatMap((stream) => Object.keys(WAYS).map((way) => ({ phase, stream, way }))),
)

test.each(cases)(
  'C-01, C-04 closes the upstream $phase, stream: $stream, by $way',
  async ({ phase, stream, way }) => {
    const leaving = WAYS[way]
    if (leaving === undefined) throw new Error(way)
    const waits: number[] = []
    for (let round = 0; round < 5; round++)
      waits.push(await leave(await ask(phase, stream), leaving))
    const median = waits.toSorted((a, b) => a - b)[2]
    expect(median).toBeLessThan(50)
    expect(ollama.open()).toEqual([])
  },
)

test('logs a client that left as 499', async () => {
  await leave(await ask('while tokens flow', true), (socket) => socket.destroy())
  await expect
    .poll(() => tolk.logged.map((text): unknown => JSON.parse(text)).at(-1))
    .toMatchObject({ status: 499, outcome: 'client-closed' })
})
