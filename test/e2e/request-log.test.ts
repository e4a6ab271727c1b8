/** The log: one line an exchange, with facts alone; no key, prompt, answer or address is ever in it. */
import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const line = z.strictObject({
  level: z.literal('info'),
  time: z.iso.datetime(),
  msg: z.literal('request'),
  request_id: z.string().regex(/^req_[0-9a-f]{32}$/),
  key: z.string().optional(),
  method: z.string(),
  path: z.string(),
  status: z.int(),
  outcome: z.string(),
  phase: z.enum(['request', 'waiting', 'answer']).optional(),
  deltas: z.int().min(0).optional(),
  model: z.string().optional(),
  stream: z.boolean().optional(),
  first_event_ms: z.int().min(0).optional(),
  duration_ms: z.int().min(0),
  finish_reason: z.string().optional(),
  prompt_tokens: z.int().optional(),
  completion_tokens: z.int().optional(),
})

let ollama: StandIn
let tolk: Tolk
let script: () => Script = () => HELLO

const start = async (settings: TolkSettings = {}): Promise<void> => {
  ollama = await createScriptedOllama({ script: () => script(), apiKey: 'canary-upstream' })
  tolk = await startTolk(ollama.url, { upstream: { apiKey: 'canary-upstream' }, ...settings })
  await tolk.catalog.started
}
afterEach(async () => {
  script = () => HELLO
  await tolk.close()
  await ollama.close()
})

/** Waits for the lines of so many exchanges. */
const logged = async (count: number): Promise<readonly z.infer<typeof line>[]> => {
  await expect.poll(() => tolk.logged.length).toBe(count)
  return tolk.logged.map((text) => line.parse(JSON.parse(text)))
}

const chat = (fields: object = {}, headers: Readonly<Record<string, string>> = {}) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    headers,
    body: { model: 'm', messages: [{ role: 'user', content: 'canary-prompt' }], ...fields },
  })

test('says who asked which model, what came of it, and how long it took', async () => {
  await start({ auth: { keys: [{ name: 'laptop', key: 'canary-key' }] } })
  script = () => [{ pause: 60 }, word('canary-answer'), { pause: 60 }, done]
  const answer = await chat({ stream: true }, { authorization: 'Bearer canary-key' })
  const [only] = await logged(1)
  expect(only).toMatchObject({
    request_id: answer.headers['x-request-id'],
    key: 'laptop',
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    outcome: 'ok',
    model: 'm',
    stream: true,
    finish_reason: 'stop',
    prompt_tokens: 3,
    completion_tokens: 2,
  })
  expect(only?.first_event_ms).toBeGreaterThanOrEqual(55)
  expect(only?.duration_ms).toBeGreaterThanOrEqual((only?.first_event_ms ?? 0) + 55)
})

test('names the failure: refused, failed before the head, failed after it', async () => {
  await start()
  await ask(tolk.url, { path: '/nothing?key=canary-query' })
  await chat({ model: 'gone' })
  script = () => [{ status: 500, body: { error: 'canary-error' } }]
  await chat()
  script = () => [word('canary-answer'), { pause: 20 }, { reset: true }]
  await chat({ stream: true })
  await chat({ stream: false })
  expect((await logged(5)).map(({ path, status, outcome }) => [path, status, outcome])).toEqual([
    ['/nothing', 404, 'unknown-url'],
    ['/v1/chat/completions', 404, 'model-not-found'],
    ['/v1/chat/completions', 500, 'upstream-rejected'],
    ['/v1/chat/completions', 200, 'upstream-truncated'],
    ['/v1/chat/completions', 502, 'upstream-truncated'],
  ])
})

test('a client that left is a 499, whenever it left', async () => {
  await start()
  script = () => [word('a'), { hold: true }]
  const stream = await chatStream(tolk.url, 'Hi')
  stream.leave()
  await logged(1)

  script = () => [{ hold: true }]
  await expect(chatStream(tolk.url, 'Hi', { headMs: 100 })).rejects.toThrow('in vain')
  await logged(2)
  for (const [at, way] of WAYS.entries()) {
    const client = await connectTo(tolk.url)
    client.send(postOf('/v1/chat/completions', '{', { 'Content-Length': '9' }))
    // The answer to another request shows that this one is in.
    await ask(tolk.url, { path: '/healthz' })
    way(client.socket)
    await logged(3 + at)
  }
  expect((await logged(5)).map(({ status, outcome }) => [status, outcome])).toEqual(
    Array.from({ length: 5 }, () => [499, 'client-closed']),
  )
})

const WAYS: readonly ((socket: Socket) => unknown)[] = [
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
]

test('holds no key, prompt, answer, query or address, at any level', async () => {
  for (const level of ['info', 'debug']) {
    await start({
      log: { level },
      auth: { keys: [{ name: 'laptop', key: 'canary-key' }] },
    })
    const headers = {
      authorization: 'Bearer canary-key',
      'user-agent': 'canary-agent',
      cookie: 'canary-cookie',
      'x-request-id': 'canary-id',
    }
    script = () => [word('canary-answer'), done]
    await chat({ stream: true }, headers)
    await chat({}, headers)
    await chat({}, { authorization: 'Bearer canary-wrong' })
    await chat({ temperature: 'canary-field' }, headers)
    await ask(tolk.url, { path: '/v1/models?canary-query', headers })
    await ask(tolk.url, { path: '/v1/chat/completions', headers, body: '{"canary-json' })
    script = () => [{ status: 500, body: { error: `canary-error at ${ollama.url}` } }]
    await chat({}, headers)
    script = () => [{ bytes: 'canary-line\n' }]
    await chat({}, headers)
    await ollama.down()
    await chat({}, headers)
    await ollama.up()
    const all = tolk.logged.join('')
    expect(tolk.logged.length).toBeGreaterThanOrEqual(8)
    expect(all).not.toContain('canary')
    expect(all).not.toContain('127.0.0.1')
    expect(all).not.toContain(`:${ollama.port}`)
    await tolk.close()
    await ollama.close()
  }
  await start()
})

test('S-09 no word of a client breaks a line, or is longer than anyone wants to read', async () => {
  await start()
  await chat({ model: `gone\n{"level":"error"}\u001B[31m${'x'.repeat(1000)}` })
  await ask(tolk.url, { path: `/%0A%1B[31m${'y'.repeat(1000)}` })
  const lines = await logged(2)
  for (const [at, { model = '', path }] of lines.entries()) {
    expect(model.length).toBeLessThanOrEqual(200)
    expect(path.length).toBeLessThanOrEqual(200)
    expect(tolk.logged[at]?.trimEnd()).not.toContain('\n')
    expect(tolk.logged[at]).not.toContain('\u001B')
  }
})

test('silent is silent', async () => {
  await start({ log: { level: 'silent' } })
  await chat()
  await chat({ model: 'gone' })
  expect(tolk.logged).toEqual([])
})
