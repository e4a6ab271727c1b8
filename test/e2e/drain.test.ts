/** Stopping: short answers finish, long ones are told, and nothing holds the end up. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { chatStream } from '../support/chat-stream.ts'
import { inTime } from '../support/deadline.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let scripts: Readonly<Record<string, () => Script>>

beforeEach(async () => {
  scripts = { long: () => [word('a'), { hold: true }], loading: () => [{ hold: true }] }
  ollama = await createScriptedOllama({
    script: ({ body }) => scripts[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const start = async (drainMs: number, settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs }, ...settings })
  await tolk.catalog.started
}

/** @returns how long closing took, ms. */
const close = async (ms?: number): Promise<number> => {
  const started = performance.now()
  await inTime('the server to close', tolk.close(), ms)
  return performance.now() - started
}

const whole = (prompt: string) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: prompt }] },
  })

const chats = () =>
  expect.poll(() => ollama.open().filter(({ route }) => route === '/api/chat').length)

describe('with nothing under way it ends at once', () => {
  test('alone', async () => {
    await start(20_000)
    expect(await close()).toBeLessThan(300)
  })

  test('with idle connections, used and unused', async () => {
    await start(20_000)
    const used = await connectTo(tolk.url)
    used.send('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
    await used.until(/ok/)
    const unused = await connectTo(tolk.url)
    expect(await close()).toBeLessThan(600)
    await used.closed()
    await unused.closed()
  })

  test('with half a header that never goes on', async () => {
    await start(20_000)
    const half = await connectTo(tolk.url)
    half.send('GET /healthz HTTP/1.1\r\nHo')
    // Another request shows that the half one is in.
    await ask(tolk.url, { path: '/healthz' })
    expect(await close()).toBeLessThan(600)
    await half.closed()
  })

  test('with half a body that never goes on', async () => {
    await start(20_000)
    const half = await connectTo(tolk.url)
    half.send(postOf('/v1/chat/completions', { model: 'm' }, { 'Content-Length': '1000' }))
    await ask(tolk.url, { path: '/healthz' })
    expect(await close()).toBeLessThan(600)
    await half.closed()
  })
})

describe('answers under way', () => {
  test('finish, if they are short', async () => {
    const gate = Promise.withResolvers<void>()
    scripts = { short: () => [word('a'), { until: gate.promise }, word('b'), done] }
    await start(20_000)
    const stream = await chatStream(tolk.url, 'short')
    const asked = whole('short')
    await chats().toBe(2)
    const closing = close()
    gate.resolve()
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toBe('ab')
    expect(stream.data().at(-1)).toBe('[DONE]')
    expect(await asked).toMatchObject({ status: 200, end: 'whole' })
    expect(await closing).toBeLessThan(1000)
  })

  test('are told, if they are long: an error event, and neither a finish nor [DONE]', async () => {
    await start(300)
    const stream = await chatStream(tolk.url, 'long')
    const took = close()
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toBe('a')
    expect(stream.errors()).toMatchObject([{ type: 'server_error', code: 'draining' }])
    expect(stream.finishes()).toEqual([])
    expect(stream.text()).not.toContain('[DONE]')
    expect(await took).toBeGreaterThanOrEqual(295)
    expect(await took).toBeLessThan(1000)
    await chats().toBe(0)
  })

  test.each([
    ['that have not begun', () => chatStream(tolk.url, 'loading')],
    ['that are given whole', () => whole('long')],
  ])('%s get a 503', async (_, asking) => {
    await start(300)
    const answering = asking()
    await chats().toBe(1)
    const closing = close()
    const answer = await answering
    expect(answer.status).toBe(503)
    expect(answer.headers).toMatchObject({
      'retry-after': '1',
      'x-should-retry': 'true',
      // The question came before the drain; no pool may keep its connection for the next.
      connection: 'close',
    })
    await closing
    await chats().toBe(0)
  })

  test('are in the log for what they were', async () => {
    await start(100)
    const stream = await chatStream(tolk.url, 'long')
    await close()
    await stream.ended()
    expect(tolk.logged.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ path: '/v1/chat/completions', status: 200, outcome: 'draining' }),
    )
  })

  test('do not hold the end up when nobody reads them', async () => {
    scripts = {
      flood: function* () {
        for (;;) yield word('x'.repeat(10_000))
      },
    }
    await start(200)
    await chatStream(tolk.url, 'flood', { paused: true })
    expect(await close()).toBeLessThan(1200)
    await chats().toBe(0)
  })
})

test('a client that left while its model was looked up holds nothing up', async () => {
  await start(20_000)
  const looking = Promise.withResolvers<void>()
  const model = createModel({ name: 'new', abilities: ['completion', 'tools'] })
  ollama.models = [model]
  ollama.intercept = ({ route }) =>
    route === '/api/tags'
      ? [{ until: looking.promise }, { status: 200, body: { models: [model.tags] } }]
      : undefined
  const client = await connectTo(tolk.url)
  client.send(
    postOf('/v1/chat/completions', { model: 'new', messages: [{ role: 'user', content: 'Hi' }] }),
  )
  await expect.poll(() => ollama.open().length).toBeGreaterThan(0)
  client.socket.destroy()
  await expect.poll(() => tolk.logged.join('')).toContain('client-closed')
  looking.resolve()
  await expect.poll(() => ollama.open().length).toBe(0)
  expect((await tolk.catalog.resolve('new')).name).toBe('new')
  // Without it the server would be closed with its last connection, whoever is waited for.
  const half = await connectTo(tolk.url)
  half.send('GET /healthz HTTP/1.1\r\nHo')
  await ask(tolk.url, { path: '/healthz' })
  expect(await close()).toBeLessThan(600)
  expect(ollama.requests.filter(({ route }) => route === '/api/chat')).toEqual([])
})

test('while it drains, nobody new comes in', async () => {
  const gate = Promise.withResolvers<void>()
  scripts = { short: () => [word('a'), { until: gate.promise }, done] }
  await start(20_000)
  const ready = await connectTo(tolk.url)
  const second = await connectTo(tolk.url)
  ready.send('GET /readyz HTTP/1.1\r\n')
  second.send('POST /v1/chat/completions HTTP/1.1\r\n')
  const stream = await chatStream(tolk.url, 'short')
  const closing = close()

  // Whoever is not yet connected is refused.
  await expect(connectTo(tolk.url)).rejects.toThrow('ECONNREFUSED')
  // Whoever was in the middle of asking is told.
  ready.send('Host: a\r\n\r\n')
  const said = answerIn(await ready.closed())
  expect(said).toMatchObject({ status: 503, body: '{"status":"draining"}' })
  expect(said.headers['connection']).toBe('close')
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
  second.send(
    `Host: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const refused = answerIn(await second.until(/\r\n\r\n\{.*\}/s))
  expect(refused.status).toBe(503)
  expect(refusalIn(refused).code).toBe('draining')

  gate.resolve()
  expect(await stream.ended()).toBe('whole')
  expect(stream.data().at(-1)).toBe('[DONE]')
  await closing
})
