/** Uploads by the hundred, to a process of its own: those that are too many come back later, and what it keeps is what it may. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LATE_MS, startCountedTolk, type CountedTolk } from '../support/counted-tolk.ts'
import { createPlainOllama, type PlainOllama } from '../support/plain-ollama.ts'
import { connectTo, type SocketClient } from '../support/socket-client.ts'

const MiB = 1024 * 1024
const UPLOADS = 100
const UPLOAD_BYTES = MiB
const BUDGET = 32 * MiB

let ollama: PlainOllama
let tolk: CountedTolk

beforeAll(async () => {
  ollama = await createPlainOllama({})
  tolk = await startCountedTolk(ollama.url, {
    upstream: { models: [{ id: 'm' }] },
    limits: { perKeyInFlight: 0, maxBodyBytes: 2 * MiB, maxBufferedBodyBytes: BUDGET },
  })
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const BEGINNING = '{"model":"m","messages":[{"role":"user","content":"'
const PIECE = `40000\r\n${'x'.repeat(0x40000)}\r\n`
const END = '4\r\n"}]}\r\n0\r\n\r\n'

/** All of a chat but its end, in chunks: nobody has said how long it will be. */
const upload = async (): Promise<SocketClient> => {
  const client = await connectTo(tolk.url)
  client.send(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: ${tolk.client.headers['authorization']}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${BEGINNING.length.toString(16)}\r\n${BEGINNING}\r\n`,
  )
  for (let sent = 0; sent < UPLOAD_BYTES; sent += 0x40000) client.send(PIECE)
  return client
}

const statusOf = async (client: SocketClient): Promise<string> =>
  (await client.until(/^HTTP\/1\.1 \d+/, LATE_MS)).slice(9, 12)

test('R-05 of a hundred uploads at a time no more is kept than the budget, and a little', async () => {
  const base = await tolk.ask('reachable')
  const uploads = await Promise.all(Array.from({ length: UPLOADS }, upload))
  const fit = Math.floor(BUDGET / (UPLOAD_BYTES + BEGINNING.length))
  // Together they fill it in the middle; whoever goes on then is sent away, until the others fit.
  await expect
    .poll(() => uploads.filter((client) => client.received() !== '').length, { timeout: LATE_MS })
    .toBeGreaterThanOrEqual(UPLOADS - fit - 1)
  const kept = async () => (await tolk.ask('reachable')) - base
  // Connections of those that were sent away are still there for a moment, and what was read last from them.
  await expect.poll(kept, { timeout: LATE_MS }).toBeLessThan(1.5 * BUDGET)
  // What is kept is seen, so more would be.
  expect(await kept()).toBeGreaterThan(BUDGET / 2)

  for (const client of uploads) client.send(END)
  const statuses = await Promise.all(uploads.map(statusOf))
  expect(statuses.filter((status) => status === '503').length).toBeGreaterThanOrEqual(60)
  expect(statuses.filter((status) => status === '200').length).toBeGreaterThan(0)
  expect(new Set(statuses)).toEqual(new Set(['200', '503']))
  for (const { socket } of uploads) socket.destroy()
  // All of it is given back.
  for (let again = 0; again < 40; again++) {
    const client = await upload()
    client.send(END)
    expect(await statusOf(client)).toBe('200')
    client.socket.destroy()
  }
  await expect.poll(kept, { timeout: LATE_MS }).toBeLessThan(BUDGET / 4)
})
