/** Requests that are wrong: each is refused in the envelope, and none reaches the upstream. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf, sendRaw } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const LIMIT = 4096
const FITTING = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama()
  tolk = await startTolk(ollama.url, {
    limits: { maxBodyBytes: LIMIT, maxJsonDepth: 10, maxJsonTokens: 1000 },
  })
  await tolk.catalog.started
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

/** A POST of these very bytes. */
const post = async (bytes: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) => {
  const client = await connectTo(tolk.url)
  const body = Buffer.from(bytes)
  const head = postOf(CHAT, '', { 'Content-Length': String(body.length), ...headers })
  client.send(head)
  client.send(body)
  await client.until(/\r\n\r\n\{.*\}/s)
  client.socket.destroy()
  return answerIn(client.received())
}

describe('C-09 a body that is no JSON is a 400 invalid_json', () => {
  test.each<[what: string, body: string | Uint8Array]>([
    ['empty', ''],
    ['blank', ' \n '],
    ['cut off', '{"model": "m", "messages": ['],
    ['with a comment', '{"model": "m" /* the best */}'],
    ['with NaN', '{"temperature": NaN}'],
    ['with more behind it', '{"model": "m"} {"model": "n"}'],
    ['not UTF-8', Buffer.from('{"model": "caf\xE9"}', 'latin1')],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0xbd, 0x22])],
    ['UTF-16', Buffer.from('{"model": "m"}', 'utf16le')],
  ])('%s', async (_, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(refusalIn(answer)).toMatchObject({
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_json',
    })
  })

  test.each([
    ['nested deeper than 10', 'maxJsonDepth', '['.repeat(4000)],
    ['more tokens than 1000', 'maxJsonTokens', `[${'1,'.repeat(2000)}1]`],
  ])('%s: says which limit that is', async (what, limit, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(refusalIn(answer)).toMatchObject({
      code: 'invalid_json',
      message: expect.stringMatching(new RegExp(`${what}[.,].*limits\\.${limit} `)),
    })
  })

  test('says where, if the parser does', async () => {
    expect(refusalIn(await post('{"model" "m"}')).message).toContain('near character 9')
  })

  test('repeats nothing of it', async () => {
    expect(refusalIn(await post('{"canary": canary}')).message).not.toContain('canary')
  })
})

test.each([['null'], ['[]'], ['"model"'], ['7'], ['true']])('%s is a 400', async (body) => {
  const answer = await post(body)
  expect(answer.status).toBe(400)
  expect(refusalIn(answer).type).toBe('invalid_request_error')
})

test.each<[what: string, fields: object, param: string]>([
  ['no model', { model: undefined }, 'model'],
  ['no messages', { messages: undefined }, 'messages'],
  ['stream as text', { stream: 'true' }, 'stream'],
  ['a temperature as text', { temperature: '0' }, 'temperature'],
  ['messages as an object', { messages: {} }, 'messages'],
])('%s is a 400 that names the param', async (_, fields, param) => {
  const answer = await ask(tolk.url, { path: CHAT, body: { ...FITTING, ...fields } })
  expect(answer.status).toBe(400)
  expect(refusalIn(answer).param).toBe(param)
})

describe('C-11 the content type', () => {
  test.each([
    ['text/plain'],
    ['multipart/form-data; boundary=x'],
    ['application/x-www-form-urlencoded'],
    ['application/jsonp'],
    ['text/plain; application/json'],
    ['application/json; charset=latin1'],
    ['application/json;charset="ISO-8859-1"'],
    ['application/json; charset='],
    [''],
  ])('%j is a 415', async (type) => {
    const answer = await post(JSON.stringify(FITTING), { 'Content-Type': type })
    expect(answer.status).toBe(415)
    expect(refusalIn(answer).code).toBe('unsupported_media_type')
  })

  test.each([
    ['application/json; charset=utf-8'],
    ['Application/JSON'],
    ['application/json ;charset=utf-8'],
    ['application/json; profile=x; Charset="UTF-8"'],
    ['application/merge-patch+json'],
  ])('%j is JSON', async (type) => {
    expect((await post('{}', { 'Content-Type': type })).status).toBe(400)
  })

  test('none at all is a 415', async () => {
    const answer = await sendRaw(
      tolk.url,
      `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
    )
    expect(answer.status).toBe(415)
    refusalIn(answer)
  })

  test('R-09 a compressed body is a 415, and is not inflated', async () => {
    const answer = await post(gzipSync(JSON.stringify(FITTING)), { 'Content-Encoding': 'gzip' })
    expect(answer.status).toBe(415)
    expect(refusalIn(answer).message).toContain('Content-Encoding')
  })
})

describe('a body that is too large is a 413', () => {
  const large = JSON.stringify({ ...FITTING, padding: 'x'.repeat(LIMIT) })

  test('R-03 by its length, before a byte of it is sent', async () => {
    const client = await connectTo(tolk.url)
    client.send(postOf(CHAT, '', { 'Content-Length': '1000000000' }))
    const answer = answerIn(await client.until(/\r\n\r\n\{.*\}/s, 500))
    expect(answer.status).toBe(413)
    expect(refusalIn(answer)).toMatchObject({
      code: 'request_too_large',
      message: expect.stringContaining(String(LIMIT)),
    })
    // Nobody waits for a gigabyte.
    await client.closed(2000)
  })

  test('R-04 by what came, when it said no length', async () => {
    const client = await connectTo(tolk.url)
    const head = postOf(CHAT, '', {}).replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    client.send(`${head}${large.length.toString(16)}\r\n${large}\r\n`)
    const answer = answerIn(await client.until(/\r\n\r\n\{.*\}/s, 500))
    expect(answer.status).toBe(413)
    refusalIn(answer)
    await client.closed(2000)
  })

  test('and a byte less is read', async () => {
    const exact = JSON.stringify({ x: 'x'.repeat(LIMIT - 8) })
    expect(exact).toHaveLength(LIMIT)
    expect((await post(exact)).status).toBe(400)
    expect((await post(`${exact} `)).status).toBe(413)
  })
})

/** Of the path as it is: an HTTP library would write it another way. */
const pathAnswer = (path: string) =>
  sendRaw(tolk.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)

describe('paths and methods', () => {
  test.each([
    ['/'],
    ['/v1'],
    ['/v1/chat'],
    ['/v1/chat/completions/'],
    ['/V1/models'],
    ['//v1/models'],
    ['/v1//models'],
    ['/v1%2fmodels'],
    ['/v1/models;x'],
    ['/api/tags'],
    ['/metrics'],
    ['/v1/%ff%zz'],
    ['/v1/../healthz'],
    ['/v1/%2e%2e/healthz'],
    ['/v1/.%2E/healthz'],
    ['/v1/./models'],
    ['/v1/models/..'],
    ['/v1/models/../../healthz'],
    ['/v1/models/%2e%2e/chat/completions'],
    ['/v1/model%73'],
    ['/%68ealthz'],
    ['/healthz/'],
    ['/healthz#x'],
    ['//evil.example/v1/models'],
  ])('P-10 %s is a 404', async (path) => {
    const answer = await pathAnswer(path)
    expect(answer.status).toBe(404)
    expect(refusalIn(answer)).toMatchObject({ type: 'invalid_request_error', code: 'unknown_url' })
  })

  test.each([
    ['GET', CHAT, 'POST'],
    ['DELETE', CHAT, 'POST'],
    ['PUT', CHAT, 'POST'],
    ['OPTIONS', CHAT, 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['TRACE', '/readyz', 'GET, HEAD'],
    ['DELETE', '/v1/models/m', 'GET, HEAD'],
  ])('%s %s is a 405 that says what is allowed', async (method, path, allow) => {
    const answer = await ask(tolk.url, { method, path })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe(allow)
    expect(refusalIn(answer).code).toBe('method_not_allowed')
  })

  test('P-19 HEAD gets the head alone', async () => {
    for (const path of ['/healthz', '/livez', '/readyz', '/v1/models', '/v1/models/m']) {
      const answer = await ask(tolk.url, { method: 'HEAD', path })
      expect(answer).toMatchObject({ status: 200, body: '', end: 'whole' })
    }
  })

  test('P-10 a slash at the end of the list is a model without a name', async () => {
    const answer = await pathAnswer('/v1/models/')
    expect(answer.status).toBe(404)
    expect(refusalIn(answer).code).toBe('model_not_found')
  })

  test('a model that does not exist is a 404, whatever its name', async () => {
    for (const name of ['n', 'a/b:c', '%', '%E0%A4%A', '\\', 'é', 'x'.repeat(3000)]) {
      const answer = await ask(tolk.url, { path: `/v1/models/${encodeURI(name)}` })
      expect(answer.status).toBe(404)
      expect(refusalIn(answer).code).toBe('model_not_found')
    }
  })
})

test('B-01 no web page is told that it may read an answer', async () => {
  const { headers } = await ask(tolk.url, {
    method: 'OPTIONS',
    path: CHAT,
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
})

test('none of all these has reached the upstream', () => {
  expect(ollama.requests.filter(({ route }) => route === '/api/chat')).toEqual([])
})
