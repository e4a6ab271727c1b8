/** Connections are kept, and nobody notices: no request is lost to one, none done twice, no answer another's. */
import { execFile } from 'node:child_process'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { STALE_MS, type Call } from '../../src/upstream/connection.ts'
import { Connections } from '../../src/upstream/connections.ts'
import { createDial } from '../../src/upstream/dial.ts'
import type { Http, HttpConfig, Reply } from '../../src/upstream/http.ts'
import { inTime } from '../support/deadline.ts'
import { CHAT, hear, httpTo } from '../support/http-exchange.ts'
import {
  createRawUpstream,
  ok,
  type RawRequest,
  type RawUpstream,
} from '../support/raw-upstream.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closers.splice(0).toReversed()) await close()
})

const start = async (
  answer: (request: RawRequest, socket: Socket) => void,
  facts: Partial<HttpConfig> = {},
): Promise<{ readonly upstream: RawUpstream; readonly http: Http }> => {
  const upstream = await createRawUpstream(answer)
  const http = httpTo(upstream.url, facts)
  closers.push(
    () => upstream.close(),
    () => http.close(),
  )
  return { upstream, http }
}

/** The clock that deadlines are counted by, and a way to put it forward. */
const clock = (): { forward: (ms: number) => void } => {
  const real = performance.now.bind(performance)
  let ahead = 0
  vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead)
  return { forward: (ms) => (ahead += ms) }
}

const silent: Reply = { head: () => {}, data: () => {}, end: () => {}, fail: () => {} }

const reset = { kind: 'upstream-unreachable', reason: 'reset' }

describe('an idle connection', () => {
  test('that was used last is used next', async () => {
    const waiting: (() => void)[] = []
    const { upstream, http } = await start((request, socket) => {
      if (request.nth === 1) waiting.push(() => socket.write(ok('a')))
      else socket.write(ok('b'))
    })
    const heard = [hear(http), hear(http), hear(http)]
    await expect.poll(() => waiting.length).toBe(3)
    for (const index of [0, 2, 1]) {
      waiting[index]?.()
      await heard[index]
    }
    const last = upstream.requests[1]?.connection
    for (let round = 0; round < 3; round++) await hear(http)
    expect(upstream.requests.slice(3).map(({ connection }) => connection)).toEqual([
      last,
      last,
      last,
    ])
  })

  test('is closed after keepAliveTimeoutMs', async () => {
    const { upstream, http } = await start((_, socket) => socket.write(ok('a')), {
      keepAliveTimeoutMs: 150,
    })
    await Promise.all([hear(http), hear(http)])
    const stopping = vi.spyOn(globalThis, 'clearInterval')
    await expect.poll(() => upstream.open.size).toBe(0)
    // Nothing is left to be watched.
    await expect.poll(() => stopping.mock.calls.length).toBe(1)
    await hear(http)
    expect(upstream.connections()).toBe(3)
  })

  test('is not used after that either, though nothing has closed it yet', async () => {
    const { forward } = clock()
    const { upstream, http } = await start((_, socket) => socket.write(ok('a')))
    await hear(http)
    forward(3999)
    await hear(http)
    expect(upstream.connections()).toBe(1)
    forward(4000)
    await hear(http)
    expect(upstream.connections()).toBe(2)
  })

  test('is given up a second before the server gives it up', async () => {
    const { forward } = clock()
    const { upstream, http } = await start((_, socket) =>
      socket.write(ok('a', 'Keep-Alive: timeout=3')),
    )
    await hear(http)
    forward(1500)
    await hear(http)
    expect(upstream.connections()).toBe(1)
    forward(2001)
    await expect.poll(() => upstream.open.size).toBe(0)
  })

  test('is kept no longer than keepAliveTimeoutMs, whatever the server says', async () => {
    const { forward } = clock()
    const { upstream, http } = await start((_, socket) =>
      socket.write(ok('a', 'Keep-Alive: timeout=600')),
    )
    await hear(http)
    forward(4001)
    await expect.poll(() => upstream.open.size).toBe(0)
  })

  test.each([
    ['a server that closes within a second', ok('a', 'Keep-Alive: timeout=1')],
    ['Connection: close', ok('a', 'Connection: close')],
    ['HTTP/1.0', ok('a').replace('1.1', '1.0')],
  ])('there is none after %s', async (_, text) => {
    const { upstream, http } = await start((_request, socket) => socket.write(text))
    for (let round = 1; round <= 3; round++) {
      expect(await hear(http)).toMatchObject({ body: 'a', end: 'end' })
      await expect.poll(() => upstream.open.size).toBe(0)
      expect(upstream.connections()).toBe(round)
    }
  })

  test('is used again after HTTP/1.0 with keep-alive', async () => {
    const text = ok('a', 'Connection: keep-alive').replace('1.1', '1.0')
    const { upstream, http } = await start((_, socket) => socket.write(text))
    for (let round = 0; round < 3; round++) expect((await hear(http)).end).toBe('end')
    expect(upstream.connections()).toBe(1)
  })

  test('is used again after a large body, whole and not in ASCII', async () => {
    const { upstream, http } = await start((request, socket) => {
      const isThere = (): void => {
        if (request.body().length < LARGE.length) setImmediate(isThere)
        else socket.write(ok('a'))
      }
      isThere()
    })
    const body = Buffer.from(LARGE, 'latin1').toString()
    for (let round = 0; round < 3; round++) {
      expect((await hear(http, { ...CHAT, body })).end).toBe('end')
    }
    expect(upstream.connections()).toBe(1)
    for (const request of upstream.requests) {
      expect(request.head).toContain(`Content-Length: ${LARGE.length}`)
      expect(request.body() === LARGE).toBe(true)
    }
  })

  test.each<[how: string, leave: (socket: Socket) => void]>([
    ['FIN', (socket) => socket.end()],
    ['RST', (socket) => socket.resetAndDestroy()],
    ['octets that nobody asked for', (socket) => socket.write('HTTP/1.1 408 Late\r\n\r\n')],
  ])('is dropped at %s', async (_, leave) => {
    const { upstream, http } = await start((_request, socket) => socket.write(ok('a')))
    for (let round = 1; round <= 3; round++) {
      expect(await hear(http)).toMatchObject({ status: 200, body: 'a', end: 'end' })
      expect(upstream.connections()).toBe(round)
      for (const socket of upstream.open) leave(socket)
      await expect.poll(() => upstream.open.size).toBe(0)
    }
    expect(upstream.requests).toHaveLength(3)
  })

  test('that was paused at its last octet notices its end', async () => {
    const { upstream, http } = await start((_, socket) => socket.write(ok('a')))
    await new Promise<void>((resolve) => {
      const exchange = http.send(CHAT, {
        ...silent,
        data: () => exchange.pause(),
        end: resolve,
      })
    })
    expect(await hear(http)).toMatchObject({ body: 'a', end: 'end' })
    expect(upstream.connections()).toBe(1)
    for (const socket of upstream.open) socket.end()
    await expect.poll(() => upstream.open.size).toBe(0)
  })

  test('is out of reach of the exchange that left it', async () => {
    const { upstream, http } = await start((request, socket) => {
      if (request.nth === 1) socket.write(ok('a'))
      else setImmediate(() => socket.write(ok('b')))
    })
    const first = await new Promise<ReturnType<Http['send']>>((resolve) => {
      const exchange = http.send(CHAT, { ...silent, end: () => resolve(exchange) })
    })
    const second = hear(http)
    first.pause()
    first.abort()
    expect(await second).toMatchObject({ body: 'b', end: 'end' })
    expect(upstream.connections()).toBe(1)
  })

  test('keeps no process alive, and one in use does', async () => {
    const { upstream } = await start((_, socket) => setTimeout(() => socket.write(ok('a')), 100))
    const program = `
      import { createHttp } from ${JSON.stringify(new URL('../../src/upstream/http.ts', import.meta.url).href)}
      const http = createHttp({
        baseUrl: '${upstream.url}', headers: {}, tls: {}, connectTimeoutMs: 2000,
        metaTimeoutMs: 2000, keepAliveTimeoutMs: 60000, userAgent: 'tolk/test',
      })
      const ask = { method: 'GET', path: '/', body: null }
      const said = (rounds) => http.send(ask, {
        head() {}, fail() {},
        data: (pieces) => console.log(pieces.join('')),
        end: () => rounds > 1 && said(rounds - 1),
      })
      said(3)
    `
    const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
    const { stdout } = await inTime('the end of the process', child, 10_000)
    expect(stdout).toBe('a\na\na\n')
    expect(upstream.requests).toHaveLength(3)
    expect(upstream.connections()).toBe(1)
  })
})

const LARGE = 'prompt \u00c3\u00a9 '.repeat(100_000)

describe('octets behind an answer', () => {
  const forged = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'

  test.each([
    ['a length', ok('a')],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
    ['nothing', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['nothing, but says otherwise', 'HTTP/1.1 304 No\r\nContent-Length: 500\r\n\r\n'],
  ])('of %s never reach the next one', async (_, text) => {
    const { upstream, http } = await start((_request, socket) => socket.write(text + forged))
    for (let round = 1; round <= 3; round++) {
      const { body, end } = await hear(http)
      expect(body).not.toContain('forged')
      expect(end).toBe('end')
      expect(upstream.connections()).toBe(round)
    }
  })

  test('that come in a later read end the connection', async () => {
    const { upstream, http } = await start((_, socket) => socket.write(ok('a')))
    for (let round = 1; round <= 3; round++) {
      expect(await hear(http)).toMatchObject({ body: 'a', end: 'end' })
      for (const socket of upstream.open) socket.write(forged)
      await expect.poll(() => upstream.open.size).toBe(0)
      expect(upstream.connections()).toBe(round)
    }
  })
})

describe('a request on a kept connection that ends before any answer', () => {
  test.each<[how: string, leave: (socket: Socket) => void]>([
    ['FIN', (socket) => socket.end()],
    ['RST', (socket) => socket.resetAndDestroy()],
  ])('is sent once more, on a new one: %s', async (_, leave) => {
    const { upstream, http } = await once((_request, socket) => leave(socket))
    await hear(http)
    const body = '{"prompt":"é🙂"}'
    expect(await hear(http, { ...CHAT, body })).toMatchObject({
      status: 200,
      body: 'answer 2',
      end: 'end',
    })
    const [, first, again] = upstream.requests
    expect(upstream.requests).toHaveLength(3)
    expect(again).toMatchObject({ connection: 2, nth: 1 })
    expect(again?.head).toBe(first?.head)
    expect(again?.body()).toBe(Buffer.from(body).toString('latin1'))
  })

  test('is never sent a third time', async () => {
    const { upstream, http } = await start((_, socket) => {
      if (upstream.requests.length === 1) socket.write(ok('a'))
      else socket.resetAndDestroy()
    })
    await hear(http)
    expect(await hear(http)).toMatchObject({ status: null, end: reset, code: 'ECONNRESET' })
    expect(upstream.requests).toHaveLength(3)
    expect(upstream.connections()).toBe(2)
  })

  test.each<[what: string, octets: string]>([
    ['an octet of an answer', 'H'],
    ['an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('is not sent again after %s', async (_, octets) => {
    const { upstream, http } = await once((_request, socket) => socket.end(octets))
    await hear(http)
    expect(await hear(http)).toMatchObject({ status: null, end: reset })
    expect(upstream.requests).toHaveLength(2)
  })

  test('is not sent again after what is not HTTP', async () => {
    const { upstream, http } = await once((_, socket) => socket.write('garbage'))
    await hear(http)
    expect((await hear(http)).end).toMatchObject({ kind: 'upstream-malformed' })
    expect(upstream.requests).toHaveLength(2)
  })

  test('is not sent again once it has run for a while: the model may have', async () => {
    const { forward } = clock()
    const { upstream, http } = await once((_, socket) => {
      forward(STALE_MS)
      socket.resetAndDestroy()
    })
    await hear(http)
    expect((await hear(http)).end).toEqual(reset)
    expect(upstream.requests).toHaveLength(2)
  })

  test('is forgotten by then, if it is long, though no answer has come', async () => {
    const { upstream } = await once(() => {})
    const pool = new Connections(createDial(new URL(upstream.url), {}), 2000, 4000)
    closers.push(() => pool.close())
    const ended = vi.fn<() => void>()
    const forget = vi.fn<() => void>()
    const lost = vi.fn<Call['lost']>()
    const call: Call = {
      head: 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n',
      body: '{}',
      reply: { ...silent, end: ended },
      forget,
      lost,
    }
    pool.carry(call)
    await expect.poll(() => ended.mock.calls.length).toBe(1)
    forget.mockClear()
    pool.carry(call)
    await expect.poll(() => forget.mock.calls.length, { timeout: STALE_MS + 2000 }).toBe(1)
    for (const socket of upstream.open) socket.resetAndDestroy()
    await expect.poll(() => lost.mock.calls.length).toBe(1)
    expect(lost.mock.calls[0]?.[1]).toBe('before-head')
    expect(upstream.connections()).toBe(1)
  })

  test('is not sent again on a new connection', async () => {
    const { upstream, http } = await start((_, socket) => socket.resetAndDestroy())
    expect((await hear(http)).end).toEqual(reset)
    expect(upstream.requests).toHaveLength(1)
  })

  test('is not sent again once it is aborted', async () => {
    const words: string[] = []
    const { upstream, http } = await once((_, socket) => {
      exchange?.abort()
      socket.resetAndDestroy()
    })
    let exchange: ReturnType<Http['send']> | null = null
    await hear(http)
    exchange = http.send(CHAT, noting(words))
    await expect.poll(() => upstream.requests.length).toBe(2)
    expect((await hear(http)).end).toBe('end')
    expect(upstream.requests).toHaveLength(3)
    expect(words).toEqual([])
  })

  test('can be aborted while it is sent again', async () => {
    const words: string[] = []
    let exchange: ReturnType<Http['send']> | null = null
    const { upstream, http } = await start((_, socket) => {
      if (upstream.requests.length === 1) socket.write(ok('a'))
      else if (upstream.requests.length === 2) socket.end()
      else exchange?.abort()
    })
    await hear(http)
    exchange = http.send(CHAT, noting(words))
    await expect.poll(() => upstream.requests.length).toBe(3)
    await expect.poll(() => upstream.open.size).toBe(0)
    expect(words).toEqual([])
  })

  test('is not sent again once everything is closed', async () => {
    const { upstream, http } = await once(() => void http.close())
    await hear(http)
    expect((await hear(http)).end).toEqual(reset)
    expect(upstream.requests).toHaveLength(2)
  })

  test('stays paused', async () => {
    // A paused socket hears of a reset by what it still has to write.
    const large = 'x'.repeat(8 * 1024 * 1024)
    const { upstream, http } = await start((_, socket) => {
      if (upstream.requests.length === 1) socket.write(ok('a'))
      else if (upstream.requests.length === 2) socket.resetAndDestroy()
      else socket.write(ok(large))
    })
    await hear(http)
    let length = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    const exchange = http.send(
      { ...CHAT, body: large },
      {
        ...silent,
        data: (pieces) => (length += pieces.join('').length),
        end: resolve,
      },
    )
    exchange.pause()
    await expect.poll(() => upstream.requests.length).toBe(3)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(length).toBe(0)
    exchange.resume()
    await inTime('the end', promise)
    expect(length).toBe(large.length)
  })

  test('no client hears of a server that ends each connection 0 to 5 ms after its answer', async () => {
    let round = 0
    const { http } = await start((_, socket) => {
      const leave = (): void => void (round % 2 === 0 ? socket.end() : socket.resetAndDestroy())
      round += 1
      socket.write(ok('a'), () => setTimeout(leave, round % 6))
    })
    const ends = new Set<unknown>()
    const client = async (): Promise<void> => {
      for (let turn = 0; turn < 100; turn++) {
        ends.add((await hear(http)).end)
        if (turn % 3 === 0) await new Promise((resolve) => setTimeout(resolve, turn % 7))
      }
    }
    await Promise.all([client(), client(), client(), client()])
    expect([...ends]).toEqual(['end'])
  })
})

/** Answers the first request of each connection, and does this to others. */
const once = (second: (request: RawRequest, socket: Socket) => void) =>
  start((request, socket) => {
    if (request.nth === 1) socket.write(ok(`answer ${request.connection}`))
    else second(request, socket)
  })

const noting = (words: string[]): Reply => ({
  head: () => void words.push('head'),
  data: () => void words.push('data'),
  end: () => void words.push('end'),
  fail: () => void words.push('fail'),
})

describe('an answer that comes before the request is read', () => {
  const refusal = 'HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmuch'
  const body = 'x'.repeat(16 * 1024 * 1024)

  test.each<[how: string, leave: (socket: Socket) => void]>([
    ['FIN', (socket) => socket.end(refusal)],
    ['RST', (socket) => socket.write(refusal, () => socket.resetAndDestroy())],
    ['nothing', (socket) => socket.write(refusal)],
    ['keep-alive', (socket) => socket.write(refusal.replace('Connection: close\r\n', ''))],
  ])('is heard, and its connection closed: %s', async (_, leave) => {
    const { upstream, http } = await start((request, socket) => {
      if (!request.head.includes('Content-Length: 2\r')) {
        socket.pause()
        leave(socket)
      } else socket.write(ok('a'))
    })
    expect(await hear(http, { ...CHAT, body })).toMatchObject({
      status: 413,
      body: 'much',
      end: 'end',
    })
    expect((await hear(http)).end).toBe('end')
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 2])
  })
})

test('2,000 exchanges on one connection add no listener and no timer, and leave no socket', async () => {
  const { upstream, http } = await start((_, socket) => socket.write(ok('a')))
  const exchange = () =>
    new Promise<void>((resolve, reject) => {
      http.send(CHAT, { ...silent, end: resolve, fail: (_, cause) => reject(cause) })
    })
  await exchange()
  const additions = [vi.spyOn(Readable.prototype, 'on'), vi.spyOn(globalThis, 'setTimeout')]
  for (let round = 0; round < 2000; round++) await exchange()
  for (const addition of additions) expect(addition).not.toHaveBeenCalled()
  vi.restoreAllMocks()
  expect(upstream.connections()).toBe(1)
  await http.close()
  await expect.poll(sockets).toBe(0)
})

/** How many sockets this process has, servers apart. */
const sockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length

test('closing ends exchanges under way, in each of their states, and every connection', async () => {
  const { upstream, http } = await start((request, socket) => {
    if (request.head.includes('/begun')) socket.write('HTTP/1.1 200 OK\r\n\r\nabc')
    else if (!request.head.includes('/waiting')) socket.write(ok('a'))
  })
  await Promise.all([hear(http), hear(http)])
  const begun = hear(http, { ...CHAT, path: '/begun' })
  const waiting = hear(http, { ...CHAT, path: '/waiting' })
  const third = hear(http, { ...CHAT, path: '/waiting' })
  await expect.poll(() => upstream.requests.length).toBe(5)
  const connecting = hear(http)
  await http.close()
  expect(await connecting).toMatchObject({ status: null, end: reset })
  expect(await waiting).toMatchObject({ status: null, end: reset })
  expect(await third).toMatchObject({ status: null, end: reset })
  expect((await begun).end).toEqual({ kind: 'upstream-truncated' })
  await expect.poll(() => upstream.open.size).toBe(0)
})
