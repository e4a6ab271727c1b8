/** Connections that are used again: a race with their end is no client's business, and nothing crosses from one answer into the next. */
import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import {
  answer,
  chunked,
  createFaultUpstream,
  fin,
  HELLO,
  reset,
  says,
  type FaultUpstream,
} from '../support/fault-upstream.ts'
import { ask } from '../support/raw-client.ts'
import { createRawUpstream } from '../support/raw-upstream.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

let upstream: FaultUpstream
let tolk: Tolk

const start = async (): Promise<void> => {
  upstream = await createFaultUpstream()
  tolk = await startTolk(upstream.baseUrl, { upstream: { apiKey: 'canary-key' } })
  await tolk.catalog.started
}
afterEach(async () => {
  await tolk.close()
  await upstream.close()
})

const chat = (stream: boolean) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] },
  })

/** As many clients at once as there are, each so often. */
const CLIENTS = 8
const ROUNDS = 125

test('U-61 an upstream that ends each connection 0 to 5 ms after its answer costs no request of a thousand', async () => {
  await start()
  let count = 0
  upstream.fault = (socket) => {
    const ms = ++count % 6
    socket.write(answer('200 OK', HELLO), () => setTimeout(() => socket.end(), ms))
  }
  const statuses = new Map<string, number>()
  const client = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const { status, body, end } = await chat(round % 2 === 0)
      const how = `${status} ${end} ${body.includes('lo.')}`
      statuses.set(how, (statuses.get(how) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  expect([...statuses]).toEqual([['200 whole true', CLIENTS * ROUNDS]])
  // Connections were used again, or the race was never run.
  expect(upstream.chats.some(({ nth }) => nth > 1)).toBe(true)
})

test.each([
  ['an end', fin],
  ['a reset', reset],
])(
  'U-61 %s of a kept connection as it is used again is heard by no client: the chat is sent once more',
  async (_, leave) => {
    await start()
    for (const stream of [true, false]) {
      upstream.fault = (socket: Socket, { nth }) => {
        if (nth === 1) socket.write(answer('200 OK', HELLO))
        else leave(socket)
      }
      const before = upstream.chats.length
      for (let round = 0; round < 4; round++) {
        const { status, body } = await chat(stream)
        expect(status).toBe(200)
        expect(body).toContain('lo.')
      }
      expect(upstream.chats.slice(before).length).toBeGreaterThan(4)
    }
  },
)

test('U-29 an answer that is pushed unasked onto a kept connection is nobody’s', async () => {
  await start()
  for (const stream of [true, false]) {
    upstream.fault = (socket) =>
      socket.write(answer('200 OK', HELLO), () => {
        socket.write(answer('200 OK', HELLO.replace('Hel', 'canary')))
      })
    expect((await chat(stream)).body).toContain('lo.')
    await expect.poll(() => upstream.open.size, { interval: 5 }).toBe(0)
    upstream.fault = says(answer('200 OK', HELLO, 'Connection: close'), fin)
    const next = await chat(stream)
    expect(next.body).toContain('lo.')
    expect(next.body).not.toContain('canary')
  }
})

test.each([301, 302, 303, 307, 308])(
  'U-36 a %i is not followed, and the credential goes nowhere else',
  async (status) => {
    await start()
    const elsewhere = await createRawUpstream((_, socket) => void socket.end())
    try {
      for (const stream of [true, false, true]) {
        upstream.fault = says(answer(`${status} Canary`, '', `Location: ${elsewhere.url}/canary`))
        const { status: ours, body, headers } = await chat(stream)
        expect(ours).toBe(502)
        expect(body).toContain('"code":"upstream_bad_response"')
        expect(JSON.stringify(headers) + body).not.toMatch(/canary|127\.0\.0\.1/)
        expect(headers).not.toHaveProperty('location')
      }
      // On a kept connection too: the second and the third came on that of the first.
      expect(upstream.chats.map(({ nth }) => nth)).toEqual([1, 2, 3])
      upstream.fault = says(answer('200 OK', HELLO))
      expect((await chat(false)).status).toBe(200)
      expect(elsewhere.connections()).toBe(0)
    } finally {
      await elsewhere.close()
    }
  },
)

test('U-56 after the done line the client is done, though the connection stays open, and that is dropped', async () => {
  await start()
  for (const stream of [true, false]) {
    upstream.fault = says(answer('200 OK', HELLO))
    expect((await chat(stream)).status).toBe(200)
    upstream.fault = says(chunked(HELLO))
    const { status, body, end } = await chat(stream)
    expect([status, end]).toEqual([200, 'whole'])
    expect(body).toContain('lo.')
    // The client was served while it was open.
    expect(upstream.open.size).toBe(1)
    await expect.poll(() => upstream.open.size, { interval: 20, timeout: 2500 }).toBe(0)
  }
})
