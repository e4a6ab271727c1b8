/** The app on a socket, with a hand-written upstream: faults of ours, readiness, and what is never logged. */
import { hash } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.ts'
import { fixedCatalog, type LiveCatalog } from '../../src/catalog/live.ts'
import { Failed } from '../../src/failure.ts'
import { createLog } from '../../src/log.ts'
import { createApp } from '../../src/server/app.ts'
import { Admission } from '../../src/server/admission.ts'
import { BodyBudget } from '../../src/server/body-budget.ts'
import { HeapLevel } from '../../src/server/heap-level.ts'
import { KeyRing } from '../../src/server/key-ring.ts'
import { listen, type Listening } from '../../src/server/listen.ts'
import { OpenTurns } from '../../src/server/open-turns.ts'
import type { Rooms } from '../../src/server/rooms.ts'
import type { Listener, Upstream } from '../../src/upstream/upstream.ts'
import { card } from '../support/cards.ts'
import { text } from '../support/chat-events.ts'
import { collectGarbage } from '../support/collect-garbage.ts'
import { inTime } from '../support/deadline.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'

const CONFIG: Rooms['config'] = {
  catalog: { context: 'trained', allowRemote: false },
  auth: { wrongKeysPerMinute: 0 },
  openai: { reasoningField: 'reasoning_content', strict: false, allowLoadOptions: false },
  limits: { maxBodyBytes: 100_000, maxJsonDepth: 64, maxJsonTokens: 500_000, maxChoices: 1 },
  downstream: { commitAfterMs: 0, heartbeatMs: 0, writeStallMs: 60_000 },
  log: { maxAlike: 100 },
  upstream: { maxResponseBytes: 1_000_000 },
}

const QUIET: Upstream = {
  chat: () => ({ pause: () => {}, resume: () => {}, abort: () => {} }),
  generate: () => ({ pause: () => {}, resume: () => {}, abort: () => {} }),
  embed: async () => ({ vectors: [], promptTokens: 0 }),
  models: async () => [],
  version: async () => '0.33.0',
  close: async () => {},
}

const catalog = fixedCatalog(
  createCatalog({ cards: [card('m')], aliases: {}, upstreamName: 'ollama', list: 'all' }),
)

const LIMITS = { maxInFlight: 100, perKeyInFlight: 0, maxQueued: 0, queueTimeoutMs: 0 }

let listening: Listening
afterEach(() => listening.close(0))

/** @returns the address, and what is logged. */
const start = async (rooms: Partial<Rooms> = {}) => {
  const logged: string[] = []
  const turns = new OpenTurns()
  const app = createApp({
    upstream: QUIET,
    catalog,
    turns,
    places: new Admission(LIMITS),
    bodies: new BodyBudget(1_000_000),
    admit: () => {},
    keys: new KeyRing([]),
    config: CONFIG,
    log: createLog('debug', (line) => logged.push(line)),
    ...rooms,
  })
  listening = await listen(app, turns, {
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 5000,
    requestTimeoutMs: 5000,
    keepAliveTimeoutMs: 5000,
    maxRequestsPerSocket: 1000,
    tcpKeepAliveMs: 30_000,
    maxConnections: 1000,
  })
  return { url: listening.url, logged }
}

const CHAT = {
  path: '/v1/chat/completions',
  body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
}

const broken = (): never => {
  throw Object.assign(new Error('canary: what the client sent'), { code: 'ERR_ODD' })
}

test('embeddings end with the key that they were asked with, if answers are to be cut', async () => {
  const turns = new OpenTurns()
  const asked = Promise.withResolvers<void>()
  const upstream: Upstream = {
    ...QUIET,
    embed: (_request, _target, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Failed({ kind: 'client-closed' })))
        asked.resolve()
      }),
  }
  const sha256 = hash('sha256', 'a-key-of-the-client', 'hex')
  const key = { name: 'app', sha256, models: null, requestsPerMinute: null }
  const { url } = await start({ turns, upstream, keys: new KeyRing([key]) })
  const answer = ask(url, {
    path: '/v1/embeddings',
    headers: { authorization: 'Bearer a-key-of-the-client' },
    body: { model: 'm', input: 'Hi' },
  })
  await inTime('a question upstream', asked.promise)
  turns.revoke(() => true)
  expect(refusalIn(await answer)).toMatchObject({ code: 'invalid_api_key' })
})

describe('a fault of ours', () => {
  test.each<[where: string, rooms: Partial<Rooms>]>([
    ['before the upstream is asked', { admit: broken }],
    ['while it is asked', { upstream: { ...QUIET, chat: broken } }],
  ])('%s is a 500 that tells nothing; the log tells where', async (_, rooms) => {
    for (const stream of [true, false]) {
      const { url, logged } = await start(rooms)
      const answer = await ask(url, { ...CHAT, body: { ...CHAT.body, stream } })
      expect(answer.status).toBe(500)
      expect(refusalIn(answer)).toMatchObject({ type: 'server_error', code: 'internal_error' })
      expect(answer.headers['x-should-retry']).toBe('false')
      expect(answer.body).not.toContain('canary')
      expect(logged.join('')).not.toContain('canary')
      await expect.poll(() => logged.length).toBe(2)
      const [error, request] = logged.map((line): Record<string, unknown> => JSON.parse(line))
      expect(error).toMatchObject({
        level: 'error',
        request_id: answer.headers['x-request-id'],
        error_code: 'ERR_ODD',
        stack: expect.stringContaining('app.test.ts'),
      })
      expect(request).toMatchObject({ status: 500, outcome: 'internal' })
      await listening.close(0)
    }
    await start()
  })
})

describe('a turn under way holds nothing of its request', () => {
  test.each([true, false])('stream: %s', async (stream) => {
    const asked = Promise.withResolvers<{
      readonly request: WeakRef<object>
      readonly say: Listener['events']
    }>()
    const upstream: Upstream = {
      ...QUIET,
      chat: (request, target, listener) => {
        asked.resolve({ request: new WeakRef(request), say: (batch) => listener.events(batch) })
        return QUIET.chat(request, target, listener)
      },
    }
    const { url } = await start({ upstream })
    const answer = ask(url, { ...CHAT, body: { ...CHAT.body, stream } })
    const { request, say } = await inTime('a turn', asked.promise)
    say([text('Hel')])
    await expect
      .poll(() => {
        collectGarbage()
        return request.deref() === undefined
      })
      .toBe(true)
    say([text('lo'), { type: 'finish', reason: 'stop', usage: {} }])
    expect((await inTime('the answer', answer)).body).toContain('lo')
  })
})

const knowing = (knowledge: 'none' | 'list' | 'whole', failure?: 'draining'): Partial<Rooms> => {
  const state = {
    knowledge,
    reachable: knowledge !== 'none' && failure === undefined,
    failure: failure === undefined ? undefined : { kind: failure },
  }
  const live: LiveCatalog = { ...catalog, state: () => state }
  return { catalog: live }
}

describe('readiness', () => {
  test.each<[what: string, rooms: Partial<Rooms>, status: number]>([
    ['all is known', knowing('whole'), 200],
    ['the list is known', knowing('list'), 200],
    ['nothing is known yet', knowing('none'), 503],
    ['the upstream is away', knowing('whole', 'draining'), 503],
  ])('%s: %j', async (_, rooms, status) => {
    const { url } = await start(rooms)
    expect((await ask(url, { path: '/readyz' })).status).toBe(status)
    expect((await ask(url, { path: '/livez' })).status).toBe(200)
    expect((await ask(url, { path: '/healthz' })).status).toBe(200)
  })
})

test('R-16 short of memory, it is not ready, and takes no new chat; what is under way goes on', async () => {
  const heap = { share: 0.1 }
  const places = new Admission(LIMITS, { heap: new HeapLevel(() => heap.share) })
  const asked = Promise.withResolvers<Listener>()
  const upstream: Upstream = {
    ...QUIET,
    chat: (request, target, listener) => {
      asked.resolve(listener)
      return QUIET.chat(request, target, listener)
    },
  }
  const { url } = await start({ places, upstream })
  const answer = ask(url, CHAT)
  const listener = await inTime('a turn', asked.promise)
  const ready = async () => (await ask(url, { path: '/readyz' })).status
  expect(await ready()).toBe(200)
  heap.share = 0.81
  // The ticker looks, ten times a second; no request does.
  await expect.poll(ready).toBe(503)
  expect((await ask(url, { path: '/readyz' })).body).toBe('{"status":"short of memory"}')
  expect((await ask(url, { path: '/livez' })).status).toBe(200)
  const refused = await ask(url, CHAT)
  expect(refused.status).toBe(503)
  expect(refusalIn(refused)).toMatchObject({ type: 'server_error', code: 'overloaded' })
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  expect((await ask(url, { path: '/v1/models' })).status).toBe(200)
  heap.share = 0.5
  await expect.poll(ready).toBe(200)
  listener.events([text('a'), { type: 'finish', reason: 'stop', usage: {} }])
  expect((await answer).status).toBe(200)
})

test('what the catalog cannot say is its own failure', async () => {
  const failure = { kind: 'upstream-unreachable', reason: 'refused' } as const
  const away: LiveCatalog = {
    ...catalog,
    list: () => Promise.reject(new Failed(failure)),
    resolve: () => Promise.reject(new Failed(failure)),
  }
  const { url } = await start({ catalog: away })
  for (const request of [CHAT, { path: '/v1/models' }, { path: '/v1/models/m' }]) {
    const answer = await ask(url, request)
    expect(answer.status).toBe(502)
    expect(refusalIn(answer).code).toBe('upstream_unreachable')
  }
})

test('a port that is taken is an error that says so, and leaves nothing open', async () => {
  const { url } = await start()
  const again = listen(
    createApp({
      upstream: QUIET,
      catalog,
      turns: new OpenTurns(),
      places: new Admission(LIMITS),
      bodies: new BodyBudget(1_000_000),
      admit: () => {},
      keys: new KeyRing([]),
      config: CONFIG,
      log: createLog('silent'),
    }),
    new OpenTurns(),
    {
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      headersTimeoutMs: 5000,
      requestTimeoutMs: 5000,
      keepAliveTimeoutMs: 5000,
      maxRequestsPerSocket: 1000,
      tcpKeepAliveMs: 30_000,
      maxConnections: 1000,
    },
  )
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
