/** Rows about who may ask, whose subject is no single piece: guessing, web pages, Ollama's own routes, names in the log. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { type PlainAnswer, postOf, sendRaw } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const KEY = 'Zk9-laptop-0123456789abcdef'
const GOOD = { authorization: `Bearer ${KEY}` }
const HI = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }

let ollama: StandIn
let tolk: Tolk

beforeEach(async () => {
  ollama = await createScriptedOllama()
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const start = async ({ auth = {}, ...settings }: TolkSettings = {}): Promise<void> => {
  const keys = [{ name: 'laptop', key: KEY }]
  tolk = await startTolk(ollama.url, { auth: { keys, ...auth }, ...settings })
  await tolk.catalog.started
}

const get = (authorization: string): string =>
  `GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`

const chats = (): number => ollama.requests.filter(({ route }) => route === '/api/chat').length

describe('A-17 who guesses keys', () => {
  test('is told to wait after so many, and learns nothing more; who has a key is let in between', async () => {
    await start({ auth: { wrongKeysPerMinute: 3 } })
    const answers: PlainAnswer[] = []
    for (let each = 0; each < 12; each++) {
      answers.push(await sendRaw(tolk.url, get(`Bearer wrong-${each}`)))
      // From the same address.
      expect((await sendRaw(tolk.url, get(`Bearer ${KEY}`))).status).toBe(200)
    }
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 3 }, () => 401),
      ...Array.from({ length: 9 }, () => 429),
    ])
    const late = answers.slice(3)
    for (const answer of late) {
      expect(refusalIn(answer)).toMatchObject({
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
      })
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(20)
      // Waiting makes no key right.
      expect(answer.headers['x-should-retry']).toBe('false')
      expect(answer.body).not.toContain('wrong-')
    }
    expect(new Set(late.map(({ body }) => body)).size).toBe(1)
    // Nothing shown is nothing guessed.
    expect((await ask(tolk.url, { path: '/v1/models' })).status).toBe(401)
  })

  test('a thousand times leaves some of it in the log, and all of it in the metrics', async () => {
    await start({ metrics: { port: 0 } })
    const before = tolk.logged.length
    const statuses = new Map<number, number>()
    for (let each = 0; each < 1000; each++) {
      const { status } = await sendRaw(tolk.url, get(`Bearer wrong-${each}`))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    // A hundred at once, and some more in the seconds that it takes.
    expect(statuses.get(401)).toBeGreaterThanOrEqual(100)
    expect(statuses.get(429)).toBeGreaterThan(700)
    // Each outcome is written so often, and then only counted.
    const lines = tolk.logged.slice(before).filter((line) => line.includes('"msg":"request"'))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThan(500)
    const metrics = /"url":"(http:[^"]+)\/metrics"/.exec(tolk.logged.join('\n'))?.[1] ?? ''
    const failures = async () =>
      sumOf(
        readMetrics((await ask(metrics, { path: '/metrics' })).body),
        'tolk_auth_failures_total',
      )
    await expect.poll(failures).toBe(1000)
  })
})

/** What a page of any origin may send without asking first (Fetch, CORS-safelisted request-header). */
const SIMPLE: readonly (readonly [what: string, headers: Readonly<Record<string, string>>])[] = [
  ['text/plain', { 'Content-Type': 'text/plain' }],
  ['text/plain that says it is JSON', { 'Content-Type': 'text/plain; x=application/json' }],
  ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
  ['a form with files', { 'Content-Type': 'multipart/form-data; boundary=x' }],
]

describe('A-18 a web page that sends', () => {
  test.each(SIMPLE)('%s changes nothing, and reaches no model', async (_, headers) => {
    // Keys or not: without any it is the type alone that keeps a page out.
    for (const auth of [undefined, {}]) {
      tolk = await startTolk(
        ollama.url,
        auth === undefined ? {} : { auth: { keys: [{ name: 'a', key: KEY }] } },
      )
      await tolk.catalog.started
      const before = ollama.requests.length
      for (const path of [
        CHAT,
        '/v1/models',
        '/v1/models/m',
        '/',
        '/admin',
        '/reload',
        '/metrics',
        '/readyz',
      ]) {
        for (const key of [undefined, KEY]) {
          const answer = await sendRaw(
            tolk.url,
            postOf(path, HI, {
              ...headers,
              Origin: 'https://evil.example',
              Connection: 'close',
              ...(key !== undefined && { Authorization: `Bearer ${key}` }),
            }),
          )
          const isLetIn = auth === undefined || key !== undefined
          const expected =
            path === CHAT ? [isLetIn ? 415 : 401] : isLetIn ? [404, 405] : [401, 404, 405]
          expect([path, expected.includes(answer.status)]).toEqual([path, true])
          refusalIn(answer)
        }
      }
      expect(ollama.requests.length).toBe(before)
      if (auth === undefined) await tolk.close()
    }
  })

  test('a body of no type at all is sent back as well', async () => {
    await start()
    const body = JSON.stringify(HI)
    const answer = await sendRaw(
      tolk.url,
      `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEY}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    expect(answer.status).toBe(415)
    expect(chats()).toBe(0)
  })
})

describe('A-19 Ollama’s own routes', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  const ROUTES: readonly (readonly [method: string, path: string])[] = [
    ...['create', 'push', 'pull', 'copy', 'chat', 'generate', 'embed', 'embeddings', 'show'].map(
      (route) => ['POST', `/api/${route}`] as const,
    ),
    ['DELETE', '/api/delete'],
    ['POST', `/api/blobs/${digest}`],
    ['HEAD', `/api/blobs/${digest}`],
    ['PUT', '/api/blobs/sha256:../../../../etc/passwd'],
    ...['tags', 'ps', 'version', 'status', 'me'].map((route) => ['GET', `/api/${route}`] as const),
    ['POST', '//api/pull'],
    ['POST', '/API/pull'],
    ['POST', '/%61pi/pull'],
    ['POST', '/v1/../api/pull'],
    ['POST', '/v1/%2e%2e/api/pull'],
    ['POST', '/v1/models/../../api/pull'],
    ['POST', '/api/pull/'],
    ['POST', '/ollama/api/pull'],
  ]

  test.each(ROUTES)('%s %s is not there, with a key or without', async (method, path) => {
    await start()
    const before = ollama.requests.length
    for (const key of [`Authorization: Bearer ${KEY}\r\n`, '']) {
      const answer = await sendRaw(
        tolk.url,
        `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${key}` +
          'Content-Length: 13\r\nConnection: close\r\n\r\n{"model":"m"}',
      )
      expect(answer.status).toBe(404)
      expect(answer.headers).toMatchObject({ 'content-type': 'application/json' })
    }
    expect(ollama.requests.length).toBe(before)
  })

  test('that tolk itself asks are five, and none of them writes', async () => {
    await start()
    await ask(tolk.url, { path: CHAT, headers: GOOD, body: HI })
    await ask(tolk.url, { path: CHAT, headers: GOOD, body: { ...HI, model: 'new/../../pull' } })
    await ask(tolk.url, { path: '/v1/models/..%2F..%2Fapi%2Fpull', headers: GOOD })
    await tolk.upstream.version(AbortSignal.timeout(5000))
    const routes = new Set(ollama.requests.map(({ method, route }) => `${method} ${route}`))
    expect([...routes].toSorted()).toEqual([
      'GET /api/ps',
      'GET /api/tags',
      'GET /api/version',
      'POST /api/chat',
      'POST /api/show',
    ])
  })
})

/** Every six letters that follow each other. */
const pieces = (key: string): readonly string[] =>
  Array.from({ length: key.length - 5 }, (_, at) => key.slice(at, at + 6))

describe('S-10 the log', () => {
  test('knows a key by its name, and has no six letters of any that was shown', async () => {
    const keys = [
      { name: 'first', key: 'aQ3-zvbnm9KJHGFDSA' },
      { name: 'second', key: 'tolk-Xw7plokmijnuhbygv' },
    ]
    const wrong = ['pLq8-wsxedcrfv', `${keys[0]?.key}1`]
    await start({ auth: { keys }, log: { level: 'debug' } })
    for (const key of [...keys.map((each) => each.key), ...wrong]) {
      await ask(tolk.url, { path: CHAT, headers: { authorization: `Bearer ${key}` }, body: HI })
    }
    await ask(tolk.url, { path: `/v1/models?key=${wrong[0]}` })
    await expect
      .poll(() => tolk.logged.filter((line) => line.includes('"msg":"request"')).length)
      .toBe(5)
    const all = tolk.logged.join('')
    const requests = tolk.logged
      .map((line): { msg: string; key?: string } => JSON.parse(line))
      .filter(({ msg }) => msg === 'request')
    expect(requests.map(({ key }) => key)).toEqual([
      'first',
      'second',
      undefined,
      undefined,
      undefined,
    ])
    for (const key of [...keys.map((each) => each.key), ...wrong]) {
      expect(pieces(key).filter((piece) => all.includes(piece))).toEqual([])
    }
  })
})
