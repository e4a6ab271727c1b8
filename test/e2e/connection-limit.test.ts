/** More connections than there may be: probes get through, the others are told, and nobody who is in is harmed. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { chatStream } from '../support/chat-stream.ts'
import { keptConnection } from '../support/kept-connection.ts'
import { runProgram, type Program } from '../support/program.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf, type SocketClient } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const MOST = 20
/** Taken beyond it, so that they can be told. */
const SPARE = 64

let ollama: StandIn
let tolk: Tolk | undefined
let program: Program | undefined

beforeEach(async () => {
  ollama = await createScriptedOllama({
    script: ({ body }) =>
      body.messages?.at(-1)?.content === 'long' ? [word('a'), { hold: true }] : HELLO,
  })
})
afterEach(async () => {
  program?.kill()
  program = undefined
  await tolk?.close()
  tolk = undefined
  await ollama.close()
})

const start = async (): Promise<string> => {
  tolk = await startTolk(ollama.url, {
    server: { maxConnections: MOST },
    metrics: { port: 0 },
    shutdown: { drainMs: 0 },
  })
  await tolk.catalog.started
  return tolk.url
}

const figure = async (name: string, labels: Readonly<Record<string, string>>): Promise<number> => {
  const metrics = /"url":"(http:[^"]+)\/metrics"/.exec(tolk?.logged.join('\n') ?? '')?.[1] ?? ''
  return sumOf(readMetrics((await ask(metrics, { path: '/metrics' })).body), name, labels)
}
const connectionsShed = (): Promise<number> => figure('tolk_shed_total', { reason: 'connections' })

const CHAT = postOf('/v1/chat/completions', {
  model: 'm',
  messages: [{ role: 'user', content: 'Hi' }],
})

/** Connections that say nothing. */
const silent = (url: string, count: number): Promise<readonly SocketClient[]> =>
  Promise.all(Array.from({ length: count }, () => connectTo(url)))

const leave = (clients: readonly SocketClient[]): void => {
  for (const { socket } of clients) socket.destroy()
}

test('R-10 beyond the limit a request is a 503 and a probe is answered; then the connection closes', async () => {
  const url = await start()
  const within = await silent(url, MOST)
  const beyond = await connectTo(url)
  beyond.send(CHAT)
  const refused = answerIn(await beyond.closed())
  expect(refused.status).toBe(503)
  expect(refusalIn(refused)).toMatchObject({ type: 'server_error', code: 'overloaded' })
  expect(refused.headers).toMatchObject({ connection: 'close', 'x-should-retry': 'true' })
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  expect(await connectionsShed()).toBe(1)

  for (const path of ['/livez', '/healthz', '/readyz']) {
    const probe = await connectTo(url)
    probe.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    const answer = answerIn(await probe.closed())
    expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' })
    expect(answer.headers['connection']).toBe('close')
  }

  // Whoever is in, stays in.
  for (const client of within.slice(0, 3)) {
    client.send(CHAT)
    expect(await client.until(/Hello\./)).toMatch(/^HTTP\/1\.1 200 /)
  }
  // Where one leaves there is room for one.
  leave(within.slice(0, 1))
  await expect.poll(async () => (await ask(url, chatAsk('Hi'))).status).toBe(200)
  leave(within)
})

test('R-10 a flood that says nothing is held to the limit and a few, and keeps no probe out', async () => {
  const url = await start()
  const stream = await chatStream(url, 'long')
  const kept = await keptConnection(url)
  expect((await kept.ask(CHAT)).status).toBe(200)
  const flood: Socket[] = []
  const { hostname, port } = new URL(url)
  for (let wave = 0; wave < 10; wave++) {
    const more = Array.from({ length: 50 }, () => connect(Number(port), hostname))
    for (const socket of more) socket.on('error', () => {})
    await Promise.all(
      more.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
    )
    flood.push(...more)
    const probe = await ask(url, { path: '/livez' })
    expect(probe.status).toBe(200)
    expect((await ask(url, chatAsk('Hi'))).status).toBe(503)
  }
  // The two that were in before, and those that hang on.
  await expect
    .poll(() => flood.filter(({ destroyed }) => !destroyed).length)
    .toBeLessThanOrEqual(MOST + SPARE - 2)
  expect(await connectionsShed()).toBeGreaterThanOrEqual(10 + 500 - MOST - SPARE)
  expect((await kept.ask(CHAT)).status).toBe(200)
  for (const socket of flood) socket.destroy()
  await expect.poll(async () => (await ask(url, chatAsk('Hi'))).status).toBe(200)
  stream.leave()
  kept.leave()
})

const chatAsk = (content: string) => ({
  path: '/v1/chat/completions',
  body: { model: 'm', messages: [{ role: 'user', content }] },
})

/** Runs it where so many files may be open. */
const runWithin = (files: number, env: Readonly<Record<string, string>> = {}): Program => {
  program = runProgram({
    command: ['sh', '-c', `ulimit -n ${files} && exec "$0" "$@"`, process.execPath, 'src/main.ts'],
    cwd: process.cwd(),
    env: { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', ...env },
  })
  return program
}

test.each([[{}], [{ TOLK_WORKERS: '2' }]])(
  'R-10 more than there may be files for is said before it listens: %j',
  async (env) => {
    const running = runWithin(1024, { TOLK_MAX_CONNECTIONS: '1000', ...env })
    expect(await running.ended).toMatchObject({ code: 2 })
    expect(running.stderr()).toContain(
      'server.maxConnections: 1000 connections need 2100 open files, and this process may have 1024',
    )
    expect(running.stdout()).not.toContain('listens')
  },
)

test('R-10 unset, it leaves files for the upstream and for probes', async () => {
  const running = runWithin(220)
  const [, url = ''] = await running.says(/listens on (\S+) /)
  // (220 - 100) / 2 of them, and each may ask upstream at the same time.
  const streams = await Promise.all(Array.from({ length: 60 }, () => chatStream(url, 'long')))
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]))
  expect((await ask(url, chatAsk('Hi'))).status).toBe(503)
  expect((await ask(url, { path: '/livez' })).status).toBe(200)
  for (const stream of streams) stream.leave()
  await expect.poll(async () => (await ask(url, chatAsk('Hi'))).status).toBe(200)
})
