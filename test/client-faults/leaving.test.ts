/** A client leaves, in any phase, alone or with a thousand others: the upstream stops, the log says in which phase it was. */
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { inTime } from '../support/deadline.ts'
import { ask } from '../support/raw-client.ts'
import { createRawUpstream, ok } from '../support/raw-upstream.ts'
import { readMetrics, sumOf, type Figure } from '../support/read-metrics.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo, postOf, type SocketClient } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const SOON = { timeout: 8000, interval: 10 }

const WAYS: readonly (readonly [way: string, leave: (socket: Socket) => unknown])[] = [
  ['FIN', (socket) => socket.destroy()],
  ['RST', (socket) => socket.resetAndDestroy()],
  ['a half-close', (socket) => socket.end()],
]

let ollama: StandIn
let tolk: Tolk
let scripts: Readonly<Record<string, () => Script>>
/** How many words a flood has, and how many were said. */
let limit: number
let pulled: number

beforeEach(async () => {
  limit = Infinity
  pulled = 0
  scripts = {
    flood,
    silent: () => [{ hold: true }],
    speaking: () => [word('a'), word('b'), word('c'), { hold: true }],
  }
  ollama = await createScriptedOllama({
    script: ({ body }) => scripts[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

function* flood(): Generator<Step> {
  while (pulled < limit) {
    pulled += 1
    yield word('x'.repeat(1000))
  }
  yield done
}

let pulledBefore = -1
/** Whether nothing was said since it was last asked. */
const isStill = (): boolean => {
  const was = pulledBefore
  pulledBefore = pulled
  return pulled > 0 && pulled === was
}

const start = async (settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 }, ...settings })
  await tolk.catalog.started
}

const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat')
const openChats = () => ollama.open().filter(({ route }) => route === '/api/chat').length

const post = (prompt: string, stream = true): string =>
  postOf(CHAT, { model: 'm', stream, messages: [{ role: 'user', content: prompt }] })

const line = z.object({
  level: z.string(),
  msg: z.string(),
  path: z.string().optional(),
  status: z.number().optional(),
  outcome: z.string().optional(),
  phase: z.string().optional(),
  deltas: z.number().optional(),
})

/** The lines of chats so far. */
const logged = () =>
  tolk.logged
    .map((text) => line.parse(JSON.parse(text)))
    .filter(({ msg, path }) => msg === 'request' && path === CHAT)

/** Waits for the line of the only chat. */
const left = async (phase: string, deltas?: number): Promise<void> => {
  await expect.poll(() => logged().length, SOON).toBe(1)
  expect(logged()).toMatchObject([
    {
      level: 'info',
      status: 499,
      outcome: 'client-closed',
      phase,
      ...(deltas !== undefined && { deltas }),
    },
  ])
  expect(tolk.logged.join('')).not.toContain('"level":"error"')
}

const connected = async (text: string): Promise<SocketClient> => {
  const client = await connectTo(tolk.url)
  client.send(text)
  return client
}

/** An upstream that takes connections and never shakes hands. */
const speechless = async () => {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return {
    url: `https://127.0.0.1:${port}`,
    open,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

describe.each(WAYS)('C-01 a client that leaves, by %s,', (_, leave) => {
  test('while it uploads asks nothing of the upstream', async () => {
    await start()
    const client = await connected(post('x'.repeat(1024 * 1024)).slice(0, -1000))
    // The answer to another request shows that this one is in.
    expect((await ask(tolk.url, { path: '/healthz' })).status).toBe(200)
    leave(client.socket)
    await left('request')
    expect(chats()).toEqual([])
  })

  test.each([true, false])('while tolk connects ends that too, stream: %s', async (stream) => {
    const upstream = await speechless()
    tolk = await startTolk(upstream.url, {
      upstream: { models: [{ id: 'm' }], connectTimeoutMs: 60_000, metaTimeoutMs: 60_000 },
      catalog: { refreshMs: 3_600_000 },
      shutdown: { drainMs: 0 },
    })
    // tolk asks for its version, and waits.
    await expect.poll(() => upstream.open.size, SOON).toBe(1)
    const client = await connected(post('Hi', stream))
    await expect.poll(() => upstream.open.size, SOON).toBe(2)
    leave(client.socket)
    await left('waiting')
    await expect.poll(() => upstream.open.size, SOON).toBe(1)
    await tolk.close()
    await upstream.close()
  })

  test.each([true, false])('while the head is awaited, stream: %s', async (stream) => {
    await start()
    const client = await connected(post('silent', stream))
    await expect.poll(openChats).toBe(1)
    leave(client.socket)
    await expect.poll(openChats).toBe(0)
    await left('waiting', 0)
  })

  test('between heartbeats', async () => {
    await start({ downstream: { commitAfterMs: 20, heartbeatMs: 20 } })
    const client = await connected(post('silent'))
    await client.until(/(?:: keep-alive\s[^:]*){3}/)
    leave(client.socket)
    await expect.poll(openChats).toBe(0)
    await left('waiting', 0)
  })

  test('in the middle: what was said is counted', async () => {
    await start()
    const client = await connected(post('speaking'))
    await client.until(/"content":"c"/)
    leave(client.socket)
    await expect.poll(openChats).toBe(0)
    await left('answer', 3)
  })

  test('in the middle of what it does not read', async () => {
    await start()
    const client = await connected(post('flood'))
    client.socket.pause()
    await expect.poll(isStill, { timeout: 8000, interval: 200 }).toBe(true)
    leave(client.socket)
    await expect.poll(openChats).toBe(0)
    await left('answer')
  })

  test('before it has read the end: the model has stopped already, and nothing is held for long', async () => {
    // The whole answer has come when its client leaves: a model that does not stream is retold at its end.
    await start({
      models: { params: { m: { streaming: false } } },
      downstream: { writeStallMs: 300 },
    })
    limit = 15_000
    const client = await connected(post('flood'))
    client.socket.pause()
    await expect.poll(() => chats().length).toBe(1)
    await expect.poll(openChats, SOON).toBe(0)
    leave(client.socket)
    await expect.poll(() => logged().length, SOON).toBe(1)
    expect(logged()).toMatchObject([{ status: 499, phase: 'answer' }])
  })
})

test(
  'C-01 one of a thousand leaves, and its upstream is closed: within 50 ms, 250 at most',
  { timeout: 60_000 },
  async () => {
    const LEAVING = 50
    const ROUNDS = 5
    await start({ log: { level: 'error' } })
    const clients: SocketClient[] = []
    for (let from = 0; from < 1000; from += 100) {
      const more = await Promise.all(Array.from({ length: 100 }, () => connected(post('speaking'))))
      await Promise.all(more.map((client) => client.until(/"content":"c"/, 15_000)))
      clients.push(...more)
    }
    expect(openChats()).toBe(1000)

    const leaveOne = async (at: number): Promise<number> => {
      const closed = Promise.withResolvers<number>()
      const stop = ollama.onClose(({ at: time }) => closed.resolve(time))
      const began = performance.now()
      WAYS[at % WAYS.length]?.[1](clients.pop()?.socket ?? failed())
      const time = await inTime('the end of its upstream', closed.promise)
      stop()
      return time - began
    }
    /** A machine that is busy with something else has one round in five to itself. */
    const rounds: { readonly p99: number; readonly most: number }[] = []
    while (rounds.length < ROUNDS && !rounds.some(({ p99, most }) => p99 <= 50 && most <= 250)) {
      const waits: number[] = []
      for (let at = 0; at < LEAVING; at++) waits.push(await leaveOne(at))
      const sorted = waits.toSorted((a, b) => a - b)
      rounds.push({ p99: sorted[Math.ceil(LEAVING * 0.99) - 2] ?? NaN, most: sorted.at(-1) ?? NaN })
    }
    expect(rounds).toContainEqual({
      p99: expect.toSatisfy((ms: number) => ms <= 50),
      most: expect.toSatisfy((ms: number) => ms <= 250),
    })
    expect(openChats()).toBe(1000 - LEAVING * rounds.length)

    // The others all at once.
    for (const [at, client] of clients.entries()) WAYS[at % WAYS.length]?.[1](client.socket)
    await expect.poll(openChats, { timeout: 5000, interval: 5 }).toBe(0)
    expect(tolk.logged).toEqual([])
    expect((await ask(tolk.url, { path: '/healthz' })).status).toBe(200)
  },
)

const failed = (): never => {
  throw new Error('nobody is left')
}

/** Says nothing for as long as it loads, and then a word. */
const loading = (loaded: Promise<unknown>) => (): Script => [
  { until: loaded },
  word('a'),
  { hold: true },
]

describe('C-03 a client that leaves while its model is loaded', () => {
  test.each([true, false])(
    'ends the load, unless configured otherwise, stream: %s',
    async (stream) => {
      await start()
      const client = await connected(post('silent', stream))
      await expect.poll(openChats).toBe(1)
      client.socket.destroy()
      await expect.poll(openChats).toBe(0)
    },
  )

  test.each([true, false])(
    'leaves the load to its end with loadGraceMs, stream: %s',
    async (stream) => {
      const loaded = Promise.withResolvers<void>()
      scripts = { loads: loading(loaded.promise) }
      await start({ abort: { loadGraceMs: 20_000 } })
      const client = await connected(post('loads', stream))
      await expect.poll(openChats).toBe(1)
      client.socket.destroy()
      await left('waiting')
      expect(openChats()).toBe(1)
      loaded.resolve()
      await expect.poll(openChats).toBe(0)
    },
  )

  test('and no longer than that', async () => {
    await start({ abort: { loadGraceMs: 300 } })
    const client = await connected(post('silent'))
    await expect.poll(openChats).toBe(1)
    client.socket.destroy()
    await expect.poll(openChats).toBe(0)
  })

  test('with others who leave: one load goes on, whatever their number', async () => {
    const loaded = Promise.withResolvers<void>()
    scripts = { loads: loading(loaded.promise) }
    await start({ abort: { loadGraceMs: 20_000 } })
    const clients = await Promise.all(Array.from({ length: 10 }, () => connected(post('loads'))))
    await expect.poll(openChats).toBe(10)
    for (const { socket } of clients) socket.destroy()
    await expect.poll(openChats).toBe(1)
    const later = await connected(post('loads'))
    await expect.poll(openChats).toBe(2)
    later.socket.destroy()
    await expect.poll(openChats).toBe(1)
    loaded.resolve()
    await expect.poll(openChats).toBe(0)
  })

  test('before its request is written asks nothing of the upstream', async () => {
    await start({ abort: { loadGraceMs: 20_000 } })
    // Long enough to be written in many turns.
    const messages = Array.from({ length: 40 }, () => ({
      role: 'user',
      content: 'x'.repeat(256 * 1024),
    }))
    const client = await connected(postOf(CHAT, { model: 'm', stream: true, messages }))
    client.socket.end()
    await expect.poll(() => logged().length, SOON).toBe(1)
    expect(logged()).toMatchObject([{ status: 499 }])
    // Whatever was sent of it was cut off before its end.
    expect(
      (await ask(tolk.url, { path: CHAT, body: JSON.parse(post('Hi').split('\r\n\r\n')[1] ?? '') }))
        .status,
    ).toBe(200)
    expect(chats()).toHaveLength(1)
  })

  test('before the upstream has taken its request ends it', async () => {
    const upstream = await createRawUpstream(({ head }, socket) => {
      if (head.startsWith('POST /api/chat')) socket.pause()
      else socket.end(ok('{"version":"0.33.0"}'))
    })
    tolk = await startTolk(upstream.url, {
      upstream: { models: [{ id: 'm' }] },
      abort: { loadGraceMs: 20_000 },
      shutdown: { drainMs: 0 },
    })
    // More than two sockets' buffers hold.
    const client = await connected(post('x'.repeat(20 * 1024 * 1024)))
    const isAsked = () => upstream.requests.some(({ head }) => head.startsWith('POST /api/chat'))
    await expect.poll(isAsked, SOON).toBe(true)
    client.socket.destroy()
    await left('waiting')
    // Who reads again finds the end, and not the request.
    for (const socket of upstream.open) socket.resume()
    await expect.poll(() => upstream.open.size, SOON).toBe(0)
    await tolk.close()
    await upstream.close()
  })
})

describe('C-07 a client that vanishes while the kernel takes all that is said to it', () => {
  test.each([true, false])('costs no more than totalTimeoutMs, stream: %s', async (stream) => {
    scripts = {
      // Never so much that a socket would be full.
      drips: function* () {
        for (;;) {
          yield word('a')
          yield { pause: 50 }
        }
      },
    }
    await start({ upstream: { totalTimeoutMs: 600, idleTimeoutMs: 20_000 } })
    const client = await connected(post('drips', stream))
    client.socket.pause()
    await expect.poll(openChats).toBe(1)
    const asked = chats().length
    await expect.poll(openChats, SOON).toBe(0)
    await expect.poll(() => logged().length, SOON).toBe(1)
    expect(logged()).toMatchObject([{ outcome: 'upstream-timeout' }])
    // It was one call, and nothing came after it.
    expect(chats()).toHaveLength(asked)
    client.socket.destroy()
  })

  test('and its connection is closed when it has been idle for long enough', async () => {
    await start({ server: { keepAliveTimeoutMs: 100 } })
    const client = await connected(post('Hi'))
    client.socket.pause()
    await expect.poll(() => logged().length, SOON).toBe(1)
    expect(logged()).toMatchObject([{ status: 200, outcome: 'ok' }])
    const closed = client.closed(5000)
    client.socket.resume()
    expect(await closed).toContain('[DONE]')
  })
})

const scrape = async (metrics: string): Promise<readonly Figure[]> =>
  readMetrics((await ask(metrics, { path: '/metrics' })).body)

describe('C-08 an upload that is broken off is a 499, no error of ours, and no trace of it is in the log', () => {
  const whole = post('canary-prompt '.repeat(100_000))
  const chunked = postOf(CHAT, '').replace('Content-Length: 0', 'Transfer-Encoding: chunked')

  test.each<[what: string, text: string]>([
    ['in its first bytes', whole.slice(0, whole.indexOf('\r\n\r\n') + 10)],
    ['after pieces that were read already', whole.slice(0, 1_000_000)],
    ['one byte before its end', whole.slice(0, -1)],
    ['in a chunk', `${chunked}fff\r\n{"model":"m"`],
    ['between two chunks', `${chunked}1\r\n{\r\n`],
    ['before it was begun', postOf(CHAT, '', { 'Content-Length': '100' })],
    [
      'when it was asked for',
      postOf(CHAT, '', { 'Content-Length': '100', Expect: '100-continue' }),
    ],
  ])('%s', async (_, text) => {
    await start({ metrics: { port: 0 }, log: { level: 'debug' } })
    const metrics = /"url":"(http:[^"]+)\/metrics"/.exec(tolk.logged.join('\n'))?.[1] ?? ''
    for (const [at, [, leave]] of WAYS.entries()) {
      const client = await connected(text)
      expect((await ask(tolk.url, { path: '/healthz' })).status).toBe(200)
      leave(client.socket)
      await expect.poll(() => logged().length, SOON).toBe(at + 1)
    }
    expect(logged().map(({ status, outcome, phase }) => [status, outcome, phase])).toEqual(
      WAYS.map(() => [499, 'client-closed', 'request']),
    )
    const all = tolk.logged.join('')
    expect(all).not.toMatch(/"level":"(?:error|warn)"|stack|canary/)
    const figures = await scrape(metrics)
    expect(sumOf(figures, 'tolk_requests_total', { status: '499' })).toBe(WAYS.length)
    expect(sumOf(figures, 'tolk_requests_total', { status: '500' })).toBe(0)
    expect(sumOf(figures, 'tolk_client_disconnects_total', { phase: 'request' })).toBe(WAYS.length)
    expect(chats()).toEqual([])
  })
})
