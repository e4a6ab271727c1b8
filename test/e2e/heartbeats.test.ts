/** A stream that is silent: 200 and a comment after a while, comments from then on, and real statuses until then. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import OpenAI from 'openai'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const COMMIT_MS = 300
const BEAT_MS = 200
/** Two ticks and what two busy cores may add. */
const LATE_MS = 500

let ollama: StandIn
let tolk: Tolk
let script: () => Script

beforeAll(async () => {
  ollama = await createScriptedOllama({ script: () => script() })
  tolk = await startTolk(ollama.url, {
    downstream: { commitAfterMs: COMMIT_MS, heartbeatMs: BEAT_MS },
    shutdown: { drainMs: 0 },
  })
  await tolk.catalog.started
})
afterEach(() => {
  script = () => HELLO
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }
const chat = (fields: object = {}) =>
  ask(tolk.url, { path: '/v1/chat/completions', body: { ...body, ...fields } })

test('a fast answer has no comment at all, and the headers of a stream', async () => {
  script = () => HELLO
  const { status, headers, body: text } = await chat()
  expect(status).toBe(200)
  expect(text).not.toMatch(/^:/m)
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
    'transfer-encoding': 'chunked',
  })
  expect(headers).not.toHaveProperty('content-length')
  expect(headers).not.toHaveProperty('content-encoding')
})

test('200 and a comment come after commitAfterMs, comments every heartbeatMs, then the answer', async () => {
  const loaded = Promise.withResolvers<void>()
  script = () => [{ until: loaded.promise }, ...HELLO]
  const asked = performance.now()
  const stream = await chatStream(tolk.url, 'Hi')
  expect(performance.now() - asked).toBeGreaterThanOrEqual(COMMIT_MS - 5)
  expect(performance.now() - asked).toBeLessThan(COMMIT_MS + LATE_MS)
  expect(stream.status).toBe(200)
  const begun = performance.now()
  await expect.poll(() => stream.comments().length, { timeout: 3000 }).toBe(4)
  expect(performance.now() - begun).toBeGreaterThanOrEqual(2 * BEAT_MS)
  expect(performance.now() - begun).toBeLessThan(3 * (BEAT_MS + 100) + LATE_MS)
  loaded.resolve()
  expect(await stream.ended()).toBe('whole')
  expect(stream.text()).toMatch(/^(?:: keep-alive\n\n)+data: /)
  expect(stream.content()).toBe('Hello.')
  expect(stream.data().at(-1)).toBe('[DONE]')
})

test('a gap between two words is filled with comments, and a steady flow has none', async () => {
  script = () => [word('a'), { pause: 3 * BEAT_MS }, word('b'), done]
  const gap = await chatStream(tolk.url, 'Hi')
  await gap.ended()
  expect(gap.comments().length).toBeGreaterThanOrEqual(1)
  expect(gap.content()).toBe('ab')
  const flow = Array.from({ length: 30 }, () => [word('a'), { pause: 20 }]).flat()
  script = () => [...flow, done]
  const steady = await chatStream(tolk.url, 'Hi')
  await steady.ended()
  expect(steady.comments()).toEqual([])
})

test('a model that says nothing but blanks is silent, and is heard to live', async () => {
  // Blank text has no place before the first word (chat/turn.ts), so nothing is written for it.
  const blanks = Array.from({ length: 12 }, () => [word('\n'), { pause: 60 }]).flat()
  script = () => [...blanks, word('a'), done]
  const stream = await chatStream(tolk.url, 'Hi')
  await stream.ended()
  expect(stream.comments().length).toBeGreaterThanOrEqual(1)
  expect(stream.content()).toBe(`${'\n'.repeat(12)}a`)
})

test('until then a failure keeps its status', async () => {
  script = () => [{ pause: 50 }, { status: 500, body: { error: 'model runner crashed' } }]
  expect((await chat()).status).toBe(500)
  script = () => [{ pause: 50 }, { line: { error: 'the model is gone' } }]
  const answer = await chat()
  expect(answer.status).toBe(502)
  expect(refusalIn(answer).message).toContain('the model is gone')
})

test.each<[what: string, then: readonly Step[], code: string]>([
  ['an error status', [{ status: 500, body: { error: 'crashed' } }], 'upstream_error'],
  ['an error line', [{ line: { error: 'the model is gone' } }], 'upstream_error'],
  ['a reset', [{ reset: true }], 'upstream_unreachable'],
  ['an end', [{ status: 200, body: '' }], 'upstream_stream_interrupted'],
])('after it %s is an error event, and the end', async (_, then, code) => {
  script = () => [{ pause: COMMIT_MS + 200 }, ...then]
  const stream = await chatStream(tolk.url, 'Hi')
  expect(stream.status).toBe(200)
  expect(await stream.ended()).toBe('whole')
  expect(stream.errors()).toMatchObject([{ type: 'server_error', code }])
  expect(stream.data()).toHaveLength(1)
  expect(stream.finishes()).toEqual([])
})

test('a client that is given the whole answer gets no bytes before it', async () => {
  script = () => [{ pause: COMMIT_MS + BEAT_MS + 200 }, ...HELLO]
  const answer = await chat({ stream: false })
  expect(answer).toMatchObject({ status: 200, slices: 1 })
  expect(answer.body).toMatch(/^\{.*\}$/)
})

test('the openai package reads on through comments, and throws at an error after them', async () => {
  const client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'none', maxRetries: 0 })
  const asked = async (): Promise<string> => {
    let text = ''
    const stream = await client.chat.completions.create({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    return text
  }
  script = () => [{ pause: COMMIT_MS + BEAT_MS + 200 }, word('a'), { pause: 400 }, word('b'), done]
  expect(await asked()).toBe('ab')
  script = () => [{ pause: COMMIT_MS + 200 }, { line: { error: 'the model is gone' } }]
  await expect(asked()).rejects.toThrow('the model is gone')
})

test('0 is never', async () => {
  const never = await startTolk(ollama.url, { downstream: { commitAfterMs: 0, heartbeatMs: 0 } })
  await never.catalog.started
  script = () => [{ pause: 600 }, { status: 503, body: { error: 'busy' } }]
  const refused = await ask(never.url, { path: '/v1/chat/completions', body })
  expect(refused.status).toBe(503)
  script = () => [word('a'), { pause: 600 }, done]
  const stream = await chatStream(never.url, 'Hi')
  await stream.ended()
  expect(stream.comments()).toEqual([])
  await never.close()
})
