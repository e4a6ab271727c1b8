/** What an upstream is sent: our own words and credential, and nothing of the client's that is not the chat. */
import { afterEach, describe, expect, test } from 'vitest'
import type { StandIn, StandInOptions } from '../../src/demo/stand-in.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, HELLO } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk

const start = async (options: StandInOptions, settings: TolkSettings, path = ''): Promise<void> => {
  ollama = await createScriptedOllama(options)
  tolk = await startTolk(`${ollama.url}${path}`, settings)
  await tolk.catalog.started
}
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const chat = (headers: Readonly<Record<string, string>> = {}, fields: object = {}) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    headers,
    body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields },
  })

const EVERY_ROUTE = ['/api/chat', '/api/ps', '/api/show', '/api/tags', '/api/version']

/** Makes every call that tolk ever makes. @returns their routes. */
const everything = async (): Promise<readonly string[]> => {
  await tolk.upstream.version(new AbortController().signal)
  expect((await ask(tolk.url, { path: '/v1/models' })).body).toContain('"id":"m"')
  expect((await chat()).status).toBe(200)
  expect((await chat({}, { stream: true })).body).toContain('[DONE]')
  return [...new Set(ollama.requests.map(({ route }) => route))].toSorted()
}

describe('the credential is on every call, discovery included', () => {
  test.each<[way: string, upstream: object, options: StandInOptions]>([
    ['bearer', { apiKey: 'up-secret' }, { apiKey: 'up-secret' }],
    [
      'basic',
      { auth: { basic: { username: 'u', password: 'pässword' } } },
      { requires: { authorization: `Basic ${Buffer.from('u:pässword').toString('base64')}` } },
    ],
    [
      'headers',
      { auth: { headers: { 'X-Api-Key': 'up-secret', 'CF-Access-Client-Id': 'a' } } },
      { requires: { 'x-api-key': 'up-secret', 'cf-access-client-id': 'a' } },
    ],
  ])('%s', async (_, upstream, options) => {
    await start(options, { upstream })
    expect(await everything()).toEqual(EVERY_ROUTE)
  })

  test('as a user and a password in the base URL, which no call repeats', async () => {
    ollama = await createScriptedOllama({ requires: { authorization: 'Basic dTpw' } })
    tolk = await startTolk(ollama.url.replace('//', '//u:p@'))
    await tolk.catalog.started
    expect(await everything()).toEqual(EVERY_ROUTE)
    expect(ollama.requests.map(({ headers }) => headers.host)).toEqual(
      ollama.requests.map(() => `127.0.0.1:${ollama.port}`),
    )
  })

  test('and a wrong one is the operator’s to mend: 502, never a 401', async () => {
    await start({ apiKey: 'up-secret' }, { upstream: { apiKey: 'wrong' } })
    const answer = await ask(tolk.url, { path: '/v1/models' })
    expect(answer.status).toBe(502)
    expect(answer.body).toContain('upstream_auth_error')
    expect(answer.body).not.toContain('wrong')
    expect((await chat()).status).toBe(502)
  })
})

test.each([
  ['', ''],
  ['', '/'],
  ['', '/v1'],
  ['', '/v1/'],
  ['', '/api'],
  ['/ollama', ''],
  ['/a/b', '/'],
  ['/a/b', '/v1'],
])('an upstream under %j is reached by a base URL that ends in %j', async (prefix, ending) => {
  await start({ prefix }, {}, ending)
  expect(await everything()).toEqual(EVERY_ROUTE)
  for (const { path, route } of ollama.requests) expect(path).toBe(`${prefix}${route}`)
})

describe('nothing of the client', () => {
  const CANARY = 'canary-4711'
  const headers = {
    authorization: `Bearer ${CANARY}`,
    'x-api-key': CANARY,
    'api-key': CANARY,
    cookie: `session=${CANARY}`,
    origin: `https://${CANARY}.example`,
    referer: `https://${CANARY}.example/page`,
    host: `${CANARY}.example`,
    'user-agent': `Browser/${CANARY}`,
    forwarded: `for=${CANARY}`,
    'x-forwarded-for': CANARY,
    'x-forwarded-host': CANARY,
    'x-forwarded-proto': 'https',
    'x-real-ip': CANARY,
    'x-request-id': CANARY,
    traceparent: CANARY,
    'openai-organization': CANARY,
    'x-stainless-lang': CANARY,
    'accept-language': CANARY,
    'accept-encoding': 'gzip, br',
    te: 'trailers',
    'proxy-authorization': `Basic ${CANARY}`,
  }

  test('S-12 goes upstream in a header', async () => {
    await start({}, { upstream: { apiKey: 'up-secret' }, server: { allowedHosts: [headers.host] } })
    expect((await chat(headers)).status).toBe(200)
    const sent = ollama.requests.at(-1)
    expect(sent?.route).toBe('/api/chat')
    expect(JSON.stringify(sent?.headers)).not.toContain(CANARY)
    expect(Object.keys(sent?.headers ?? {}).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
      'x-request-id',
    ])
    expect(sent?.headers).toMatchObject({
      host: `127.0.0.1:${ollama.port}`,
      authorization: 'Bearer up-secret',
      'accept-encoding': 'identity',
      'user-agent': expect.stringMatching(/^tolk\/\d/),
    })
  })

  test('A-15 chooses where it goes, or with which credential', async () => {
    await start({}, {})
    const other = await createScriptedOllama()
    const { status } = await chat(
      {},
      {
        api_base: other.url,
        base_url: other.url,
        api_key: CANARY,
        host: CANARY,
        headers: { authorization: CANARY },
        extra_body: { api_base: other.url, api_key: CANARY },
        metadata: { note: CANARY },
        user: CANARY,
        ['__proto__']: { polluted: CANARY },
      },
    )
    expect(status).toBe(200)
    expect(ollama.requests.at(-1)?.body).not.toContain(CANARY)
    expect(other.requests).toEqual([])
    expect('polluted' in {}).toBe(false)
    await other.close()
  })
})

test('nothing of the upstream’s headers comes back', async () => {
  await start({}, {})
  ollama.intercept = ({ route }) =>
    route === '/api/chat'
      ? [
          {
            status: 200,
            headers: {
              'content-type': 'application/x-ndjson',
              'set-cookie': 'up=1',
              server: 'ollama-box',
              via: '1.1 box',
              'x-powered-by': 'box',
              'www-authenticate': 'Basic',
            },
          },
          { line: { message: { content: 'Hi' }, done: true, done_reason: 'stop' } },
        ]
      : undefined
  for (const stream of [true, false]) {
    const answer = await chat({}, { stream })
    expect(answer.status).toBe(200)
    expect(JSON.stringify(answer.headers)).not.toMatch(/box|up=1|www-authenticate/)
  }
})

test('x-request-id is ours, the same upstream and down, and another for each request', async () => {
  await start({}, {})
  const ids = new Set<unknown>()
  for (const stream of [true, false]) {
    const answer = await chat({ 'x-request-id': 'chosen-by-the-client' }, { stream })
    const id = answer.headers['x-request-id']
    expect(id).toMatch(/^req_[0-9a-f]{32}$/)
    expect(ollama.requests.at(-1)?.headers['x-request-id']).toBe(id)
    ids.add(id)
  }
  const refused = await chat({}, { model: 'gone' })
  expect(refused.status).toBe(404)
  ids.add(refused.headers['x-request-id'])
  expect(ids.size).toBe(3)
})

test.each([301, 302, 307, 308])('%i is not followed, nor given the credential', async (status) => {
  await start({ apiKey: 'up-secret' }, { upstream: { apiKey: 'up-secret' } })
  const other = await createScriptedOllama()
  ollama.intercept = ({ route }) =>
    route === '/api/chat'
      ? [{ status, headers: { location: `${other.url}/api/chat` }, body: '' }]
      : undefined
  const answer = await chat()
  expect(answer.status).toBe(502)
  expect(answer.body).toContain('upstream_bad_response')
  expect(answer.body).not.toContain(String(other.port))
  expect(other.connections()).toBe(0)
  expect(other.requests).toEqual([])
  await other.close()
})

test('C-15 a client’s JSON is not passed on: of two keys the last counts, on both sides', async () => {
  await start({}, {})
  const { status } = await ask(tolk.url, {
    path: '/v1/chat/completions',
    body: '{"model":"gone","messages":[{"role":"user","content":"one","content":"two"}],"model":"m"}',
  })
  expect(status).toBe(200)
  const sent = ollama.requests.at(-1)?.body ?? ''
  expect(sent.match(/"model"/g)).toHaveLength(1)
  expect(sent).not.toContain('one')
})

test.each([true, false])('a connection is used again, stream: %j', async (stream) => {
  await start({}, {})
  // Ollama's last chunk comes a moment after its last line.
  ollama.script = () => [...HELLO, { pause: 20 }, { end: true }]
  for (let round = 0; round < 5; round++) {
    expect((await chat({}, { stream })).status).toBe(200)
    await expect.poll(() => ollama.open().length, { interval: 5 }).toBe(0)
    expect((await ask(tolk.url, { path: '/healthz' })).status).toBe(200)
  }
  // One, and those that discovery opened.
  expect(ollama.connections()).toBeLessThanOrEqual(3)
  const closed = await Promise.all(ollama.requests.slice(-5).map((request) => request.closed))
  expect(closed.map(({ by }) => by)).toEqual(closed.map(() => 'stand-in'))
})
