/** Rows of the protocol whose subject is the whole exchange: what a client's head may do, and what an answer's head says. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf, sendRaw } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const KEY = 'sk-protocol-0123456789'
const CANARY = 'canary-4711'

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama()
  tolk = await startTolk(ollama.url, { auth: { keys: [{ name: 'laptop', key: KEY }] } })
  await tolk.catalog.started
})
beforeEach(() => {
  ollama.script = () => HELLO
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat')

/** A chat with a good key, on a connection that closes after it. */
const chat = (headers: Readonly<Record<string, string>> = {}, fields: object = {}) =>
  sendRaw(tolk.url, chatOf({ Connection: 'close', ...headers }, fields))

const chatOf = (headers: Readonly<Record<string, string>>, fields: object = {}): string =>
  postOf(
    CHAT,
    { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields },
    { Authorization: `Bearer ${KEY}`, ...headers },
  )

describe('P-15 leave to send a body', () => {
  test('is not given to a key that nobody knows: 401, and no 100', async () => {
    const client = await connectTo(tolk.url)
    client.send(
      postOf(CHAT, '', {
        'Content-Length': '100',
        Expect: '100-continue',
        Authorization: 'Bearer x',
      }),
    )
    const all = await client.closed()
    expect(all.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401'])
    expect(refusalIn(answerIn(all)).code).toBe('invalid_api_key')
  })

  test('is given to one that is known: 100, then 200', async () => {
    const [head = '', body = ''] = chatOf({ Expect: '100-continue', Connection: 'close' }).split(
      /(?<=\r\n\r\n)/,
    )
    const client = await connectTo(tolk.url)
    client.send(head)
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    client.send(body)
    const all = await client.closed()
    expect(all.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200'])
  })
})

describe('P-20 no text of a client’s gets into a header', () => {
  const ODD = ['a\r\nX-Canary: 1', 'a\0b', 'a\u{1F600}', 'é', `${CANARY}\n\n`]

  test.each(ODD)('a model named %j is a 404', async (model) => {
    const answer = await chat({}, { model })
    expect(answer.status).toBe(404)
    expect(refusalIn(answer).code).toBe('model_not_found')
    expect(JSON.stringify(answer.headers)).not.toMatch(/canary/i)
  })

  test.each(ODD)('a field named %j is ignored, and not named', async (name) => {
    const answer = await chat({}, { [name]: 1, frequency_bias: 1 })
    expect(answer.status).toBe(200)
    expect(answer.headers['x-tolk-ignored']).toBe('frequency_bias')
    expect(JSON.stringify(answer.headers)).not.toMatch(/canary/i)
  })

  test.each(['X-Request-Id', 'X-Client-Request-Id'])(
    'an %s of the client’s is not repeated',
    async (name) => {
      const answer = await chat({ [name]: CANARY })
      expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/)
      expect(JSON.stringify(answer.headers)).not.toContain(CANARY)
    },
  )
})

describe('P-21 headers of one hop', () => {
  test('are not passed on', async () => {
    const answer = await chat({
      Connection: 'x-hop, close',
      'X-Hop': CANARY,
      TE: 'trailers',
      'Proxy-Authorization': `Basic ${CANARY}`,
      'Proxy-Connection': 'keep-alive',
      'Keep-Alive': 'timeout=5',
      Upgrade: CANARY,
    })
    expect(answer.status).toBe(200)
    const sent = chats().at(-1)?.headers ?? {}
    expect(JSON.stringify(sent)).not.toContain(CANARY)
    for (const name of ['te', 'upgrade', 'keep-alive', 'x-hop', 'proxy-connection']) {
      expect(sent).not.toHaveProperty(name)
    }
  })

  test('cannot take away what tolk goes by', async () => {
    const answer = await chat({ Connection: 'authorization, content-type, content-length, close' })
    expect(answer.status).toBe(200)
    const refused = await chat({
      Connection: 'authorization, close',
      Authorization: 'Bearer nobody',
    })
    expect(refused.status).toBe(401)
  })
})

describe('P-22 an underscore is no hyphen', () => {
  test.each([
    ['content_length', { content_length: '3' }],
    ['transfer_encoding', { transfer_encoding: 'chunked' }],
    ['content_type', { content_type: 'text/plain' }],
    ['x_request_id', { x_request_id: CANARY }],
  ])('%s means nothing', async (_, headers) => {
    const answer = await chat(headers)
    expect(answer.status).toBe(200)
    expect(JSON.stringify(answer.headers)).not.toContain(CANARY)
    expect(JSON.stringify(chats().at(-1)?.headers)).not.toContain(CANARY)
  })

  test('http_authorization is no key', async () => {
    const answer = await sendRaw(
      tolk.url,
      postOf(CHAT, '{}', { http_authorization: `Bearer ${KEY}`, Connection: 'close' }),
    )
    expect(answer.status).toBe(401)
  })
})

describe('P-24 where a request says it came from', () => {
  const FORGED = {
    Forwarded: `for=${CANARY};proto=https;host=${CANARY}`,
    'X-Forwarded-For': CANARY,
    'X-Forwarded-Host': CANARY,
    'X-Forwarded-Proto': 'https',
    'X-Real-IP': CANARY,
    'X-Original-URL': '/healthz',
    'X-HTTP-Method-Override': 'GET',
  }

  test('opens no door, and chooses no path', async () => {
    const answer = await sendRaw(tolk.url, postOf(CHAT, '{}', { ...FORGED, Connection: 'close' }))
    expect(answer.status).toBe(401)
    refusalIn(answer)
  })

  test('is neither logged nor repeated nor passed on', async () => {
    const before = tolk.logged.length
    const answer = await chat(FORGED)
    expect(answer.status).toBe(200)
    expect(JSON.stringify(answer)).not.toContain(CANARY)
    expect(JSON.stringify(chats().at(-1)?.headers)).not.toContain(CANARY)
    await expect.poll(() => tolk.logged.length).toBeGreaterThan(before)
    expect(tolk.logged.slice(before).join('')).not.toContain(CANARY)
  })
})

test('P-11 an odd path is one escaped line of the log', async () => {
  const before = tolk.logged.length
  const path = `/"level":"error"}%0a%1b[31m${'x'.repeat(1000)}`
  const answer = await sendRaw(
    tolk.url,
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  )
  expect(answer.status).toBe(404)
  refusalIn(answer)
  await expect.poll(() => tolk.logged.length).toBe(before + 1)
  const line = tolk.logged.at(-1)?.trimEnd() ?? ''
  for (const raw of ['\n', '\u001b', 'x'.repeat(300)]) expect(line).not.toContain(raw)
  expect(JSON.parse(line)).toMatchObject({ level: 'info', status: 404, outcome: 'unknown-url' })
})

describe('P-25 the head of a stream', () => {
  test('says what keeps those in between from holding or changing it', async () => {
    const { status, headers } = await chat({ 'Accept-Encoding': 'gzip, br' }, { stream: true })
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'transfer-encoding': 'chunked',
    })
    expect(headers).not.toHaveProperty('content-length')
    expect(headers).not.toHaveProperty('content-encoding')
    expect(headers).not.toHaveProperty('etag')
  })

  test('and its first event are there while the model still speaks', async () => {
    const gate = Promise.withResolvers<void>()
    ollama.script = () => [word('first'), { until: gate.promise }, word('last'), done]
    const client = await connectTo(tolk.url)
    client.send(chatOf({ Connection: 'close' }, { stream: true }))
    const early = await client.until(/"content":"first"/)
    gate.resolve()
    expect(early).not.toContain('last')
    expect(await client.closed()).toContain('[DONE]')
  })
})
