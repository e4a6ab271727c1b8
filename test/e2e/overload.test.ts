/** More than there is room for: who waits, who is sent away, and that every place comes back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream, type ChatAsk } from '../support/chat-stream.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo, postOf, type SocketClient } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'

let ollama: StandIn
let tolk: Tolk
/** Prompts that are answered "Hello." only when they are let go. */
let gates: Map<string, PromiseWithResolvers<void>>
let scripts: Readonly<Record<string, () => Script>>

beforeEach(async () => {
  gates = new Map()
  scripts = {}
  ollama = await createScriptedOllama({
    script: ({ body }) => {
      const prompt = body.messages?.at(-1)?.content ?? ''
      const gate = gates.get(prompt)
      if (gate !== undefined) return [word('Hel'), { until: gate.promise }, word('lo.'), done]
      return scripts[prompt]?.() ?? HELLO
    },
  })
})
afterEach(async () => {
  for (const gate of gates.values()) gate.resolve()
  await tolk.close()
  await ollama.close()
})

const start = async (settings: TolkSettings): Promise<void> => {
  tolk = await startTolk(ollama.url, {
    metrics: { port: 0 },
    shutdown: { drainMs: 0 },
    ...settings,
  })
  await tolk.catalog.started
}

/** Has the upstream hold the answers to these until they are let go. */
const hold = (...prompts: readonly string[]): void => {
  for (const prompt of prompts) gates.set(prompt, Promise.withResolvers<void>())
}
const letGo = (prompt: string): void => gates.get(prompt)?.resolve()

const stream = (prompt: string, options: ChatAsk = {}) => chatStream(tolk.url, prompt, options)

const whole = (prompt: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(tolk.url, {
    path: CHAT,
    headers,
    body: { model: 'm', messages: [{ role: 'user', content: prompt }] },
  })

/** What the upstream was asked, in order. */
const asked = (): readonly string[] =>
  ollama.requests
    .filter(({ route }) => route === '/api/chat')
    .map(({ body }) => /"content":"([^"]*)"/.exec(body)?.[1] ?? '')

const figure = async (name: string, labels?: Readonly<Record<string, string>>): Promise<number> => {
  const metrics = /"url":"(http:[^"]+)\/metrics"/.exec(tolk.logged.join('\n'))?.[1] ?? ''
  return sumOf(readMetrics((await ask(metrics, { path: '/metrics' })).body), name, labels)
}

/** Waits until so many wait. */
const queueIs = (length: number): Promise<void> =>
  expect.poll(() => figure('tolk_queue_depth'), { interval: 10 }).toBe(length)

const logged = (): readonly Record<string, unknown>[] =>
  tolk.logged.map((line): Record<string, unknown> => JSON.parse(line))

/** Two tenants, and how each shows who it is. */
const KEYS = { keys: ['a', 'b'].map((name) => ({ name, key: `sk-${name}` })) }
const as = (name: string) => ({ authorization: `Bearer sk-${name}` })

describe('R-12 more at a time than the upstream has room for', () => {
  test('wait in the order they came, and no more than the queue is long', async () => {
    await start({ limits: { maxInFlight: 2 }, queue: { maxLength: 2 } })
    hold('a', 'b', 'c', 'd')
    const [a, b] = [await stream('a'), await stream('b')]
    const c = stream('c')
    await queueIs(1)
    const d = whole('d')
    await queueIs(2)
    for (const refused of [await whole('e'), await stream('e')]) {
      expect(refused.status).toBe(503)
      expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(30)
      expect(refused.headers['x-should-retry']).toBe('true')
    }
    expect(refusalIn(await whole('e'))).toMatchObject({ type: 'server_error', code: 'overloaded' })
    expect(asked()).toEqual(['a', 'b'])

    letGo('a')
    expect((await c).status).toBe(200)
    expect(asked()).toEqual(['a', 'b', 'c'])
    letGo('b')
    await expect.poll(asked).toEqual(['a', 'b', 'c', 'd'])
    letGo('c')
    letGo('d')
    for (const each of [a, b, await c]) {
      expect(await each.ended()).toBe('whole')
      expect(each.content()).toBe('Hello.')
    }
    expect(await d).toMatchObject({ status: 200, end: 'whole' })
    expect(await figure('tolk_shed_total', { reason: 'queue-full' })).toBe(3)
    expect(await figure('tolk_queue_wait_seconds_count')).toBe(2)
    expect(await figure('tolk_upstream_errors_total')).toBe(0)
  })

  test('are sent away when they have waited too long', async () => {
    await start({
      limits: { maxInFlight: 1 },
      queue: { timeoutMs: 300 },
      downstream: { commitAfterMs: 0 },
    })
    hold('a')
    await stream('a')
    for (const refused of await Promise.all([whole('b'), stream('c')])) {
      expect(refused.status).toBe(503)
      expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
      expect(refused.headers['x-should-retry']).toBe('true')
    }
    expect(asked()).toEqual(['a'])
    expect(await figure('tolk_shed_total', { reason: 'queue-timeout' })).toBe(2)
    expect(await figure('tolk_queue_depth')).toBe(0)
    expect(logged()).toContainEqual(
      expect.objectContaining({ status: 503, outcome: 'overloaded', queue_ms: expect.any(Number) }),
    )
  })

  test('have their early 200 and their heartbeats meanwhile, and then an answer', async () => {
    await start({
      limits: { maxInFlight: 1 },
      downstream: { commitAfterMs: 100, heartbeatMs: 100 },
    })
    hold('a')
    await stream('a')
    const waiting = await stream('b')
    expect(waiting.status).toBe(200)
    await expect.poll(() => waiting.comments().length).toBeGreaterThan(1)
    expect(asked()).toEqual(['a'])
    letGo('a')
    expect(await waiting.ended()).toBe('whole')
    expect(waiting.content()).toBe('Hello.')
    expect(waiting.data().at(-1)).toBe('[DONE]')
  })

  test('or are told in the stream that they waited in vain', async () => {
    await start({
      limits: { maxInFlight: 1 },
      queue: { timeoutMs: 500 },
      downstream: { commitAfterMs: 100, heartbeatMs: 100 },
    })
    hold('a')
    await stream('a')
    const waiting = await stream('b')
    expect(await waiting.ended()).toBe('whole')
    expect(waiting.errors()).toMatchObject([{ type: 'server_error', code: 'overloaded' }])
    expect(waiting.text()).not.toContain('[DONE]')
    expect(asked()).toEqual(['a'])
    expect(await figure('tolk_shed_total', { reason: 'queue-timeout' })).toBe(1)
  })

  test('are told by a drain, and nothing is asked for them', async () => {
    await start({ limits: { maxInFlight: 1 }, downstream: { commitAfterMs: 0 } })
    hold('a')
    await stream('a')
    const waiting = [whole('b'), stream('c')]
    await queueIs(2)
    await tolk.close()
    for (const refused of await Promise.all(waiting)) expect(refused.status).toBe(503)
    expect(logged().filter(({ outcome }) => outcome === 'draining')).toHaveLength(3)
    expect(asked()).toEqual(['a'])
  })
})

describe('C-02 a client that leaves while it waits', () => {
  const WAYS: Readonly<Record<string, (client: SocketClient) => unknown>> = {
    FIN: ({ socket }) => socket.destroy(),
    RST: ({ socket }) => socket.resetAndDestroy(),
    'a half-close': ({ socket }) => socket.end(),
  }

  test.each(
    Object.entries(WAYS).flatMap(([way, leave]) => [
      { way, leave, how: 'whole', body: { stream: false }, early: false },
      { way, leave, how: 'streamed', body: { stream: true }, early: false },
      { way, leave, how: 'streamed, with its 200', body: { stream: true }, early: true },
    ]),
  )('by $way, $how: is asked for nowhere', async ({ leave, body, early }) => {
    await start({ limits: { maxInFlight: 1 }, downstream: { commitAfterMs: early ? 100 : 0 } })
    hold('a')
    await stream('a')
    const client = await connectTo(tolk.url)
    client.send(postOf(CHAT, { model: 'm', messages: [{ role: 'user', content: 'b' }], ...body }))
    await queueIs(1)
    if (early) await client.until(/keep-alive/)
    leave(client)
    await queueIs(0)
    const next = whole('c')
    await queueIs(1)
    letGo('a')
    expect((await next).status).toBe(200)
    expect(asked()).toEqual(['a', 'c'])
    await expect
      .poll(logged)
      .toContainEqual(expect.objectContaining({ status: 499, outcome: 'client-closed' }))
    client.socket.destroy()
  })
})

describe('R-11 one key opens a thousand streams', () => {
  const A = as('a')
  const B = as('b')

  test('and has as many as it may; the others are refused at once, and do not wait', async () => {
    await start({ auth: KEYS })
    hold('held')
    const streams = Array.from({ length: 1000 }, () => stream('held', { headers: A, headMs: 8000 }))
    const statuses = await Promise.all(streams.map(async (each) => (await each).status))
    expect(statuses.filter((status) => status === 200)).toHaveLength(32)
    expect(statuses.filter((status) => status === 429)).toHaveLength(968)
    expect(asked()).toHaveLength(32)
    expect(await figure('tolk_queue_depth')).toBe(0)

    const refused = await whole('Hi', A)
    expect(refusalIn(refused)).toMatchObject({
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
      message: expect.stringContaining('32 requests under way'),
    })
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'x-should-retry': 'true' })
    expect((await whole('Hi', B)).status).toBe(200)
    const list = await ask(tolk.url, { path: '/v1/models', headers: A })
    expect(list.status).toBe(200)

    letGo('held')
    for (const each of await Promise.all(streams)) await each.ended()
    await expect.poll(async () => (await whole('Hi', A)).status).toBe(200)
  })

  test('what waits counts as well', async () => {
    await start({ auth: KEYS, limits: { maxInFlight: 1, perKeyInFlight: 2 } })
    hold('a')
    await stream('a', { headers: A })
    const waiting = whole('b', A)
    await queueIs(1)
    expect((await whole('c', A)).status).toBe(429)
    const other = whole('d', B)
    await queueIs(2)
    letGo('a')
    expect((await waiting).status).toBe(200)
    expect((await other).status).toBe(200)
    expect(asked()).toEqual(['a', 'd', 'b'])
  })

  test.each([
    ['no limit', { perKeyInFlight: 0 }],
    ['another', { perKeyInFlight: 60 }],
  ])('or may have %s', async (_, limits) => {
    await start({ auth: KEYS, limits })
    hold('held')
    const streams = await Promise.all(
      Array.from({ length: 60 }, () => stream('held', { headers: A })),
    )
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('R-13 one key floods', () => {
  test('the other has every second turn', async () => {
    await start({ auth: KEYS, limits: { maxInFlight: 2, perKeyInFlight: 0 } })
    hold('first', 'second')
    await stream('first', { headers: as('a') })
    await stream('second', { headers: as('a') })
    const flood = Array.from({ length: 30 }, () => whole('a', as('a')))
    await queueIs(30)
    const other = Array.from({ length: 5 }, () => whole('b', as('b')))
    await queueIs(35)
    letGo('first')
    letGo('second')
    for (const { status } of await Promise.all([...flood, ...other])) expect(status).toBe(200)
    // After the two that were under way: five turns of its own, and no more of the other's, but for one.
    expect(asked().lastIndexOf('b')).toBeLessThanOrEqual(2 + 10)
  })

  test('and fills the queue: the other comes in all the same', async () => {
    await start({
      auth: KEYS,
      limits: { maxInFlight: 1, perKeyInFlight: 0 },
      queue: { maxLength: 4 },
    })
    hold('first')
    await stream('first', { headers: as('a') })
    const flood = Array.from({ length: 4 }, () => whole('a', as('a')))
    await queueIs(4)
    const other = whole('b', as('b'))
    const statuses = async () => Promise.all(flood.map(async (each) => (await each).status))
    await expect
      .poll(() => figure('tolk_shed_total', { reason: 'queue-full' }), { interval: 10 })
      .toBe(1)
    letGo('first')
    expect((await other).status).toBe(200)
    expect((await statuses()).filter((status) => status === 503)).toHaveLength(1)
    expect(asked().slice(0, 2)).toEqual(['first', 'b'])
  })
})

test('R-12 each place comes back, once, however its turn ended', async () => {
  await start({
    limits: { maxInFlight: 2 },
    upstream: { idleTimeoutMs: 300 },
    downstream: { commitAfterMs: 100 },
  })
  scripts = {
    torn: () => [word('a'), { tear: true }],
    'never begins': () => [{ reset: true }],
    refused: () => [{ status: 500, body: { error: 'no' } }],
    silent: () => [word('a'), { hold: true }],
    loading: () => [{ hold: true }],
  }
  for (let round = 0; round < 3; round++) {
    for (const prompt of ['Hi', 'torn', 'never begins', 'refused', 'silent']) {
      await whole(prompt)
      await (await stream(prompt)).ended()
    }
    await ask(tolk.url, { path: CHAT, body: { model: 'm', messages: 'none' } })
    await ask(tolk.url, { path: CHAT, body: { model: 'nobody', messages: [] } })
    const leaving = await stream('loading')
    leaving.leave()
    const client = await connectTo(tolk.url)
    client.send(postOf(CHAT, { model: 'm', messages: [{ role: 'user', content: 'loading' }] }))
    await expect.poll(() => asked().at(-1)).toBe('loading')
    client.socket.resetAndDestroy()
  }
  await expect.poll(() => ollama.open().length).toBe(0)
  hold('a', 'b', 'c')
  await stream('a')
  await stream('b')
  const third = whole('c')
  await queueIs(1)
  letGo('a')
  letGo('c')
  expect((await third).status).toBe(200)
  expect(asked().slice(-3)).toEqual(['a', 'b', 'c'])
})

describe('R-05 more bodies at a time than there is room for', () => {
  const KiB = 1024
  const LIMITS = { maxBodyBytes: 100 * KiB, maxBufferedBodyBytes: 1000 * KiB }

  /** A chat of so many bytes whose last one is not sent yet. */
  const upload = async (bytes: number): Promise<SocketClient> => {
    const client = await connectTo(tolk.url)
    client.send(
      `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    const [head, tail] = JSON.stringify({
      model: 'm',
      messages: [{ role: 'user', content: '@' }],
    }).split('@')
    client.send(`${bytes.toString(16)}\r\n${head}${'x'.repeat(bytes - (head?.length ?? 0))}\r\n`)
    ends.set(client, tail ?? '')
    return client
  }
  const ends = new Map<SocketClient, string>()
  const finish = (client: SocketClient): void => {
    const tail = ends.get(client) ?? ''
    client.send(`${tail.length.toString(16)}\r\n${tail}\r\n0\r\n\r\n`)
  }

  test('those that are too many are a 503, the others are answered', async () => {
    await start({ limits: LIMITS })
    // Counted as they come: none has said how long it is.
    const uploads = await Promise.all(Array.from({ length: 25 }, () => upload(96 * KiB)))
    const refused = () => uploads.filter((client) => client.received() !== '')
    await expect.poll(() => refused().length).toBe(15)
    for (const client of refused()) {
      const answer = await client.closed()
      expect(answer).toMatch(/^HTTP\/1\.1 503 /)
      expect(answer).toMatch(/\r\nretry-after: \d/i)
      expect(answer).toContain('"code":"overloaded"')
    }
    expect(await figure('tolk_shed_total', { reason: 'bodies' })).toBe(15)
    expect((await whole('small')).status).toBe(200)
    const announced = await whole('x'.repeat(90 * KiB))
    expect(announced.status).toBe(503)

    for (const client of uploads) if (client.received() === '') finish(client)
    for (const client of uploads) await client.until(/^HTTP\/1\.1 (200|503) /)
    expect((await whole('x'.repeat(90 * KiB))).status).toBe(200)
    for (const { socket } of uploads) socket.destroy()
  })

  test('and those that leave, fail or wait give back what they held when it is over', async () => {
    await start({ limits: { ...LIMITS, maxInFlight: 1 }, queue: { maxLength: 20, timeoutMs: 700 } })
    hold('first')
    await stream('first')
    const uploads = await Promise.all(Array.from({ length: 10 }, () => upload(96 * KiB)))
    await expect.poll(async () => (await whole('x'.repeat(90 * KiB))).status).toBe(503)
    // Five leave; five come to wait for their turn, and hold what they sent.
    for (const client of uploads.slice(0, 5)) client.socket.destroy()
    for (const client of uploads.slice(5)) finish(client)
    await queueIs(5)
    const more = await Promise.all(Array.from({ length: 6 }, () => upload(96 * KiB)))
    await expect.poll(() => more.filter((client) => client.received() !== '').length).toBe(1)
    // Sent away, they hold nothing any more.
    for (const client of uploads.slice(5)) await client.until(/^HTTP\/1\.1 503 /)
    const last = await Promise.all(Array.from({ length: 5 }, () => upload(96 * KiB)))
    letGo('first')
    for (const client of last) finish(client)
    for (const client of last) await client.until(/^HTTP\/1\.1 200 /)
    for (const { socket } of [...uploads, ...more, ...last]) socket.destroy()
  })
})
