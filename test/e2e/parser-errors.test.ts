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
const post = (body: object | string, headers: Readonly<Record<string, string>>): string =>
  postOf(CHAT, body, headers)
const targeted = (method: string, target: string): string =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
const chunkedHead = postOf(CHAT, '').replace('Content-Length: 0', 'Transfer-Encoding: chunked')
const chunkOf = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`

/** A request that would be served, were its coding another. */
const coded = (coding: string, more = ''): string =>
  `${chunkedHead.replace('chunked\r\n', `${coding}\r\n${more}`)}${chunkOf(JSON.stringify(BODY))}`

describe('a request that is not well-formed is a 400, and the connection is closed', () => {
  test.each<[what: string, text: string]>([
    ['P-01 a length and chunks', postOf(CHAT, BODY, { 'Transfer-Encoding': 'chunked' })],
    ['P-02 two lengths', postOf(CHAT, BODY, { 'content-length': '3' })],
    ['P-02 two equal lengths', post('{}', { 'content-length': '2' })],
    ['P-03 a length with a sign', postOf(CHAT, BODY, { 'Content-Length': '+5' })],
    ['P-03 a length of hexadecimal digits', postOf(CHAT, BODY, { 'Content-Length': '0x5' })],
    ['P-03 a list of lengths', post('hello', { 'Content-Length': '5,5' })],
    ['P-03 a length below nothing', post('hello', { 'Content-Length': '-5' })],
    ['P-03 no digits for a length', post('', { 'Content-Length': '' })],
    ['P-03 a length above 2^64', post('hello', { 'Content-Length': '99999999999999999999' })],
    ['P-04 a coding that is nearly chunked', coded('xchunked')],
    ['P-04 chunks that are not the last coding', coded('chunked, identity')],
    ['P-04 a coding in front of the chunks', coded('gzip, chunked')],
    ['P-04 no coding by its name', coded('identity')],
    ['P-04 chunks, twice', coded('chunked', 'Transfer-Encoding: chunked\r\n')],
    ['P-05 a chunk size that is none', `${chunkedHead}zz\r\n`],
    ['P-05 a chunk size with a prefix', `${chunkedHead}0x5\r\nhello\r\n0\r\n\r\n`],
    ['P-05 a chunk size of 17 digits', `${chunkedHead}${'1'.repeat(17)}\r\n`],
    ['P-05 a chunk without its end', `${chunkedHead}2\r\n{}xx`],
    ['P-05 more behind a chunk size than anyone reads', `${chunkedHead}5;${'x'.repeat(20_480)}`],
    ['P-06 a folded header', get('X-A: a\r\n b\r\n')],
    ['P-06 a space before the colon', get('X-A : a\r\n')],
    ['P-06 a NUL in a header', get('X-A: a\0b\r\n')],
    ['P-06 a bare line feed', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
    ['P-06 a bare carriage return', get('X-A: a\rb\r\n')],
    ['P-06 a name that is not ASCII', get('X-é: a\r\n')],
    ['P-07 no Host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['P-07 an empty Host', 'GET /healthz HTTP/1.1\r\nHost:\r\n\r\n'],
    ['P-07 two Hosts', get('host: b\r\n')],
    ['P-07 two equal Hosts', get('HOST: a\r\n')],
    ['P-07 a Host with a space', 'GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['P-07 a Host with a user', 'GET /healthz HTTP/1.1\r\nHost: u@evil.example\r\n\r\n'],
    ['P-07 a Host with a path', 'GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['P-08 two keys', post(BODY, { Authorization: 'Bearer a', authorization: 'Bearer b' })],
    [
      'P-08 the same key twice',
      post(BODY, { Authorization: 'Bearer a', authorization: 'Bearer a' }),
    ],
    ['P-08 two types', post(BODY, { 'content-type': 'text/plain' })],
    ['P-08 two compressions', post(BODY, { 'Content-Encoding': 'gzip', 'content-encoding': 'br' })],
    ['P-09 a target elsewhere', targeted('GET', 'http://169.254.169.254/latest/meta-data')],
    ['P-09 a target here, in full', targeted('GET', 'http://a/healthz')],
    ['P-09 OPTIONS of the whole server', targeted('OPTIONS', '*')],
    ['P-09 an unknown method', targeted('BREW', '/pot')],
    ['P-11 a backslash in the path', targeted('GET', '/v1\\models')],
    ['P-11 a control character in the path', targeted('GET', '/v1/models/\x01')],
    ['P-14 HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['P-14 a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['P-23 rubbish', 'rubbish\r\n\r\n'],
    ['P-23 another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
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
    ['P-12, P-23 a long line', get(`X-A: ${'x'.repeat(20_000)}\r\n`)],
    ['P-12 a long target', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['P-12 a few too many', get('X-A: b\r\n'.repeat(101))],
    ['P-12 many', get('X-A: b\r\n'.repeat(1000))],
    ['P-12 far too many', get('X-A: b\r\n'.repeat(3000))],
    [
      'P-12 so many that a key is behind them',
      get(`${'X:\r\n'.repeat(2100)}Authorization: Bearer a\r\n`),
    ],
  ])('%s', async (_, text) => {
    const answer = await sendRaw(tolk.url, text)
    expect(answer.status).toBe(431)
    expect(refusalIn(answer).code).toBe('request_headers_too_large')
    expect(answer.headers['connection']).toBe('close')
  })
})

describe('a request that takes too long is a 408', () => {
  test.each<[what: string, text: string, ms: number]>([
    ['P-23 half a header', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-', 400],
    ['P-23 half a body', postOf(CHAT, BODY).slice(0, -10), 800],
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

test('P-09 a tunnel is refused in so many words', async () => {
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

test('P-03 a length of 2^63 is not waited for', async () => {
  const answer = await sendRaw(tolk.url, post('', { 'Content-Length': '9223372036854775808' }))
  expect(answer.status).toBe(413)
  refusalIn(answer)
  expect(answer.headers['connection']).toBe('close')
})

test('P-03 blanks around a length are none of it', async () => {
  const client = await connectTo(tolk.url)
  client.send(post('hello', { 'Content-Length': ' 5 ' }))
  expect(await client.until(/\}\}$/)).toMatch(/^HTTP\/1\.1 400.*invalid_json/s)
  client.send(get('Connection: close\r\n'))
  expect((await client.closed()).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200'])
})

test('P-04 chunks alone are a coding that is known, in any case', async () => {
  ollama.script = () => HELLO
  const client = await connectTo(tolk.url)
  client.send(coded('Chunked'))
  expect(await client.until(/\[DONE\]/)).toMatch(/^HTTP\/1\.1 200/)
  client.socket.destroy()
})

test.each(['/v1/models', CHAT, '/healthz', '/readyz'])(
  'P-09 TRACE %s is a 405 that repeats nothing',
  async (path) => {
    const text = targeted('TRACE', path).replace('Host', 'X-Canary: canary\r\nHost')
    const client = await connectTo(tolk.url)
    client.send(text)
    const all = await client.closed()
    const answer = answerIn(all)
    expect(answer.status).toBe(405)
    expect(answer.headers).toHaveProperty('allow')
    expect(refusalIn(answer).code).toBe('method_not_allowed')
    expect(all).not.toContain('canary')
  },
)

test.each(['miracles', '100-continue, miracles', '200-ok'])(
  'P-15 the expectation %j is a 417, and nothing is asked of the upstream',
  async (expectation) => {
    const before = chats().length
    const answer = await sendRaw(tolk.url, post(BODY, { Expect: expectation }))
    expect(answer.status).toBe(417)
    expect(refusalIn(answer)).toMatchObject({ type: 'invalid_request_error', param: null })
    expect(answer.headers['connection']).toBe('close')
    expect(chats()).toHaveLength(before)
  },
)

describe('what is unusual, but HTTP', () => {
  test.each<[what: string, text: string]>([
    ['P-13 HTTP/1.0', 'GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['P-13 HTTP/1.0 without a Host', 'GET /healthz HTTP/1.0\r\n\r\n'],
    ['an empty line first', `\r\n${get('Connection: close\r\n')}`],
    ['P-14 an upgrade to h2c', get('Connection: upgrade, close\r\nUpgrade: h2c\r\n')],
    ['P-14 an upgrade to a WebSocket', get('Connection: upgrade, close\r\nUpgrade: websocket\r\n')],
    ['an IPv6 Host', 'GET /healthz HTTP/1.1\r\nHost: [::1]:11435\r\nConnection: close\r\n\r\n'],
  ])('%s is served', async (_, text) => {
    const answer = await sendRaw(tolk.url, text)
    expect(answer).toMatchObject({ status: 200, headers: { connection: 'close' } })
    expect(answer.body).toBe('{"status":"ok"}')
  })

  test('P-13 a stream for HTTP/1.0 has no chunks, and ends with its connection', async () => {
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
