/** Rows about browsers and what stands between: what no answer of tolk's may say, whatever was asked. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf, sendRaw, type PlainAnswer } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const KEY = 'sk-browser-0123456789'
const CANARY = 'canary-4711'

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama()
  tolk = await startTolk(ollama.url, {
    auth: { keys: [{ name: 'laptop', key: KEY }] },
    downstream: { commitAfterMs: 50, heartbeatMs: 50 },
  })
  await tolk.catalog.started
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const chatOf = (fields: object = {}, headers: Readonly<Record<string, string>> = {}): string =>
  postOf(
    CHAT,
    { model: 'm', messages: [{ role: 'user', content: CANARY }], ...fields },
    { Authorization: `Bearer ${KEY}`, Connection: 'close', ...headers },
  )

const get = (path: string, key = KEY): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nAccept: text/html\r\n` +
  'Origin: https://evil.example\r\nConnection: close\r\n\r\n'

const EVERY: readonly (readonly [what: string, request: string, status: number])[] = [
  ['a probe', get('/healthz'), 200],
  ['the list', get('/v1/models'), 200],
  ['a model', get('/v1/models/m'), 200],
  ['a whole answer', chatOf(), 200],
  ['a stream', chatOf({ stream: true }), 200],
  ['an unknown model', chatOf({ model: `<b>${CANARY}</b>\r\nLocation: a` }), 404],
  ['an unknown path', get('/<b>'), 404],
  [
    'another method',
    postOf('/v1/models', '{}', { Authorization: `Bearer ${KEY}`, Connection: 'close' }),
    405,
  ],
  ['no JSON', chatOf({}, { 'Content-Type': 'text/plain' }), 415],
  ['no key', get('/v1/models', 'nobody'), 401],
  ['no HTTP', 'rubbish\r\n\r\n', 400],
  ['two Hosts', get('/v1/models').replace('Host', 'Host: b\r\nHost'), 400],
]

const answers = async (): Promise<readonly (readonly [string, PlainAnswer])[]> => {
  ollama.script = () => HELLO
  return Promise.all(
    EVERY.map(async ([what, request, status]) => {
      const answer = await sendRaw(tolk.url, request)
      expect([what, answer.status]).toEqual([what, status])
      return [what, answer] as const
    }),
  )
}

test('B-05 nothing is HTML, and nothing may be taken for it', async () => {
  for (const [what, { headers }] of await answers()) {
    const isStream = what === 'a stream'
    expect([what, headers['content-type']?.split(';')[0]]).toEqual([
      what,
      isStream ? 'text/event-stream' : 'application/json',
    ])
    expect(headers['x-content-type-options']).toBe('nosniff')
  }
})

test('B-08 no header repeats a prompt, a name or a path', async () => {
  for (const [, { headers }] of await answers()) {
    expect(JSON.stringify(headers)).not.toMatch(/canary|<b>|evil/)
    expect(headers['www-authenticate'] ?? 'Bearer').toBe('Bearer')
  }
})

test('B-09 nothing is kept in between', async () => {
  for (const [what, { headers }] of await answers()) {
    expect([what, headers['cache-control']]).toEqual([
      what,
      what === 'a stream' ? 'no-cache, no-transform' : 'no-store',
    ])
    expect(headers).not.toHaveProperty('etag')
    expect(headers).not.toHaveProperty('last-modified')
  }
})

test('B-10 no header leads anywhere', async () => {
  for (const [, { headers }] of await answers()) {
    for (const name of ['location', 'link', 'content-location', 'refresh', 'set-cookie']) {
      expect(headers).not.toHaveProperty(name)
    }
  }
})

test('B-01 no answer gives a strange origin leave to read it', async () => {
  for (const [, { headers }] of await answers()) {
    const names = Object.keys(headers).filter((name) => name.startsWith('access-control'))
    expect(names).toEqual([])
  }
})

/** The lines of a chunked stream's body, without the sizes of its chunks. */
const linesOf = ({ body }: PlainAnswer): readonly string[] =>
  body.split(/\r?\n/).filter((line) => line !== '' && !/^[0-9a-f]+$/.test(line))

describe('the lines of a stream', () => {
  test('B-06 are data or comments, whatever a model says', async () => {
    const text = `\n\nevent: error\r\nid: 1\rretry: 1\n\ndata: [DONE]\n\n\u2028${CANARY}`
    ollama.script = () => [word(text), word('\r'), word('\n:x'), done]
    const answer = await sendRaw(tolk.url, chatOf({ stream: true }))
    const lines = linesOf(answer)
    expect(lines.length).toBeGreaterThan(3)
    expect(lines.filter((line) => !/^data: (?:\{[^]*\}|\[DONE\])$|^:/.test(line))).toEqual([])
    expect(lines.filter((line) => line === 'data: [DONE]')).toHaveLength(1)
    expect(answer.body).not.toContain('\r\r')
  })

  test('B-07 are the same word for every heartbeat', async () => {
    const gate = Promise.withResolvers<void>()
    ollama.script = () => [{ until: gate.promise }, ...HELLO]
    const client = await connectTo(tolk.url)
    client.send(chatOf({ stream: true }))
    await client.until(/^:.*^:.*^:/ms)
    gate.resolve()
    const comments = linesOf(answerIn(await client.closed())).filter((line) => line.startsWith(':'))
    expect(comments.length).toBeGreaterThan(1)
    expect(new Set(comments).size).toBe(1)
    expect(comments[0]).toMatch(/^: ?[a-z-]*$/)
  })
})
