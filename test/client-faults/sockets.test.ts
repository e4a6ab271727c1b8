/** A client's connection: asked whether it still lives, sent on without delay, never the end of tolk. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { inTime } from '../support/deadline.ts'
import { documentAt } from '../support/documents.ts'
import { runProgram } from '../support/program.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { serverOf, watchServerSockets, type ServerSockets } from '../support/server-sockets.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let sockets: ServerSockets

beforeEach(async () => {
  sockets = watchServerSockets()
  ollama = await createScriptedOllama({
    script: ({ body }) =>
      body.messages?.at(-1)?.content === 'long' ? [word('a'), { hold: true }] : HELLO,
  })
})
afterEach(async () => {
  sockets.stop()
  await tolk.close()
  await ollama.close()
})

const start = async (settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 }, ...settings })
  await tolk.catalog.started
}

const openChats = () => ollama.open().filter(({ route }) => route === '/api/chat').length

const healthy = async () => (await ask(tolk.url, { path: '/healthz' })).status

/** Linux's table of connections: when which timer of a socket goes off (`tr tm->when`, in hundredths of a second). */
const KERNEL_TABLE = '/proc/net/tcp'
const KEEP_ALIVE = 2

/** The kernel's timer of tolk's end of a connection, `seconds` from now. */
const timerOf = (clientPort: number): { readonly kind: number; readonly seconds: number } => {
  const [local, remote] = [Number(new URL(tolk.url).port), clientPort].map((port) =>
    port.toString(16).toUpperCase().padStart(4, '0'),
  )
  const row = readFileSync(KERNEL_TABLE, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, here = '', there = '']) => here.endsWith(`:${local}`) && there.endsWith(`:${remote}`))
  const [kind = '', when = ''] = (row?.[5] ?? '').split(':')
  return { kind: Number.parseInt(kind, 16), seconds: Number.parseInt(when, 16) / 100 }
}

describe('C-06 a client that vanishes', () => {
  describe.skipIf(!existsSync(KERNEL_TABLE))('is asked for by the kernel (Linux tells)', () => {
    test.each<[what: string, server: object, seconds: number]>([
      ['after 30 s of silence', {}, 30],
      ['sooner where that is configured', { tcpKeepAliveMs: 5000 }, 5],
    ])('%s', async (_, server, seconds) => {
      await start({ server })
      const idle = await connectTo(tolk.url)
      const stream = await connectTo(tolk.url)
      stream.send(postOf('/v1/chat/completions', LONG))
      await stream.until(/"content":"a"/)
      for (const { socket } of [idle, stream]) {
        const port = socket.localPort ?? 0
        await expect.poll(() => timerOf(port).kind).toBe(KEEP_ALIVE)
        const timer = timerOf(port)
        expect(timer.seconds).toBeLessThanOrEqual(seconds)
        expect(timer.seconds).toBeGreaterThan(seconds / 2)
        socket.destroy()
      }
    })

    test('unless that is switched off', async () => {
      await start({ server: { tcpKeepAliveMs: 0 } })
      const idle = await connectTo(tolk.url)
      expect(await healthy()).toBe(200)
      expect(timerOf(idle.socket.localPort ?? 0).kind).toBe(0)
      idle.socket.destroy()
    })
  })

  test.each([
    ['unanswered heartbeats', 'write ETIMEDOUT'],
    ['unanswered questions of the kernel', 'read ETIMEDOUT'],
  ])('and is given up for %s has left: a 499, and the model stops', async (_, message) => {
    await start({ downstream: { heartbeatMs: 50 } })
    const stream = await chatStream(tolk.url, 'long')
    await expect.poll(() => stream.comments().length).toBeGreaterThan(2)
    expect(openChats()).toBe(1)
    const [socket] = sockets.at(tolk.url).toReversed()
    socket?.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
    await expect.poll(openChats).toBe(0)
    await expect
      .poll(() => tolk.logged.join(''))
      .toContain('"status":499,"outcome":"client-closed"')
    expect(tolk.logged.join('')).not.toContain('"level":"error"')
    stream.leave()
  })

  test('is found out in two minutes in the container, which is documented', async () => {
    await start()
    expect(documentAt('docker/compose.yaml')).toMatch(/net\.ipv4\.tcp_retries2=8/)
    expect(documentAt('docker/README.md')).toMatch(/tcp_retries2/)
  })
})

const LONG = { model: 'm', stream: true, messages: [{ role: 'user', content: 'long' }] }

test('P-25 each event leaves without delay: TCP_NODELAY is on, on every connection', async () => {
  await start()
  const probe = await connectTo(tolk.url)
  expect(await healthy()).toBe(200)
  const [taken] = sockets.at(tolk.url)
  const handles: unknown = Object.getPrototypeOf(handleOf(taken))
  if (!isHandle(handles)) throw new Error('this Node has no setNoDelay')
  const asked = vi.spyOn(handles, 'setNoDelay')
  try {
    const client = await connectTo(tolk.url)
    expect(await healthy()).toBe(200)
    const handle = handleOf(
      sockets.at(tolk.url).find((each) => each.remotePort === client.socket.localPort),
    )
    const calls = asked.mock.contexts.flatMap((context, at) =>
      context === handle ? [asked.mock.calls[at]] : [],
    )
    expect(calls.at(-1)).toEqual([true])
    client.socket.destroy()
  } finally {
    asked.mockRestore()
  }
  probe.socket.destroy()
})

type Handle = { setNoDelay(on: boolean): void }

const isHandle = (value: unknown): value is Handle =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'setNoDelay') === 'function'

/** What Node speaks to the kernel through. */
const handleOf = (socket: object | undefined): unknown =>
  socket === undefined ? undefined : Reflect.get(socket, '_handle')

describe('a connection that cannot be taken', () => {
  test('is a line in the log, one for all of them, and tolk goes on', async () => {
    await start()
    expect(await healthy()).toBe(200)
    const [socket] = sockets.at(tolk.url)
    if (socket === undefined) throw new Error('nothing was taken')
    const server = serverOf(socket)
    for (let each = 0; each < 100; each++) {
      server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
    }
    const lines = tolk.logged.filter((line) => line.includes('a connection could not be taken'))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', code: 'EMFILE' })
    expect(await healthy()).toBe(200)
  })

  test('for want of file descriptors is one too many: those that are there are served, and later ones again', async () => {
    await start()
    const program = runProgram({
      command: ['/bin/sh', '-c', 'ulimit -n 64 && exec "$0" "$@"', process.execPath, MAIN],
      env: { OLLAMA_HOST: ollama.url, TOLK_PORT: '0' },
    })
    try {
      const [, url = ''] = await program.says(/listens on (\S+) .*\n/)
      const first = await connectTo(url)
      const crowd = await Promise.all(Array.from({ length: 100 }, () => connectTo(url)))
      first.send('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
      expect(await first.until(/"ok"|ok/)).toContain('200 OK')
      for (const { socket } of crowd) socket.destroy()
      const served = async () =>
        (await ask(url, { path: '/livez' }).catch(() => ({ status: 0 }))).status
      await expect.poll(served, { timeout: 5000 }).toBe(200)
      first.socket.destroy()
      program.signal('SIGTERM')
      expect(await inTime('its end', program.ended)).toMatchObject({ code: 0 })
    } finally {
      program.kill()
    }
  })
})

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
