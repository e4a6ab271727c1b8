/** The stand-in's accidents, its memory and its manners, as a raw client meets them. */
import { get as getHttps, type RequestOptions } from 'node:https'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Step } from '../../src/demo/script.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createStandIn, type StandIn, type StandInOptions } from '../../src/demo/stand-in.ts'
import { certificates } from '../support/certificates.ts'
import { byByte, inTwoAt } from '../support/feed.ts'
import { ask } from '../support/raw-client.ts'

const CHAT = {
  path: '/api/chat',
  body: { model: 'm', messages: [{ role: 'user', content: 'hello' }] },
}

let standIn: StandIn

const start = async (options: StandInOptions = {}): Promise<StandIn> => {
  standIn = await createStandIn({ models: [createModel({ name: 'm:latest' })], ...options })
  return standIn
}

const play = (...steps: readonly Step[]): Promise<StandIn> => start({ script: () => steps })

afterEach(() => standIn.close())

/** The last request, once its answer is over. */
const lastClosing = async () => {
  const closing = await standIn.requests.at(-1)?.closed
  expect(closing).toBeDefined()
  return closing
}

describe('plays a script', () => {
  test('line by line, ended properly, in the content type of a stream', async () => {
    const { url } = await play({ line: { a: '<' } }, { pause: 1 }, { line: 'as it is' })
    const answer = await ask(url, CHAT)
    expect(answer).toMatchObject({ status: 200, end: 'whole' })
    expect(answer.body).toBe('{"a":"\\u003c"}\nas it is\n')
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'transfer-encoding': 'chunked',
    })
    expect(await lastClosing()).toMatchObject({ by: 'stand-in' })
  })

  test('nothing after a proper end', async () => {
    const { url } = await play({ line: 'one' }, { end: true }, { line: 'two' })
    expect((await ask(url, CHAT)).body).toBe('one\n')
  })

  test('sends no head before the first line', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await play({ until: gate.promise }, { line: 'late' })
    let hasAnswered = false
    const asking = ask(url, CHAT).finally(() => {
      hasAnswered = true
    })
    await ask(url, { path: '/api/version' })
    expect(hasAnswered).toBe(false)
    expect(standIn.open()).toHaveLength(1)
    gate.resolve()
    expect((await asking).body).toBe('late\n')
  })

  test('tears: FIN in the middle of a line', async () => {
    const { url } = await play({ line: 'whole' }, { bytes: '{"hal' }, { tear: true })
    expect(await ask(url, CHAT)).toMatchObject({ body: 'whole\n{"hal', end: 'torn' })
    expect(await lastClosing()).toMatchObject({ by: 'stand-in' })
  })

  test('resets: RST after what was said', async () => {
    const { url } = await play({ line: 'whole' }, { reset: true })
    expect(await ask(url, CHAT)).toMatchObject({ body: 'whole\n', end: 'reset' })
  })

  test('resets before any answer', async () => {
    const { url } = await play({ reset: true })
    await expect(ask(url, CHAT)).rejects.toThrow(/hang up|ECONNRESET/)
  })

  test('lies about the length', async () => {
    const { url } = await play(
      { status: 200, headers: { 'content-length': '100' } },
      { bytes: 'short' },
      { tear: true },
    )
    expect(await ask(url, CHAT)).toMatchObject({ body: 'short', end: 'torn' })
  })

  test('says what HTTP would never say, raw', async () => {
    const raw = 'HTTP/1.1 299 Whatever\r\nContent-Type: text/html\r\n\r\n<h1>'
    const { url } = await play({ raw })
    expect(await ask(url, CHAT)).toMatchObject({ status: 299, body: '<h1>', end: 'whole' })
  })

  test.each([
    { body: { error: 'x' }, type: 'application/json; charset=utf-8', text: '{"error":"x"}' },
    { body: 'plain', type: undefined, text: 'plain' },
  ])('answers $text with a status and a length', async ({ body, type, text }) => {
    const { url } = await play({ status: 418, body })
    const answer = await ask(url, CHAT)
    expect(answer).toMatchObject({ status: 418, body: text })
    expect(answer.headers['content-type']).toBe(type)
    expect(answer.headers['content-length']).toBe(String(text.length))
  })

  test('cuts where it is told to, the step before the stand-in', async () => {
    const { url } = await start({
      slices: byByte,
      script: () => [{ bytes: 'four' }, { bytes: 'twice', slices: inTwoAt(2) }],
    })
    expect(await ask(url, CHAT)).toMatchObject({ body: 'fourtwice', slices: 6 })
  })

  test('pulls an endless script only as fast as the client reads', async () => {
    let pulled = 0
    const { port } = await start({
      script: function* () {
        for (; ; pulled += 1) yield { line: 'x'.repeat(100_000) }
      },
    })
    const socket = connect(port, '127.0.0.1')
    const body = JSON.stringify(CHAT.body)
    socket.write(
      `POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await settled(() => pulled)
    expect(pulled).toBeLessThan(200)
    socket.destroy()
    expect(await lastClosing()).toMatchObject({ by: 'client' })
  })

  test('gives what a script throws to whoever closes it', async () => {
    const own = await createStandIn({
      models: [createModel({ name: 'm:latest' })],
      script: () => {
        throw new Error('a broken script')
      },
    })
    await expect(ask(own.url, CHAT)).rejects.toThrow(/hang up/)
    await expect(own.close()).rejects.toThrow('a broken script')
    await start()
  })
})

describe('notices a client that leaves', () => {
  test('within 50 ms, while it holds the answer', async () => {
    const { url } = await play({ line: 'one' }, { hold: true })
    const leaving = new AbortController()
    const response = await fetch(`${url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify(CHAT.body),
      signal: leaving.signal,
    })
    expect(response.status).toBe(200)
    expect(standIn.open()).toHaveLength(1)
    const left = performance.now()
    leaving.abort()
    const closing = await lastClosing()
    expect(closing?.by).toBe('client')
    expect((closing?.at ?? Infinity) - left).toBeLessThan(50)
    expect(standIn.open()).toHaveLength(0)
  })

  test('while nothing was said yet, and tells its listeners', async () => {
    const { url } = await play({ pause: 60_000 })
    const heard = new Promise((resolve) => standIn.onClose(({ by }) => resolve(by)))
    const leaving = new AbortController()
    const asking = fetch(`${url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify(CHAT.body),
      signal: leaving.signal,
    })
    await settled(() => standIn.open().length, 1)
    leaving.abort()
    await expect(asking).rejects.toThrow('aborted')
    expect(await heard).toBe('client')
  })
})

test('remembers what it was asked, verbatim', async () => {
  const { url } = await play({ line: 'x' })
  const body = '{ "model" : "M", "messages" : [{"role":"user","content":"é"}] } trailing'
  await ask(url, { path: '/api/chat?x=1', body, headers: { 'x-test': 'yes' } })
  expect(standIn.requests).toHaveLength(1)
  expect(standIn.requests[0]).toMatchObject({
    method: 'POST',
    path: '/api/chat?x=1',
    route: '/api/chat',
    body,
    headers: { 'x-test': 'yes' },
  })
})

describe('may have an outage', () => {
  test('refuses and comes back on the same port', async () => {
    const { url, port } = await start()
    await standIn.down()
    await expect(ask(url, { path: '/' })).rejects.toThrow('ECONNREFUSED')
    await standIn.up()
    expect(standIn.port).toBe(port)
    expect((await ask(url, { path: '/' })).body).toBe('Ollama is running')
  })

  test('cuts what is under way', async () => {
    const { url } = await play({ line: 'one' }, { hold: true })
    const response = await fetch(`${url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify(CHAT.body),
    })
    await standIn.down()
    await expect(response.text()).rejects.toThrow('terminated')
    expect(standIn.connections()).toBe(0)
  })
})

describe('keeps its door', () => {
  test.each([
    [{}, 401],
    [{ authorization: 'Bearer wrong' }, 401],
    [{ authorization: 'Bearer sesame' }, 200],
  ])('for a bearer of its key: %j gets %i', async (headers, status) => {
    const { url } = await start({ apiKey: 'sesame' })
    expect((await ask(url, { path: '/api/tags', headers })).status).toBe(status)
  })

  test('for whoever carries the headers it wants', async () => {
    const { url } = await start({ requires: { 'x-key': 'sesame' } })
    const { status, body } = await ask(url, { path: '/api/tags' })
    expect([status, body]).toEqual([401, '{"error":"unauthorized"}'])
    const headers = { 'x-key': 'sesame' }
    expect((await ask(url, { path: '/api/tags', headers })).status).toBe(200)
  })

  test.each([
    ['localhost', 200],
    ['127.0.0.1:1', 200],
    ['[::1]:11434', 200],
    ['10.1.2.3', 200],
    ['ollama.internal', 200],
    ['8.8.8.8', 403],
    ['evil.example', 403],
  ])('for a Host of %s: %i', async (host, status) => {
    const { url } = await start()
    expect((await ask(url, { path: '/', headers: { host } })).status).toBe(status)
  })

  test.each([
    ['http://localhost:3000', 200],
    ['app://obsidian.md', 200],
    ['https://evil.example', 403],
    ['http://localhost.evil.example', 403],
  ])('for an Origin of %s: %i', async (origin, status) => {
    const { url } = await start()
    expect((await ask(url, { path: '/', headers: { origin } })).status).toBe(status)
  })
})

test('lives below a prefix and nowhere else', async () => {
  const { url, port } = await start({ prefix: '/ollama' })
  expect(url).toBe(`http://127.0.0.1:${port}/ollama`)
  expect((await ask(url, { path: '/api/version' })).body).toBe('{"version":"0.33.0"}')
  expect((await ask(url, { path: '' })).body).toBe('Ollama is running')
  for (const path of ['/api/version', '/ollamas/api/version']) {
    expect((await ask(`http://127.0.0.1:${port}`, { path })).status).toBe(404)
  }
})

describe('speaks https', () => {
  const { ca, server, client } = certificates
  test('to those who know its authority', async () => {
    const { url } = await start({ tls: server })
    expect(url).toMatch(/^https:/)
    expect(await get(url, { ca })).toBe(200)
    await expect(get(url, {})).rejects.toThrow(/certificate|self.signed|verify/i)
  })

  test('to those who have a certificate themselves, if it asks for one', async () => {
    const { url } = await start({ tls: { ...server, clientCa: ca } })
    expect(await get(url, { ca, ...client })).toBe(200)
    await expect(get(url, { ca })).rejects.toThrow(/certificate required|hang up|ECONNRESET/)
  })
})

describe('knows its routes', () => {
  test.each([
    ['GET', '/', 200, 'Ollama is running'],
    ['HEAD', '/', 200, ''],
    ['HEAD', '/api/tags', 200, ''],
    ['GET', '/api/chat', 405, '405 method not allowed'],
    ['GET', '/api/none', 404, '404 page not found'],
    ['POST', '//api/chat', 307, ''],
    ['POST', '/api/chat/', 307, ''],
    ['POST', '/api/show', 400, '{"error":"missing request body"}'],
  ])('%s %s: %i', async (method, path, status, body) => {
    const { url } = await start()
    expect(await ask(url, { method, path })).toMatchObject({ status, body })
  })

  test('answers with the models of the moment', async () => {
    const { url } = await start()
    standIn.models = [createModel({ name: 'new:1b', loaded: true, listed: null })]
    for (const path of ['/api/tags', '/api/ps']) {
      const { body } = await ask(url, { path })
      expect(JSON.parse(body)).toMatchObject({ models: [{ name: 'new:1b' }] })
      expect(body).not.toContain('capabilities')
    }
    const { status } = await ask(url, { path: '/api/show', body: { model: 'NEW:1B' } })
    expect(status).toBe(200)
  })

  test('lets a test lie about any of them', async () => {
    const { url } = await start({
      intercept: ({ route }) => (route === '/api/tags' ? [{ status: 502, body: 'oh' }] : undefined),
    })
    expect((await ask(url, { path: '/api/tags' })).status).toBe(502)
    expect((await ask(url, { path: '/api/version' })).status).toBe(200)
  })
})

/** @returns the status of a GET over TLS. */
const get = (url: string, options: RequestOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    getHttps(`${url}/api/version`, { agent: false, ...options }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', reject)
  })

/** Resolves when a number has been the same for a while, or is the one waited for. */
const settled = async (count: () => number, wanted?: number): Promise<void> => {
  const deadline = performance.now() + 5000
  for (let last = -1; performance.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (wanted === undefined ? count() === last : count() === wanted) return
    last = count()
  }
  throw new Error('it did not settle within five seconds')
}
