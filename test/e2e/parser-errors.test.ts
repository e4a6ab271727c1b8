/** What HTTP's own rules refuse: said in the envelope too, and the connection is closed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf, sendRaw } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const BODY = {
  model: 'm',
  stream: true,
  messages: [{ role: 'user', content: 'Hi' }],
}

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama({ script: () => HELLO })
  tolk = await startTolk(ollama.url, {
    server: { headersTimeoutMs: 400, requestTimeoutMs: 800 },
  })
  await tolk.catalog.started
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat')

/** A POST that asks for leave to send its body. */
const expecting = (length: number): string =>
  postOf(CHAT, '', { 'Content-Length': String(length), Expect: '100-continue' })

const get = (rest: string): string => `GET /healthz HTTP/1.1\r\nHost: a\r\n${rest}\r\n`
const chunkedHead = postOf(CHAT, '').replace('Content-Length: 0', 'Transfer-Encoding: chunked')

describe('a request that is not well-formed is a 400, and the connection is closed', () => {
  test.each<[what: string, text: string]>([
    ['rubbish', 'rubbish\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an unknown method', 'BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a folded header', get('X-A: a\r\n b\r\n')],
    ['a space before the colon', get('X-A : a\r\n')],
    ['a NUL in a header', get('X-A: a\0b\r\n')],
    ['a bare line feed', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
    ['two lengths', postOf(CHAT, BODY, { 'content-length': '3' })],
    ['a length and chunks', postOf(CHAT, BODY, { 'Transfer-Encoding': 'chunked' })],
    ['a length with a sign', postOf(CHAT, BODY, { 'Content-Length': '+5' })],
    ['a length of hexadecimal digits', postOf(CHAT, BODY, { 'Content-Length': '0x5' })],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['a Host with a space', 'GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['a Host with a user', 'GET /healthz HTTP/1.1\r\nHost: u@evil.example\r\n\r\n'],
    ['a Host with a path', 'GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['a backslash in the path', 'GET /v1\\models HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a chunk size that is none', `${chunkedHead}zz\r\n`],
    ['a chunk without its end', `${chunkedHead}2\r\n{}xx`],
  ])('%s', async (_, text) => {
    const answer = await sendRaw(tolk.url, text)
    expect(answer.status).toBe(400)
    expect(refusalIn(answer)).toMatchObject({ type: 'invalid_request_error', param: null })
    expect(answer.headers['connection']).toBe('close')
    expect(chats()).toEqual([])
  })
})

describe('headers that are too large are a 431', () => {
  test.each([
    ['a long line', get(`X-A: ${'x'.repeat(20_000)}\r\n`)],
    ['a long target', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a few too many', get('X-A: b\r\n'.repeat(101))],
    ['many', get('X-A: b\r\n'.repeat(1000))],
    ['far too many', get('X-A: b\r\n'.repeat(3000))],
  ])('%s', async (_, text) => {
    const answer = await sendRaw(tolk.url, text)
    expect(answer.status).toBe(431)
    expect(refusalIn(answer).code).toBe('request_headers_too_large')
    expect(answer.headers['connection']).toBe('close')
  })
})

describe('a request that takes too long is a 408', () => {
  test.each<[what: string, text: string, ms: number]>([
    ['half a header', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-', 400],
    ['half a body', postOf(CHAT, BODY).slice(0, -10), 800],
    ['half a body in chunks', `${chunkedHead}2\r\n{}\r\n`, 800],
  ])('%s', async (_, text, ms) => {
    const started = performance.now()
    // Node looks once a second.
    const answer = await sendRaw(tolk.url, text, ms + 2500)
    expect(performance.now() - started).toBeGreaterThanOrEqual(ms - 10)
    expect(answer.status).toBe(408)
    expect(refusalIn(answer).code).toBe('request_timeout')
    expect(answer.headers).toMatchObject({ connection: 'close', 'x-should-retry': 'false' })
  })

  test('the deadline is the request’s alone: the answer may take longer', async () => {
    ollama.script = () => [word('a'), { pause: 2500 }, ...HELLO]
    const client = await connectTo(tolk.url)
    client.send(postOf(CHAT, BODY))
    expect(await client.until(/\[DONE\]/, 5000)).toContain('"content":"a"')
    ollama.script = () => HELLO
    client.socket.destroy()
  })
})

test('a tunnel is refused in so many words', async () => {
  const answer = await sendRaw(tolk.url, 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n')
  expect(answer.status).toBe(405)
  expect(refusalIn(answer)).toMatchObject({ code: 'method_not_allowed' })
})

test('rubbish behind a request does not get into its answer', async () => {
  const gate = Promise.withResolvers<void>()
  ollama.script = () => [word('a'), { until: gate.promise }, ...HELLO]
  const client = await connectTo(tolk.url)
  client.send(postOf(CHAT, BODY))
  await client.until(/"content":"a"/)
  client.send('rubbish\r\n\r\n')
  await client.closed()
  gate.resolve()
  ollama.script = () => HELLO
  expect(client.received().match(/HTTP\/1\.1/g)).toHaveLength(1)
  expect(client.received()).not.toContain('400 Bad Request')
  await expect.poll(() => ollama.open().length).toBe(0)
})

describe('what is unusual, but HTTP', () => {
  test.each<[what: string, text: string]>([
    ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['HTTP/1.0 without a Host', 'GET /healthz HTTP/1.0\r\n\r\n'],
    ['an empty line first', `\r\n${get('Connection: close\r\n')}`],
    ['an absolute target', 'GET http://a/healthz HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n'],
    ['an upgrade to h2c', get('Connection: upgrade, close\r\nUpgrade: h2c\r\n')],
    ['an expectation nobody knows', get('Expect: miracles\r\nConnection: close\r\n')],
    ['an IPv6 Host', 'GET /healthz HTTP/1.1\r\nHost: [::1]:11435\r\nConnection: close\r\n\r\n'],
  ])('%s is served', async (_, text) => {
    const answer = await sendRaw(tolk.url, text)
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body).toBe('{"status":"ok"}')
  })

  test('a stream for HTTP/1.0 has no chunks, and ends with its connection', async () => {
    const answer = await sendRaw(tolk.url, postOf(CHAT, BODY).replace('HTTP/1.1', 'HTTP/1.0'))
    expect(answer.status).toBe(200)
    expect(answer.headers).not.toHaveProperty('transfer-encoding')
    expect(answer.body).toMatch(/^data: \{.*data: \[DONE\]\n\n$/s)
  })

  test('a body that waits for leave to be sent gets it, and none when it is refused', async () => {
    const text = JSON.stringify(BODY)
    const client = await connectTo(tolk.url)
    client.send(expecting(text.length))
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    client.send(text)
    await client.until(/\[DONE\]/)
    client.socket.destroy()

    const refused = await connectTo(tolk.url)
    refused.send(expecting(1_000_000_000))
    const answer = answerIn(await refused.closed())
    expect(answer.status).toBe(413)
    refusalIn(answer)
  })
})
