/** Client keys: who may ask, for which models, how often; decided before the body is read. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask, type RawAnswer } from '../support/raw-client.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const KEY = 'sk-laptop-0123456789abcdef'

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama({
    models: ['m', 'gpt-oss:20b', 'gpt-oss:120b', 'secret/model:latest'].map((name) =>
      createModel({ name, abilities: ['completion', 'tools'] }),
    ),
  })
  tolk = await startTolk(ollama.url, {
    auth: {
      keys: [
        { name: 'laptop', key: KEY },
        { name: 'phone', key: 'sk-phone', models: ['gpt-oss:*'] },
        { name: 'clock', key: 'sk-clock', requestsPerMinute: 3 },
        { name: 'watch', key: 'sk-watch', requestsPerMinute: 3 },
        { name: 'sundial', key: 'sk-sundial', requestsPerMinute: 6000 },
      ],
    },
    models: { aliases: { 'gpt-4o': 'gpt-oss:20b', sneaky: 'secret/model', sly: 'sneaky' } },
  })
  await tolk.catalog.started
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat').length

const chat = (authorization: string | null, model = 'm', url = tolk.url): Promise<RawAnswer> =>
  ask(url, {
    path: CHAT,
    headers: authorization === null ? {} : { authorization },
    body: { model, messages: [{ role: 'user', content: 'Hi' }] },
  })

test('without any keys configured nobody is asked for one', async () => {
  const open = await startTolk(ollama.url)
  expect((await chat(null, 'm', open.url)).status).toBe(200)
  expect((await chat('Bearer anything', 'm', open.url)).status).toBe(200)
  await open.close()
})

test.each([[`Bearer ${KEY}`], [`bearer ${KEY}`], [`BEARER   ${KEY}`]])(
  'A-01 %s opens the door',
  async (authorization) => {
    expect((await chat(authorization)).status).toBe(200)
  },
)

describe('A-01, A-02, A-08 a wrong key is a 401', () => {
  const wrong: readonly (readonly [what: string, authorization: string | null])[] = [
    ['none', null],
    ['empty', ''],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['another scheme', `Basic ${Buffer.from(`x:${KEY}`).toString('base64')}`],
    ['no scheme', KEY],
    ['a prefix of it', `Bearer ${KEY.slice(0, -1)}`],
    ['one character more', `Bearer ${KEY}x`],
    ['another case', `Bearer ${KEY.toUpperCase()}`],
    ['two', `Bearer ${KEY} ${KEY}`],
    ['two, with a comma', `Bearer ${KEY}, Bearer ${KEY}`],
    ['its hash', `Bearer ${'0'.repeat(64)}`],
    ['SQL', "Bearer ' OR 1=1 --"],
    ['a query', 'Bearer {"$ne":null}'],
    ['a template', 'Bearer ${process.env}{{7*7}}'],
    ['a pattern', 'Bearer .*'],
    ['not ASCII', 'Bearer \u00E9\u00E8'],
    ['very long', `Bearer ${'x'.repeat(12_000)}`],
  ]

  test.each(wrong)('%s', async (_, authorization) => {
    const before = chats()
    const answer = await chat(authorization)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(refusalIn(answer)).toMatchObject({
      type: 'invalid_request_error',
      code: 'invalid_api_key',
      // litellm knows the refusal by these words, and takes any other for a bad request.
      message: expect.stringContaining('Incorrect API key provided'),
    })
    expect(chats()).toBe(before)
  })

  test('S-08 with the same bytes whatever was wrong, and nothing of the key', async () => {
    const bodies = await Promise.all(wrong.map(async ([, one]) => (await chat(one)).body))
    expect(new Set(bodies).size).toBe(1)
    expect(bodies[0]).not.toContain('sk-')
  })

  test('in the query it counts for nothing', async () => {
    for (const name of ['key', 'api_key', 'access_token']) {
      const { status } = await ask(tolk.url, { path: `/v1/models?${name}=${KEY}` })
      expect(status).toBe(401)
    }
  })

  test.each([
    ['GET', '/v1/models'],
    ['GET', '/v1/models/m'],
    ['GET', '/v1/nothing'],
    ['DELETE', CHAT],
    ['GET', '/v1/chat/../models'],
    ['GET', '/x/../v1/models'],
    ['GET', '/v1/%6dodels'],
    ['GET', '/%76%31/models'],
  ])('%s %s tells a stranger nothing', async (method, path) => {
    const answer = await ask(tolk.url, { method, path })
    expect([401, 404]).toContain(answer.status)
    refusalIn(answer)
    expect(answer.body).not.toContain('gpt-oss')
  })

  test('A-07 before the body is read: a gigabyte is refused at once, and not waited for', async () => {
    for (const headers of [{}, { Expect: '100-continue' }]) {
      const client = await connectTo(tolk.url)
      const sent = performance.now()
      client.send(postOf(CHAT, '', { 'Content-Length': '1000000000', ...headers }))
      const answer = answerIn(await client.until(/\r\n\r\n\{.*\}/s, 500))
      expect(performance.now() - sent).toBeLessThan(250)
      expect(answer.status).toBe(401)
      refusalIn(answer)
      await client.closed(1500)
    }
  })
})

describe('A-04 a key that is no key', () => {
  test.each<[what: string, key: string, status: number]>([
    ['of a megabyte', 'x'.repeat(1_000_000), 431],
    ['of more than a head may be', 'x'.repeat(17_000), 431],
    ['as long as a head may be', 'x'.repeat(15_000), 401],
    ['of octets that are no ASCII', '\u00FF\u00FE\u0080', 401],
    ['of UTF-8', Buffer.from('\u30AD\u30FC').toString('latin1'), 401],
  ])('%s is refused in a moment, and keeps no socket', async (_, key, status) => {
    const client = await connectTo(tolk.url)
    client.send(
      Buffer.from(
        `GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`,
        'latin1',
      ),
    )
    const answer = answerIn(await client.closed())
    expect(answer.status).toBe(status)
    expect(refusalIn(answer).message).not.toContain('xx')
    client.socket.destroy()
  })
})

test.each([['/healthz'], ['/livez'], ['/readyz']])(
  'A-14 %s needs no key, and tells nothing',
  async (path) => {
    const answer = await ask(tolk.url, { path })
    expect(answer.status).toBe(200)
    expect(answer.body).toBe('{"status":"ok"}')
  },
)

describe('A-10 a key for some models', () => {
  const phone = 'Bearer sk-phone'

  test.each([['gpt-oss:20b'], ['ollama/gpt-oss:20b'], ['GPT-OSS:120B'], ['gpt-4o'], ['GPT-4O']])(
    'opens %s',
    async (model) => {
      expect((await chat(phone, model)).status).toBe(200)
    },
  )

  test.each([
    ['m'],
    ['M'],
    ['ollama/m'],
    ['secret/model'],
    ['SECRET/MODEL:LATEST'],
    ['sneaky'],
    ['sly'],
  ])('does not open %s', async (model) => {
    const before = chats()
    const answer = await chat(phone, model)
    expect(answer.status).toBe(403)
    expect(refusalIn(answer)).toMatchObject({ code: 'permission_denied', param: 'model' })
    expect(chats()).toBe(before)
  })

  test.each([
    ['gpt-oss:20b/../m'],
    ['gpt-oss:20b\u0000m'],
    ['gpt-oss:m'],
    ['registry.ollama.ai/library/m'],
    ['library/m'],
    ['hf.co/x/y'],
    ['ｇｐｔ-oss:20b'],
  ])('knows no %j', async (model) => {
    const answer = await chat(phone, model)
    expect([400, 403, 404]).toContain(answer.status)
    refusalIn(answer)
  })

  test('lists and retrieves those alone', async () => {
    const headers = { authorization: phone }
    const { body } = await ask(tolk.url, { path: '/v1/models', headers })
    const { data } = JSON.parse(body)
    expect(data.map(({ id }: { id: string }) => id)).toEqual(['gpt-oss:20b', 'gpt-oss:120b'])
    const hidden = await ask(tolk.url, { path: '/v1/models/secret/model', headers })
    expect(hidden.status).toBe(403)
    expect(hidden.body).not.toContain('secret')
  })

  test('is told no name that it does not open', async () => {
    const answer = await chat(phone, 'secret/mode')
    expect(answer.status).toBe(404)
    expect(refusalIn(answer).message).not.toContain('secret/model')
  })

  test('of two models in a body the last counts, for the key and for the upstream', async () => {
    const answer = await ask(tolk.url, {
      path: CHAT,
      headers: { authorization: phone },
      body: '{"model":"gpt-oss:20b","messages":[{"role":"user","content":"Hi"}],"model":"m"}',
    })
    expect(answer.status).toBe(403)
  })
})

test('requestsPerMinute: one too many is a 429 that says when to come back', async () => {
  const clock = 'Bearer sk-clock'
  for (let round = 0; round < 3; round++) expect((await chat(clock)).status).toBe(200)
  const before = chats()
  const answer = await chat(clock)
  expect(answer.status).toBe(429)
  expect(refusalIn(answer)).toMatchObject({
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    message: expect.stringContaining('3 requests per minute'),
  })
  // Three a minute: the next in twenty seconds.
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(15)
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(20)
  expect(Number(answer.headers['retry-after-ms'])).toBeLessThanOrEqual(20_000)
  expect(chats()).toBe(before)
  expect((await chat(`Bearer ${KEY}`)).status).toBe(200)
})

/** What an answer says of its key's limit. */
const standing = ({ status, headers }: Pick<RawAnswer, 'status' | 'headers'>) => [
  status,
  headers['x-ratelimit-limit-requests'],
  headers['x-ratelimit-remaining-requests'],
  headers['x-ratelimit-reset-requests'],
]

describe('requestsPerMinute counts', () => {
  test('every request under /v1, before its body is read, and says in headers what is left', async () => {
    const headers = { authorization: 'Bearer sk-watch' }
    expect(standing(await ask(tolk.url, { path: '/v1/models', headers }))).toEqual([
      200,
      '3',
      '2',
      '20s',
    ])
    expect(standing(await ask(tolk.url, { path: '/v1/nothing', headers }))[0]).toBe(404)
    expect(standing(await chat(headers.authorization))).toEqual([
      200,
      '3',
      '0',
      expect.stringMatching(/^(?:1m0s|\d+s)$/),
    ])
    const client = await connectTo(tolk.url)
    client.send(postOf(CHAT, '', { 'Content-Length': '1000000000', ...headers }))
    const answer = answerIn(await client.until(/\r\n\r\n\{.*\}/s, 500))
    expect(standing(answer).slice(0, 3)).toEqual([429, '3', '0'])
    client.socket.destroy()
  })

  test('and says so of a stream, too', async () => {
    const answer = await ask(tolk.url, {
      path: CHAT,
      headers: { authorization: 'Bearer sk-sundial' },
      body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true },
    })
    expect(standing(answer)).toEqual([200, '6000', '5999', '10ms'])
  })

  test('nobody who has no limit, and no probe', async () => {
    expect(standing(await chat(`Bearer ${KEY}`))).toEqual([200, undefined, undefined, undefined])
    expect(standing(await ask(tolk.url, { path: '/healthz' }))[1]).toBeUndefined()
  })
})
