/** A connection that is used again and again: kept as long as was said, renewed in time, and never with another's words on it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { keptConnection, type KeptConnection } from '../support/kept-connection.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { watchServerSockets, type ServerSockets } from '../support/server-sockets.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

const SCRIPTS: Readonly<Record<string, () => Script>> = {
  'is torn': () => [word('torn'), { tear: true }],
  'is reset': () => [word('torn'), { pause: 5 }, { reset: true }],
  'never comes': () => [{ reset: true }],
  'is refused': () => [{ status: 500, body: { error: 'no' } }],
  'is no JSON': () => [{ bytes: 'torn\n' }, { hold: true }],
  'falls silent': () => [word('torn'), { hold: true }],
  'goes on': () => endless(),
}

function* endless(): Script & Iterable<ReturnType<typeof word>> {
  for (;;) yield word('torn')
}

let ollama: StandIn
let tolk: Tolk
let sockets: ServerSockets

beforeEach(async () => {
  sockets = watchServerSockets()
  ollama = await createScriptedOllama({
    script: ({ body }) => SCRIPTS[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
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

const chat = (prompt: string, stream = true): string =>
  postOf('/v1/chat/completions', {
    model: 'm',
    stream,
    messages: [{ role: 'user', content: prompt }],
  })

/** The ids of an exchange and of its completion. */
const idsIn = (text: string): readonly string[] => text.match(/req_\w+|chatcmpl-\w+/g) ?? []

const headsIn = (text: string): readonly string[] => text.match(/HTTP\/1\.1 \d+/g) ?? []

describe('C-16 after an exchange that went wrong the next one on the same connection', () => {
  const failed = ['is torn', 'is reset', 'never comes', 'is refused', 'is no JSON', 'falls silent']
  const cases = failed.flatMap((prompt) => [true, false].map((stream) => [prompt, stream] as const))

  test.each(cases)(
    'is served with its own words alone: one that %s, stream: %s',
    async (...first) => {
      await start({ upstream: { idleTimeoutMs: 200 } })
      const client = await connectTo(tolk.url)
      client.send(chat(...first))
      const before = await client.until(/"error":.*(?:\r\n0\r\n\r\n|\}\})$/s)
      expect(headsIn(before)).toHaveLength(1)
      client.send(chat('Hi'))
      const after = (await client.until(/\[DONE\]\s+0\r\n\r\n$/)).slice(before.length)
      expect(headsIn(after)).toEqual(['HTTP/1.1 200'])
      expect(after).toMatch(/"Hel".*"lo\."/s)
      expect(after).not.toMatch(/torn|error/)
      expect(idsIn(after).filter((id) => idsIn(before).includes(id))).toEqual([])
      client.socket.destroy()
    },
  )

  test.each<[what: string, first: string]>([
    ['a body that is no JSON', postOf('/v1/chat/completions', '{"a"')],
    [
      'a type that is not read',
      postOf('/v1/chat/completions', '{}', { 'Content-Type': 'text/plain' }),
    ],
    ['a path that nobody serves', postOf('/v1/nothing', '{}')],
    ['a method that is another’s', postOf('/v1/models', '{}')],
    ['a large body that is not read', postOf('/v1/nothing', 'x'.repeat(1024 * 1024))],
  ])('is served, or the connection is closed: %s', async (_, first) => {
    await start()
    const client = await connectTo(tolk.url)
    client.send(first)
    const before = await client.until(/\}\}/)
    client.send(chat('Hi'))
    const isClosed = /\r\nconnection: close\r\n/i.test(before)
    const after = (isClosed ? await client.closed() : await client.until(/\[DONE\]/)).slice(
      before.length,
    )
    expect(headsIn(after)).toEqual(isClosed ? [] : ['HTTP/1.1 200'])
    expect(after).not.toContain('error')
    client.socket.destroy()
  })

  test('gets nothing of an answer that its connection to the upstream was left in', async () => {
    await start()
    for (let round = 0; round < 30; round++) {
      const leaving = await connectTo(tolk.url)
      leaving.send(chat('goes on'))
      await leaving.until(/torn/)
      leaving.socket.destroy()
      const staying = await keptConnection(tolk.url)
      const { status, body } = await staying.ask(chat('Hi', false))
      expect([status, body]).toEqual([200, expect.stringContaining('"content":"Hello."')])
      staying.leave()
    }
  })
})

/** As a pool does: on this connection, or on a new one once it was said to be the last. */
const pooled = async (): Promise<{
  ask(request: string): Promise<string>
  opened(): number
  leave(): void
}> => {
  let connection: KeptConnection | null = null
  let opened = 0
  return {
    ask: async (request) => {
      if (connection === null) {
        connection = await keptConnection(tolk.url)
        opened += 1
      }
      const { status, headers, body } = await connection.ask(request)
      if (status !== 200) throw new Error(`${status} ${body}`)
      if (headers['connection'] === 'close') connection = null
      return body
    },
    opened: () => opened,
    leave: () => connection?.leave(),
  }
}

const handles = (): number =>
  process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).length

describe('C-17 a connection is renewed', () => {
  test('after as many requests as are configured; the last says so, and it ends without a reset', async () => {
    await start({ server: { maxRequestsPerSocket: 3 } })
    const client = await connectTo(tolk.url)
    const reset = new Promise<never>((_, reject) => client.socket.once('error', reject))
    reset.catch(() => {})
    const parts: string[] = []
    for (const request of [HEALTH, chat('Hi'), HEALTH]) {
      const before = client.received().length
      const part = (): string => client.received().slice(before)
      client.send(request)
      await expect.poll(part).toMatch(/(?:\[DONE\]\s+0\r\n\r\n|\})$/)
      parts.push(part())
    }
    await Promise.race([client.closed(), reset])
    expect(parts.map((part) => /^connection: .*$/im.exec(part)?.[0].toLowerCase())).toEqual([
      'connection: keep-alive',
      'connection: keep-alive',
      'connection: close',
    ])
    for (const part of parts) expect(headsIn(part)).toEqual(['HTTP/1.1 200'])
  })

  test('also when the last is a stream', async () => {
    await start({ server: { maxRequestsPerSocket: 1 } })
    const client = await connectTo(tolk.url)
    client.send(chat('Hi'))
    expect(await client.closed()).toMatch(/connection: close\r\n.*\[DONE\]/is)
  })

  test('not at all where that is switched off', async () => {
    await start({ server: { maxRequestsPerSocket: 0 } })
    const pool = await pooled()
    for (let each = 0; each < 1100; each++) await pool.ask(HEALTH)
    expect(pool.opened()).toBe(1)
    pool.leave()
  })

  test(
    'ten thousand short requests: none fails, each thousandth renews, no handle is left',
    { timeout: 60_000 },
    async () => {
      await start({ log: { level: 'error' } })
      const POOLS = 5
      const PER_POOL = 2000
      await expect.poll(() => ollama.open().length).toBe(0)
      const before = handles()
      const taken = sockets.at(tolk.url).length
      const pools = await Promise.all(Array.from({ length: POOLS }, pooled))
      await Promise.all(
        pools.map(async (pool) => {
          for (let each = 0; each < PER_POOL; each++) {
            await pool.ask(each % 20 === 0 ? chat('Hi', false) : HEALTH)
          }
        }),
      )
      // The thousandth and the two-thousandth are the last of their connections.
      expect(pools.map((pool) => pool.opened())).toEqual(Array(POOLS).fill(2))
      expect(sockets.at(tolk.url).length - taken).toBe(2 * POOLS)
      await expect.poll(() => sockets.at(tolk.url).every(({ destroyed }) => destroyed)).toBe(true)
      await expect.poll(() => handles() - before, { timeout: 8000 }).toBeLessThanOrEqual(2)
    },
  )
})

describe('C-20 an idle connection', () => {
  test('outlives the 60 s of load balancers unless it is configured otherwise, and says how long', async () => {
    const { config } = loadConfig({ flags: {}, environment: {}, readFile: () => '{}' })
    expect(config.server.keepAliveTimeoutMs).toBe(75_000)
    await start()
    const client = await keptConnection(tolk.url)
    for (const request of [HEALTH, chat('Hi'), chat('Hi', false)]) {
      const { headers } = await client.ask(request)
      expect(headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=75' })
    }
    // What Node has promised is less than what it keeps.
    expect(sockets.at(tolk.url).at(-1)?.timeout).toBeGreaterThan(75_000)
    client.leave()
  })

  test('is never reset under who comes back in time, a hundredth as long, thousands of times', async () => {
    await start({ server: { keepAliveTimeoutMs: 750 }, log: { level: 'error' } })
    const CONNECTIONS = 600
    const ROUNDS = 5
    let reused = 0
    const comeBack = async (): Promise<void> => {
      let connection = await keptConnection(tolk.url)
      await connection.ask(HEALTH)
      for (let round = 0; round < ROUNDS; round++) {
        const idleSince = performance.now()
        await new Promise((resolve) => setTimeout(resolve, 590 + 5 * round))
        // On a machine that is too busy for this, nothing was promised.
        if (performance.now() - idleSince > 750) {
          connection.leave()
          connection = await keptConnection(tolk.url)
        } else reused += 1
        const { status } = await connection.ask(HEALTH)
        expect(status).toBe(200)
      }
      connection.leave()
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, comeBack))
    expect(reused).toBeGreaterThan(CONNECTIONS)
  }, 30_000)

  test('that nobody comes back to is ended, and not reset', async () => {
    await start({ server: { keepAliveTimeoutMs: 100 } })
    const client = await connectTo(tolk.url)
    const errors: unknown[] = []
    client.socket.on('error', (error) => errors.push(error))
    client.send(HEALTH)
    await client.until(/\}$/)
    await client.closed()
    expect(client.socket.readableEnded).toBe(true)
    expect(errors).toEqual([])
  })
})
