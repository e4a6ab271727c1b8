/** A process whose heap fills: it refuses what is new, ends by no fault of its load, and recovers. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { runProgram, type Program } from '../support/program.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo, postOf, type SocketClient } from '../support/socket-client.ts'

const CHAT = '/v1/chat/completions'

/** With Node's defaults it would be 4 GB, and this test a load. */
const OLD_SPACE_MB = 64

let ollama: StandIn
let program: Program

beforeEach(async () => {
  ollama = await createScriptedOllama({
    script: ({ body }) =>
      body.messages?.at(-1)?.content === 'long' ? [word('a'), { hold: true }] : HELLO,
  })
  program = runProgram({
    command: [process.execPath, `--max-old-space-size=${OLD_SPACE_MB}`, 'src/main.ts'],
    cwd: process.cwd(),
    env: {
      OLLAMA_HOST: ollama.url,
      TOLK_PORT: '0',
      TOLK_METRICS_PORT: '0',
      TOLK_LIMITS_MAX_IN_FLIGHT: '1',
      TOLK_QUEUE_MAX_LENGTH: '1000',
      TOLK_LIMITS_MAX_BUFFERED_BODY_BYTES: String(2 ** 30),
    },
    deadlineMs: 40_000,
  })
})
afterEach(async () => {
  program.kill()
  await ollama.close()
})

/** A quarter of a MiB on the wire, and 1.4 MiB of heap for as long as it waits. */
const LONG = postOf(CHAT, {
  model: 'm',
  messages: Array.from({ length: 8000 }, () => ({ role: 'user', content: 'Hi' })),
})
const SMALL = { path: CHAT, body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] } }

test(
  'R-16 a heap that fills has new work refused, before it is full, and then again not',
  { timeout: 40_000 },
  async () => {
    const [, url = ''] = await program.says(/listens on (\S+) /)
    const [, metrics = ''] = await program.says(/"url":"(http:[^"]+)\/metrics"/)
    const figure = async (name: string, labels?: Readonly<Record<string, string>>) =>
      sumOf(readMetrics((await ask(metrics, { path: '/metrics' })).body), name, labels)

    const first = await chatStream(url, 'long')
    const waiting: SocketClient[] = []
    const isShort = async () => (await ask(url, { path: '/readyz' })).status === 503
    while (!(await isShort())) {
      if (waiting.length > 500) throw new Error('it takes whatever comes')
      for (const client of await Promise.all([connectTo(url), connectTo(url), connectTo(url)])) {
        client.send(LONG)
        waiting.push(client)
      }
      await expect
        .poll(async () => (await figure('tolk_queue_depth')) + (await figure('tolk_shed_total')), {
          timeout: 5000,
          interval: 5,
        })
        .toBeGreaterThanOrEqual(waiting.length)
    }
    expect((await ask(url, { path: '/readyz' })).body).toBe('{"status":"short of memory"}')
    expect((await ask(url, { path: '/livez' })).status).toBe(200)
    const refused = await ask(url, SMALL)
    expect(refused.status).toBe(503)
    expect(refused.body).toContain('"code":"overloaded"')
    // Nor is it moved by more of the same.
    for (let more = 0; more < 10; more++) {
      const client = await connectTo(url)
      client.send(LONG)
      expect(await client.until(/^HTTP\/1\.1 \d+/)).toMatch(/^HTTP\/1\.1 503 /)
      client.socket.destroy()
    }
    expect(await figure('tolk_shed_total', { reason: 'memory' })).toBeGreaterThan(10)

    for (const { socket } of waiting) socket.destroy()
    first.leave()
    await expect.poll(async () => (await ask(url, SMALL)).status, { timeout: 5000 }).toBe(200)
    expect(await isShort()).toBe(false)
    program.signal('SIGTERM')
    expect((await program.ended).code).toBe(0)
  },
)
