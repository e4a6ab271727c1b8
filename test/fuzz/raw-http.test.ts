/** Any bytes on a connection: answers that are well-formed, each 200 or a refusal in the envelope, or the connection closes. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'
import { answersIn, type Answer } from './answers-in.ts'
import { changed, changes } from './changes.ts'
import { sampled } from './runs.ts'

const CHAT = '/v1/chat/completions'
const BODY = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama()
  tolk = await startTolk(ollama.url, {
    // What waits for more is let go of by these.
    server: { headersTimeoutMs: 1500, requestTimeoutMs: 1500, keepAliveTimeoutMs: 200 },
  })
  await tolk.catalog.started
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const chats = (): number => ollama.requests.filter(({ route }) => route === '/api/chat').length

/** Sends octets in these writes, and reads until tolk closes. */
const exchange = async (octets: string, places: readonly number[]): Promise<readonly Answer[]> => {
  const client = await connectTo(tolk.url)
  const cuts = [...new Set(places.map((at) => at % (octets.length + 1)))].toSorted((a, b) => a - b)
  for (const [index, from] of [0, ...cuts].entries()) {
    client.send(Buffer.from(octets.slice(from, cuts[index]), 'latin1'))
    // Each is a read of its own, mostly.
    if (cuts.length > 0) await new Promise((resolve) => setImmediate(resolve))
  }
  try {
    return answersIn(await client.closed(60_000))
  } finally {
    client.socket.destroy()
  }
}

/** Many at a time, because what waits for more waits for a second. */
const inGroups = async <T>(all: readonly T[], hold: (one: T) => Promise<void>): Promise<void> => {
  for (let at = 0; at < all.length; at += 150) {
    await Promise.all(all.slice(at, at + 150).map(hold))
  }
}

const isWellFormed = ({ status, headers, body, isWhole }: Answer): void => {
  if (status === 100) return
  if (status === 200) {
    if (isWhole && headers['content-type'] === 'application/json') JSON.parse(body)
    return
  }
  // A fault of the upstream's is none of these bytes'.
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
  expect(isWhole).toBe(true)
  expect(refusalIn({ status, headers, body }).code).not.toBe('internal_error')
}

const get = (path: string, more = 'Connection: close\r\n'): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const close = { Connection: 'close' }
const chunkedPost = (body: string): string =>
  postOf(CHAT, '', close).replace('Content-Length: 0', 'Transfer-Encoding: chunked') +
  `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

const REQUESTS: readonly string[] = [
  get('/healthz'),
  get('/v1/models'),
  get('/v1/models/m', 'Authorization: Bearer x\r\nConnection: close\r\n'),
  postOf(CHAT, BODY, close),
  postOf(CHAT, { ...BODY, stream: true }, { ...close, 'X-Tolk-Reasoning-Field': 'none' }),
  chunkedPost(JSON.stringify(BODY)),
  postOf(CHAT, BODY, { ...close, Expect: '100-continue' }),
  postOf(CHAT, BODY) + get('/healthz'),
  get('/v1/models', '') + postOf(CHAT, { ...BODY, stream: true }, close),
]

const TOKENS: readonly string[] = [
  '\r\n', '\r\n\r\n', '\n', '\r', '\0', ' ', '\t', ':', '%', '%2e', '..', '\\', '#', '?', '\x7f', '\xff',
  'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: xchunked\r\n',
  'Expect: 100-continue\r\n', 'Expect: x\r\n', 'Host: b\r\n', 'Upgrade: websocket\r\nConnection: upgrade\r\n',
  'Connection: keep-alive\r\n', 'Content-Encoding: gzip\r\n', 'Content-Type: text/plain\r\n', 'Trailer: X\r\n',
  '0\r\n\r\n', 'ffffffffffffffff\r\n', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/9.9', 'OPTIONS * HTTP/1.1\r\n', 'CONNECT a:1 ',
  'http://169.254.169.254/', '99999999999999999999', 'X: y\r\n'.repeat(150), `X: ${'x'.repeat(20_000)}\r\n`,
] // prettier-ignore

test('a request with bytes of it changed is answered, refused or closed, and asks nobody twice', async () => {
  const { seed, cases } = sampled(
    fc.tuple(fc.constantFrom(...REQUESTS), changes(TOKENS), fc.array(fc.nat(), { maxLength: 3 })),
    500,
  )
  const before = chats()
  let served = 0
  await inGroups(cases, async ([request, made, places]) => {
    const octets = changed(request, made)
    try {
      const answers = await exchange(octets, places)
      for (const each of answers) isWellFormed(each)
      // What was cut off in its middle was asked all the same, and what came to nothing may have been.
      served += answers.filter(({ status }) => status === 200).length
      if (answers.every(({ status }) => status === 100)) served += 1
    } catch (cause) {
      throw new Error(`seed ${seed}: ${JSON.stringify(octets)} ${JSON.stringify(places)}`, {
        cause,
      })
    }
  })
  expect(chats() - before).toBeLessThanOrEqual(served)
  expect(served).toBeGreaterThan(cases.length / 20)
  await expect.poll(() => ollama.open().length).toBe(0)
  expect(await exchange(get('/healthz'), [])).toMatchObject([{ status: 200 }])
})

/** Whether a client could have meant a route of tolk's, or the only model there is, letter by letter. */
const isServed = (target: string): boolean => {
  const [path = ''] = target.split('?', 1)
  if (['/healthz', '/livez', '/readyz', '/v1/models'].includes(path)) return true
  if (!path.startsWith('/v1/models/')) return false
  try {
    return /^(?:ollama\/)?m$/i.test(decodeURIComponent(path.slice('/v1/models/'.length)))
  } catch {
    return false
  }
}

describe('a path', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/', '//', '/v1', '/models', '/m', '/chat/completions', '/healthz', '/livez', '/api/tags', '/metrics',
      '.', '..', '/../', '%2e', '%2F', '%00', '%', '%zz', '%C0%AF', '?', '??', '#', ';', '&', '=', ':latest', '@',
      '\\', '~', '*', 'client_version=1', 'ollama%2Fm', '%6d', 'M', 'constructor', '__proto__', 'a'.repeat(300),
    ), // prettier-ignore
    fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 4 }), // prettier-ignore
  )
  const target = fc.oneof(
    // Some that are served, whatever else is drawn.
    fc.constantFrom(
      '/healthz',
      '/livez?x',
      '/v1/models',
      '/v1/models/m',
      '/v1/models/%6d?',
      '/v1/models/OLLAMA%2Fm',
    ),
    fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join('')}`),
    fc
      .tuple(fc.constantFrom('/healthz', '/v1/models', '/v1/models/m', CHAT), piece, piece)
      .map((pieces) => pieces.join('')),
  )

  test('is served if it is that of a route, and is refused as unknown if it is not', async () => {
    const { seed, cases } = sampled(target, 300)
    let served = 0
    await inGroups(cases, async (path) => {
      try {
        const answers = await exchange(get(path), [])
        expect(answers).toHaveLength(1)
        for (const each of answers) isWellFormed(each)
        const [{ status } = { status: 0 }] = answers
        expect(status === 200).toBe(isServed(path))
        if (status === 200) served += 1
        expect([200, 400, 404, 405, 431]).toContain(status)
      } catch (cause) {
        throw new Error(`seed ${seed}: ${JSON.stringify(path)}`, { cause })
      }
    })
    expect(served).toBeGreaterThan(5)
  })
})
