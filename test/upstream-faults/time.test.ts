/** An upstream that takes its time: it is waited for, clients are kept awake, and no clock on a wall matters. */
import type { Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import OpenAI from 'openai'
import { z } from 'zod'
import { chatStream, type ChatStream } from '../support/chat-stream.ts'
import {
  chunk,
  chunked,
  createFaultUpstream,
  doneLine,
  head,
  HELLO,
  LAST,
  line,
  well,
  type Fault,
  type FaultUpstream,
} from '../support/fault-upstream.ts'
import { ask } from '../support/raw-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let upstream: FaultUpstream
let tolk: Tolk
/** The chats that wait for a word. */
const held: Socket[] = []

const start = async (settings: TolkSettings): Promise<void> => {
  upstream = await createFaultUpstream()
  tolk = await startTolk(upstream.baseUrl, {
    downstream: { commitAfterMs: 100, heartbeatMs: 100 },
    ...settings,
  })
  await tolk.catalog.started
}

afterEach(async () => {
  vi.useRealTimers()
  held.length = 0
  await tolk.close()
  await upstream.close()
})

const whole = () =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
  })

const beats = async (stream: ChatStream, count: number): Promise<void> => {
  const soFar = stream.comments().length
  await expect
    .poll(() => stream.comments().length - soFar, { interval: 20, timeout: 4000 })
    .toBeGreaterThanOrEqual(count)
}

/** One on a kept connection, then one on its own, then one that is not streamed. */
const threeForms = async (fault: Fault) => {
  upstream.fault = well(true)
  await whole()
  upstream.fault = fault
  const kept = await chatStream(tolk.url, 'Hi')
  const streamed = await chatStream(tolk.url, 'Hi')
  const gathered = whole()
  await expect.poll(() => held.length).toBe(3)
  expect(upstream.chats.slice(1).map(({ nth }) => nth)).toEqual([2, 1, 1])
  return { streams: [kept, streamed], gathered }
}

test('U-14 a head that is slow to come is waited for: heartbeats until then, and the openai package survives', async () => {
  await start({})
  const client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'none' })
  const { streams, gathered } = await threeForms((socket) => held.push(socket))
  const sdk = client.chat.completions.create({
    model: 'm',
    stream: true,
    messages: [{ role: 'user', content: 'Hi' }],
  })
  await expect.poll(() => held.length).toBe(4)
  for (const stream of streams) await beats(stream, 5)
  for (const socket of held) socket.end(chunked(HELLO) + LAST)
  for (const stream of streams) {
    await stream.ended()
    expect(stream.content()).toBe('Hello.')
    expect(stream.finishes()).toEqual(['stop'])
  }
  expect(await gathered).toMatchObject({ status: 200, body: expect.stringContaining('Hello.') })
  let text = ''
  for await (const { choices } of await sdk) text += choices[0]?.delta.content ?? ''
  expect(text).toBe('Hello.')
  // Nobody was asked twice.
  expect(upstream.chats).toHaveLength(5)
})

test('U-24 an empty 200 that comes after heartbeats is an error event', async () => {
  await start({})
  const { streams, gathered } = await threeForms((socket) => held.push(socket))
  for (const stream of streams) await beats(stream, 1)
  for (const socket of held) socket.end(head('200 OK', 'Content-Length: 0'))
  for (const stream of streams) {
    expect(await stream.ended()).toBe('whole')
    expect(stream.errors()).toMatchObject([{ code: 'upstream_stream_interrupted' }])
    expect(stream.text()).not.toContain('[DONE]')
    expect(stream.finishes()).toEqual([])
  }
  expect((await gathered).status).toBe(502)
  upstream.fault = well(false)
  expect((await whole()).status).toBe(200)
})

test.each([
  ['forward', 3_600_000],
  ['back', -3_600_000],
])('U-65 a clock that is put an hour %s ends no answer', async (_, ms) => {
  const timeouts = {
    firstByteTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    totalTimeoutMs: 120_000,
  }
  await start({ upstream: timeouts })
  const { streams, gathered } = await threeForms((socket) => {
    held.push(socket)
    socket.write(chunked(line('Hel')))
  })
  for (const stream of streams) await stream.until(2)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
  for (const stream of streams) await beats(stream, 3)
  for (const socket of held) socket.end(chunk(line('lo.') + doneLine()) + LAST)
  for (const stream of streams) {
    await stream.ended()
    expect(stream.errors()).toEqual([])
    expect(stream.content()).toBe('Hello.')
  }
  expect(await gathered).toMatchObject({ status: 200, body: expect.stringContaining('Hello.') })
  await expect.poll(() => durations().length).toBe(4)
  for (const duration of durations()) {
    expect(duration).toBeGreaterThanOrEqual(0)
    expect(duration).toBeLessThan(60_000)
  }
})

/** What the log says of each exchange, ms. */
const durations = (): readonly number[] =>
  tolk.logged
    .filter((text) => text.includes('"msg":"request"'))
    .map((text) => logged.parse(JSON.parse(text)).duration_ms)

const logged = z.object({ duration_ms: z.int() })
