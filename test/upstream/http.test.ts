/** The HTTP exchange: every accident has a Failure, and only our own headers go upstream. */
import dns from 'node:dns'
import type { ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, isIP, Socket, type AddressInfo, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Script, Step } from '../../src/demo/script.ts'
import { createStandIn, type StandIn, type StandInOptions } from '../../src/demo/stand-in.ts'
import { Failed, type Failure } from '../../src/failure.ts'
import { socketError } from '../../src/upstream/accident.ts'
import type { Http, HttpConfig } from '../../src/upstream/http.ts'
import { certificates } from '../support/certificates.ts'
import { inTime } from '../support/deadline.ts'
import { CHAT, hear, httpTo as connectionsTo } from '../support/http-exchange.ts'
import { createRawUpstream, ok } from '../support/raw-upstream.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const httpTo = (baseUrl: string, facts: Partial<HttpConfig> = {}): Http => {
  const http = connectionsTo(baseUrl, facts)
  closers.push(() => http.close())
  return http
}

/** An upstream that answers everything with this script. */
const upstreamSaying = async (
  script: Script | (() => Script),
  options: StandInOptions = {},
): Promise<StandIn> => {
  const standIn = await createStandIn({
    intercept: typeof script === 'function' ? script : () => script,
    ...options,
  })
  closers.push(() => standIn.close())
  return standIn
}

const listening = async (server: Server, host = '127.0.0.1'): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  closers.push(() => server.close())
  return portOf(server.address())
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0

/** A port that nobody listens on, for it was just given back. */
const freePort = async (): Promise<number> => {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const unreachable = (reason: Extract<Failure, { kind: 'upstream-unreachable' }>['reason']) => ({
  kind: 'upstream-unreachable',
  reason,
})

const head = (lines: string, body = ''): Step => ({ raw: `HTTP/1.1 ${lines}\r\n\r\n${body}` })

describe('no connection', () => {
  test('a port that nobody listens on is "refused"', async () => {
    const http = httpTo(`http://127.0.0.1:${await freePort()}`)
    expect((await hear(http)).end).toEqual(unreachable('refused'))
  })

  test('a name that does not exist is "dns"', async () => {
    const http = httpTo('http://no-such-host.invalid:11434')
    expect((await hear(http, CHAT, 10_000)).end).toEqual(unreachable('dns'))
  })

  test('a certificate of an unknown authority is "tls"', async () => {
    const { url } = await upstreamSaying([{ status: 200 }], { tls: certificates.server })
    expect((await hear(httpTo(url))).end).toEqual(unreachable('tls'))
  })

  test('the certificate of an own authority is trusted', async () => {
    const { url } = await upstreamSaying([{ status: 200, body: 'ok' }], {
      tls: certificates.server,
    })
    const http = httpTo(url, { tls: { ca: certificates.ca } })
    expect(await hear(http)).toMatchObject({ status: 200, body: 'ok', end: 'end' })
  })

  test('a certificate for another name is "tls"', async () => {
    const server = createHttpsServer(certificates.server, (_, response) => response.end('ok'))
    const port = await listening(server, '127.0.0.2')
    const http = httpTo(`https://127.0.0.2:${port}`, { tls: { ca: certificates.ca } })
    expect((await hear(http)).end).toEqual(unreachable('tls'))
  })

  test('our own certificate is shown to an upstream that asks for one', async () => {
    const { url } = await upstreamSaying([{ status: 200, body: 'ok' }], {
      tls: { ...certificates.server, clientCa: certificates.ca },
    })
    const http = httpTo(url, { tls: { ca: certificates.ca, ...certificates.client } })
    expect(await hear(http)).toMatchObject({ status: 200, end: 'end' })
    const stranger = httpTo(url, { tls: { ca: certificates.ca } })
    expect((await hear(stranger)).end).toMatchObject({ kind: 'upstream-unreachable' })
  })

  test('https to a plain port is "tls"', async () => {
    const { port } = await upstreamSaying([{ status: 200 }])
    expect((await hear(httpTo(`https://127.0.0.1:${port}`))).end).toEqual(unreachable('tls'))
  })

  test('http to a TLS port is a failure before any head', async () => {
    const { port } = await upstreamSaying([{ status: 200 }], { tls: certificates.server })
    const { status, end } = await hear(httpTo(`http://127.0.0.1:${port}`))
    expect(status).toBeNull()
    expect(end).toEqual(unreachable('reset'))
  })

  test('a TLS handshake that is never answered is "connect-timeout", in time', async () => {
    const port = await listening(createServer(() => {}))
    const http = httpTo(`https://127.0.0.1:${port}`, { connectTimeoutMs: 300 })
    const started = performance.now()
    expect((await hear(http)).end).toEqual(unreachable('connect-timeout'))
    expect(performance.now() - started).toBeLessThan(1500)
  })
})

const answerAndClose = (_: unknown, response: ServerResponse) =>
  response.setHeader('connection', 'close').end('ok')

test('connectTimeoutMs is for the connection alone', async () => {
  const { url } = await upstreamSaying([{ pause: 400 }, { line: 'one' }])
  const heard = await hear(httpTo(url, { connectTimeoutMs: 150 }))
  expect(heard).toMatchObject({ body: 'one\n', end: 'end' })
})

test('every connection sends at once, and asks after a silent other side', async () => {
  const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay')
  const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive')
  closers.push(() => vi.restoreAllMocks())
  const { url } = await upstreamSaying([{ status: 200, body: 'ok' }])
  await hear(httpTo(url))
  expect(noDelay).toHaveBeenCalledWith(true)
  expect(keepAlive).toHaveBeenCalledWith(true, 60_000)
})

describe('TLS', () => {
  const tls = { ca: certificates.ca }

  test('connections are used again, and answers come whole', async () => {
    const body = 'é🙂'.repeat(200_000)
    const standIn = await upstreamSaying([{ status: 200, body }], { tls: certificates.server })
    const http = httpTo(standIn.url, { tls })
    for (let round = 0; round < 3; round++) {
      const heard = await hear(http, { ...CHAT, body: JSON.stringify(body) })
      expect(heard.end).toBe('end')
      expect(Buffer.from(heard.body, 'latin1').toString() === body).toBe(true)
      expect(standIn.requests.at(-1)?.body).toBe(JSON.stringify(body))
    }
    expect(standIn.connections()).toBe(1)
  })

  test('a name is said in the handshake and an address is not; HTTP/2 is not offered', async () => {
    const said: unknown[] = []
    const server = createHttpsServer(
      { ...certificates.server, ALPNProtocols: ['h2', 'http/1.1'] },
      (_, response) => response.end('ok'),
    ).on('secureConnection', (socket) => said.push([socket.servername, socket.alpnProtocol]))
    const port = await listening(server)
    resolveTo('127.0.0.1')
    for (const host of ['localhost', 'localhost.', '127.0.0.1']) {
      const http = httpTo(`https://${host}:${port}`, { tls })
      expect(await hear(http)).toMatchObject({ status: 200, body: 'ok', end: 'end' })
    }
    expect(said).toEqual([
      ['localhost', 'http/1.1'],
      ['localhost', 'http/1.1'],
      [false, 'http/1.1'],
    ])
  })

  test('a session is resumed, and one that was never verified is not', async () => {
    const resumed: boolean[] = []
    const server = createHttpsServer(
      { ...certificates.server, maxVersion: 'TLSv1.2' },
      answerAndClose,
    ).on('secureConnection', (socket) => resumed.push(socket.isSessionReused()))
    const http = httpTo(`https://127.0.0.1:${await listening(server)}`, { tls })
    for (let round = 0; round < 3; round++) expect((await hear(http)).end).toBe('end')
    expect(resumed).toEqual([false, true, true])

    const other = createHttpsServer(
      { ...certificates.server, maxVersion: 'TLSv1.2' },
      answerAndClose,
    )
    const port = await listening(other, '127.0.0.2')
    const wrong = httpTo(`https://127.0.0.2:${port}`, { tls })
    for (let round = 0; round < 3; round++) {
      expect((await hear(wrong)).end).toEqual(unreachable('tls'))
    }
  })

  test('a paused exchange holds the upstream back', async () => {
    const slice = Buffer.alloc(1024 * 1024, 'x')
    let sent = 0
    const standIn = await upstreamSaying(
      function* () {
        for (; sent < 64; sent++) yield { bytes: slice }
      },
      { tls: certificates.server },
    )
    const { length, at } = await pausedFor(httpTo(standIn.url, { tls }), () => sent)
    expect(at).toBeLessThan(40)
    expect(length).toBe(64 * slice.length)
  })

  test('an authority that is none is a failure, each time', async () => {
    const { url } = await upstreamSaying([{ status: 200 }], { tls: certificates.server })
    const http = httpTo(url, { tls: { cert: 'no certificate', key: 'no key' } })
    for (let round = 0; round < 2; round++) {
      expect((await hear(http)).end).toEqual(unreachable('tls'))
    }
  })
})

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
)

/** Has every name stand for these addresses, in this order. */
const resolveTo = (...addresses: readonly string[]): void => {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  const resolver: { lookup: unknown } = dns
  const { lookup } = resolver
  closers.push(() => (resolver.lookup = lookup))
  resolver.lookup = (_name: string, _options: object, done: (...said: unknown[]) => void) =>
    process.nextTick(done, null, found)
}

describe('both families', () => {
  test.each([
    ['http', {}],
    ['https', { tls: certificates.server }],
  ])('of two addresses the one that answers is taken: %s', async (_, options) => {
    const standIn = await upstreamSaying([{ status: 200, body: 'here' }], options)
    resolveTo('127.0.0.3', '127.0.0.1')
    const http = httpTo(standIn.url.replace('127.0.0.1', 'localhost'), {
      tls: { ca: certificates.ca },
    })
    for (let round = 0; round < 3; round++) {
      expect(await hear(http)).toMatchObject({ status: 200, body: 'here', end: 'end' })
    }
    expect(standIn.connections()).toBe(1)
    expect(standIn.requests[0]?.headers.host).toBe(`localhost:${standIn.port}`)
  })

  test('two addresses that nobody listens on are "refused"', async () => {
    resolveTo('127.0.0.3', '127.0.0.4')
    const http = httpTo(`http://localhost:${await freePort()}`)
    expect(await hear(http)).toMatchObject({ end: unreachable('refused'), code: 'ECONNREFUSED' })
  })

  test.skipIf(!hasIPv6)('an address of the sixth version stands in brackets', async () => {
    const upstream = await createRawUpstream((_, socket) => socket.write(ok('here')), '::1')
    closers.push(() => upstream.close())
    expect((await hear(httpTo(upstream.url))).body).toBe('here')
    const { port } = new URL(upstream.url)
    expect(upstream.requests[0]?.head).toContain(`\r\nHost: [::1]:${port}\r\n`)
  })
})

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

describe('a read', () => {
  test('is told of once, however many chunks were in it', async () => {
    const chunks = CHUNKED + '1\r\na\r\n'.repeat(50)
    const { url } = await upstreamSaying([{ raw: `${chunks}0\r\n\r\n` }])
    expect(await hear(httpTo(url))).toMatchObject({ reads: 1, body: 'a'.repeat(50), end: 'end' })
  })

  test('of a byte at a time gives the same answer', async () => {
    const text = `HTTP/1.1 103 Early\r\n\r\n${CHUNKED}${'3;x\r\nabc\r\n'.repeat(3)}0\r\nX: y\r\n\r\n`
    const upstream = await createRawUpstream((_, socket) => {
      const left = text.split('')
      const next = (): void => {
        const octet = left.shift()
        if (octet !== undefined) socket.write(octet, () => setImmediate(next))
      }
      next()
    })
    closers.push(() => upstream.close())
    const http = httpTo(upstream.url)
    for (let round = 0; round < 2; round++) {
      expect(await hear(http)).toMatchObject({ status: 200, body: 'abcabcabc', end: 'end' })
    }
    expect(upstream.connections()).toBe(1)
  })

  test('whose listener throws costs that exchange, and no other', async () => {
    const { url } = await upstreamSaying([{ line: 'one' }])
    const http = httpTo(url)
    for (const word of ['head', 'data'] as const) {
      const failed = Promise.withResolvers<Failure>()
      http.send(CHAT, {
        head: () => {},
        data: () => {},
        end: () => {},
        fail: failed.resolve,
        [word]: () => {
          throw new Error('a fault of ours')
        },
      })
      expect(await inTime('the failure', failed.promise)).toEqual({ kind: 'upstream-truncated' })
      expect((await hear(http)).end).toBe('end')
    }
  })
})

describe('an answer that ends with its connection', () => {
  test('is whole at its end', async () => {
    const upstream = await createRawUpstream((_, socket) =>
      socket.end('HTTP/1.0 200 OK\r\n\r\none\ntwo\n'),
    )
    closers.push(() => upstream.close())
    const http = httpTo(upstream.url)
    for (let round = 0; round < 2; round++) {
      expect(await hear(http)).toMatchObject({ status: 200, body: 'one\ntwo\n', end: 'end' })
    }
    expect(upstream.connections()).toBe(2)
  })

  test('is truncated by a reset', async () => {
    const upstream = await createRawUpstream((_, socket) =>
      socket.write('HTTP/1.0 200 OK\r\n\r\none', () => {
        setTimeout(() => socket.resetAndDestroy(), 20)
      }),
    )
    closers.push(() => upstream.close())
    expect(await hear(httpTo(upstream.url))).toMatchObject({
      body: 'one',
      end: { kind: 'upstream-truncated' },
      code: 'ECONNRESET',
    })
  })
})

describe('an answer that never begins', () => {
  test.each<[what: string, step: Step, failure: object]>([
    ['reset before the head', { reset: true }, unreachable('reset')],
    ['closed before the head', { tear: true }, unreachable('reset')],
    ['not HTTP', { raw: 'SSH-2.0-OpenSSH_9.6\r\n' }, { kind: 'upstream-malformed' }],
    [
      'more headers than anyone reads',
      head(`200 OK\r\n${`X-Much: ${'x'.repeat(1000)}\r\n`.repeat(40)}Content-Length: 0`),
      { kind: 'upstream-malformed' },
    ],
    [
      'two lengths',
      head('200 OK\r\nContent-Length: 2\r\nContent-Length: 3', 'ok!'),
      { kind: 'upstream-malformed' },
    ],
    [
      'both a length and chunks',
      head('200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked', '2\r\nok\r\n0\r\n\r\n'),
      { kind: 'upstream-malformed' },
    ],
    ['a status below 100', head('099 Odd\r\nContent-Length: 0'), { kind: 'upstream-malformed' }],
    [
      'another protocol',
      head('101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket'),
      { kind: 'upstream-malformed' },
    ],
  ])('%s', async (_, step, failure) => {
    const { url } = await upstreamSaying([step])
    const { status, end } = await hear(httpTo(url))
    expect(status).toBeNull()
    expect(end).toMatchObject(failure)
  })
})

test('a connection that dies while the model works is "reset", however it died', async () => {
  const sockets = vi.spyOn(Socket.prototype, 'setKeepAlive')
  closers.push(() => vi.restoreAllMocks())
  const standIn = await upstreamSaying([{ hold: true }])
  for (const code of ['ETIMEDOUT', 'EHOSTUNREACH']) {
    const heard = hear(httpTo(standIn.url))
    const before = standIn.requests.length
    await expect.poll(() => standIn.requests.length).toBe(before + 1)
    const socket = sockets.mock.contexts.at(-1)
    if (socket instanceof Socket) socket.destroy(socketError(code, 'probed in vain'))
    expect(await heard).toMatchObject({ end: unreachable('reset'), code })
  }
})

describe('an answer that breaks off is truncated', () => {
  test.each<[what: string, script: Script]>([
    ['by a reset', [{ line: 'one' }, { reset: true }]],
    ['by an end without the last chunk', [{ line: 'one' }, { tear: true }]],
    [
      'by an end before its length',
      [head('200 OK\r\nContent-Length: 40', 'one\n'), { tear: true }],
    ],
    [
      'by a chunk size that is none',
      [head('200 OK\r\nTransfer-Encoding: chunked', '4\r\none\n\r\nzz\r\n')],
    ],
  ])('%s', async (_, script) => {
    const { url } = await upstreamSaying(script)
    const { status, body, end } = await hear(httpTo(url))
    expect(status).toBe(200)
    expect(body).toBe('one\n')
    expect(end).toEqual({ kind: 'upstream-truncated' })
  })

  test('bytes beyond the length are dropped, and poison no later answer', async () => {
    const { url } = await upstreamSaying([
      head('200 OK\r\nContent-Length: 4', 'one\nHTTP/1.1 200 OK\r\n\r\nforged'),
    ])
    const http = httpTo(url)
    for (let round = 0; round < 3; round++) expect((await hear(http)).body).toBe('one\n')
  })
})

describe('statuses', () => {
  test.each([204, 206, 304, 401, 404, 500, 503])('%i is heard as it is', async (status) => {
    const { url } = await upstreamSaying([{ status, body: '' }])
    expect(await hear(httpTo(url))).toMatchObject({ status, end: 'end' })
  })

  test('early hints are no answer yet', async () => {
    const { url } = await upstreamSaying([
      { raw: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' },
      head('200 OK\r\nContent-Length: 2', 'ok'),
    ])
    expect(await hear(httpTo(url))).toMatchObject({ status: 200, body: 'ok', end: 'end' })
  })

  test.each([301, 302, 303, 307, 308])(
    '%i is not followed, and its target hears nothing',
    async (status) => {
      const other = await upstreamSaying([{ status: 200, body: 'never' }])
      const { url, requests } = await upstreamSaying([
        { status, headers: { location: `${other.url}/api/chat` }, body: '' },
      ])
      const http = httpTo(url, { headers: { authorization: 'Bearer secret' } })
      expect(await hear(http)).toMatchObject({ status, end: 'end' })
      expect(requests).toHaveLength(1)
      expect(other.requests).toEqual([])
      expect(other.connections()).toBe(0)
    },
  )

  test('a compressed body is not inflated', async () => {
    const { url } = await upstreamSaying([
      { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'not inflated' },
    ])
    const { headers, body } = await hear(httpTo(url))
    expect(headers['content-encoding']).toBe('gzip')
    expect(body).toBe('not inflated')
  })
})

describe('what goes upstream', () => {
  test('our own headers, and none besides', async () => {
    const standIn = await upstreamSaying([{ status: 200, body: '' }])
    await hear(httpTo(standIn.url, { headers: { authorization: 'Bearer secret', 'x-team': 'a' } }))
    expect(standIn.requests[0]?.headers).toEqual({
      host: `127.0.0.1:${standIn.port}`,
      connection: 'keep-alive',
      accept: 'application/x-ndjson, application/json',
      'accept-encoding': 'identity',
      'user-agent': 'tolk/test',
      authorization: 'Bearer secret',
      'x-team': 'a',
      'content-type': 'application/json',
      'content-length': '2',
      'x-request-id': 'req_1',
    })
  })

  test('a path prefix stands before every path', async () => {
    const standIn = await upstreamSaying([{ status: 200, body: '' }], { prefix: '/ollama/a' })
    const http = httpTo(standIn.url)
    await hear(http)
    await http.ask({ method: 'GET', path: '/api/tags', body: null }, AbortSignal.timeout(2000))
    expect(standIn.requests.map(({ path }) => path)).toEqual([
      '/ollama/a/api/chat',
      '/ollama/a/api/tags',
    ])
  })

  test.each<[what: string, headers: Readonly<Record<string, string>>, path: string]>([
    ['a value with a line of its own', { 'x-a': 'b\r\nx-c: d' }, '/api/chat'],
    ['a value with a NUL', { 'x-a': '\0' }, '/api/chat'],
    ['a value that is not latin1', { 'x-a': '🙂' }, '/api/chat'],
    ['a name with a blank', { 'x a': 'b' }, '/api/chat'],
    ['a length of its own', { 'content-length': '5' }, '/api/chat'],
    ['a path with a blank', {}, '/api/chat HTTP/1.1'],
    ['a path with a line of its own', {}, '/api/chat\r\nX: y'],
  ])('%s is a failure, not a crash', async (_, headers, path) => {
    const standIn = await upstreamSaying([{ status: 200, body: '' }])
    const http = httpTo(standIn.url, { headers })
    const { end } = await hear(http, { ...CHAT, path })
    expect(end).toMatchObject({ kind: 'internal' })
    expect(standIn.connections()).toBe(0)
  })

  test('a header of the operator’s does not come twice', async () => {
    const headers = { 'user-agent': 'own', 'x-request-id': 'own' }
    const upstream = await createRawUpstream((_, socket) => socket.write(ok('')))
    closers.push(() => upstream.close())
    const http = httpTo(upstream.url, { headers })
    await hear(http)
    await askTags(http)
    const named = upstream.requests.map(({ head: text }) =>
      text.match(/^(?:user-agent|x-request-id): .*$/gim),
    )
    expect(named).toEqual([
      ['user-agent: own', 'x-request-id: req_1'],
      ['user-agent: own', 'x-request-id: own'],
    ])
  })

  test('a header that HTTP cannot carry is a failure, not a crash', async () => {
    const standIn = await upstreamSaying([{ status: 200, body: '' }])
    const http = httpTo(standIn.url, { headers: { 'transfer-encoding': 'chunked' } })
    expect((await hear(http)).end).toMatchObject({ kind: 'internal' })
    await expect(askTags(http)).rejects.toMatchObject({ failure: { kind: 'internal' } })
    expect(standIn.requests).toEqual([])
  })
})

const askTags = (http: Http, signal = new AbortController().signal) =>
  inTime('a whole answer', http.ask({ method: 'GET', path: '/api/tags', body: null }, signal))

describe('connections', () => {
  test('are used again after a proper end', async () => {
    const standIn = await upstreamSaying([{ line: 'one' }])
    const http = httpTo(standIn.url)
    for (let round = 0; round < 5; round++) {
      expect((await hear(http)).end).toBe('end')
    }
    expect(standIn.connections()).toBe(1)
  })

  test('are used again after a refusal', async () => {
    const standIn = await upstreamSaying([{ status: 404, body: { error: 'no' } }])
    const http = httpTo(standIn.url)
    for (let round = 0; round < 5; round++) {
      expect((await hear(http)).status).toBe(404)
    }
    expect(standIn.connections()).toBe(1)
  })

  test('are not kept at all when keepAliveTimeoutMs is 0', async () => {
    const standIn = await upstreamSaying([{ line: 'one' }])
    const http = httpTo(standIn.url, { keepAliveTimeoutMs: 0 })
    for (let round = 0; round < 3; round++) expect((await hear(http)).end).toBe('end')
    expect(standIn.requests[0]?.headers.connection).toBe('close')
    await expect.poll(() => standIn.connections()).toBe(0)
  })

  test('are as many as there are exchanges under way', async () => {
    const standIn = await upstreamSaying([{ line: 'one' }, { hold: true }])
    const http = httpTo(standIn.url)
    const heard = Array.from({ length: 20 }, () => hear(http))
    await expect.poll(() => standIn.open().length).toBe(20)
    await standIn.down()
    for (const { body, end } of await Promise.all(heard)) {
      expect(body).toBe('one\n')
      expect(end).toEqual({ kind: 'upstream-truncated' })
    }
  })
})

describe('abort', () => {
  test('before there is a connection: nothing is sent, and nothing heard', async () => {
    const standIn = await upstreamSaying([{ status: 200, body: 'ok' }])
    const http = httpTo(standIn.url)
    const words: string[] = []
    const reply = {
      head: () => void words.push('head'),
      data: () => void words.push('data'),
      end: () => void words.push('end'),
      fail: () => void words.push('fail'),
    }
    http.send(CHAT, reply).abort()
    // An exchange after it shows that the first had its turn.
    expect(await hear(http)).toMatchObject({ status: 200 })
    expect(standIn.requests).toHaveLength(1)
    expect(words).toEqual([])
  })

  test('of what cannot be sent: nothing is heard', async () => {
    const http = httpTo('http://127.0.0.1:1')
    const words: string[] = []
    const reply = { head: () => {}, data: () => {}, end: () => {}, fail: () => words.push('fail') }
    http.send({ ...CHAT, path: '/a b' }, reply).abort()
    expect((await hear(http, { ...CHAT, path: '/a b' })).end).toMatchObject({ kind: 'internal' })
    expect(words).toEqual([])
  })

  test('before the head: closes the connection at once', async () => {
    const standIn = await upstreamSaying([{ hold: true }])
    const exchange = httpTo(standIn.url).send(CHAT, {
      head: () => {},
      data: () => {},
      end: () => {},
      fail: () => {},
    })
    await expect.poll(() => standIn.open().length).toBe(1)
    const closed = standIn.requests[0]?.closed ?? Promise.reject(new Error('no request'))
    exchange.abort()
    expect(await inTime('the close', closed, 500)).toMatchObject({ by: 'client' })
  })

  test('is harmless after the end, and again', async () => {
    const standIn = await upstreamSaying([{ line: 'one' }])
    const http = httpTo(standIn.url)
    const { promise, resolve } = Promise.withResolvers<void>()
    const exchange = http.send(CHAT, {
      head: () => {},
      data: () => {},
      end: resolve,
      fail: () => {},
    })
    await inTime('the end', promise)
    exchange.abort()
    exchange.pause()
    exchange.resume()
    exchange.abort()
    expect((await hear(http)).end).toBe('end')
    expect(standIn.connections()).toBe(1)
  })
})

describe('pause', () => {
  test('holds the upstream back, and loses nothing', async () => {
    const slice = Buffer.alloc(1024 * 1024, 'x')
    let sent = 0
    const standIn = await upstreamSaying(function* () {
      for (; sent < 64; sent++) yield { bytes: slice }
    })
    const { length, at } = await pausedFor(httpTo(standIn.url), () => sent)
    expect(at).toBeLessThan(40)
    expect(length).toBe(64 * slice.length)
  })

  test.each([
    ['http', {}],
    ['https', { tls: certificates.server }],
  ])('before there is a connection holds it back too: %s', async (_, options) => {
    const { url, requests } = await upstreamSaying([{ status: 200, body: 'ok' }], options)
    let body = ''
    const { promise, resolve } = Promise.withResolvers<void>()
    const exchange = httpTo(url, { tls: { ca: certificates.ca } }).send(CHAT, {
      head: () => {},
      data: (pieces) => (body += pieces.join('')),
      end: resolve,
      fail: () => {},
    })
    exchange.pause()
    await expect.poll(() => requests.length).toBe(1)
    await requests[0]?.closed
    expect(body).toBe('')
    exchange.resume()
    await inTime('the end', promise)
    expect(body).toBe('ok')
  })
})

/** Pauses at the first octets until the upstream stands still. @returns how far it came, and all that was heard. */
const pausedFor = async (http: Http, progress: () => number) => {
  let length = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const exchange = http.send(CHAT, {
    head: () => {},
    data: (pieces) => {
      if (length === 0) exchange.pause()
      length += pieces.join('').length
    },
    end: resolve,
    fail: () => {},
  })
  let before = -1
  let still = 0
  await expect
    .poll(
      () => {
        const isStill = length > 0 && progress() === before
        still = isStill ? still + 1 : 0
        before = progress()
        return still
      },
      { interval: 30, timeout: 8000 },
    )
    .toBeGreaterThan(4)
  const at = progress()
  exchange.resume()
  await inTime('the end', promise, 8000)
  return { at, length }
}

describe('ask', () => {
  test('gives status, headers and text of a small answer', async () => {
    const { url } = await upstreamSaying([
      { status: 404, headers: { 'retry-after': '7' }, body: { error: 'ünknown' } },
    ])
    const reply = await askTags(httpTo(url))
    expect(reply).toMatchObject({ status: 404, body: '{"error":"ünknown"}' })
    expect(reply.headers['retry-after']).toBe('7')
  })

  test('gives up after metaTimeoutMs when nothing comes, and says just that', async () => {
    const standIn = await upstreamSaying([{ hold: true }])
    const http = httpTo(standIn.url, { metaTimeoutMs: 200 })
    await expect(askTags(http)).rejects.toMatchObject({
      failure: { kind: 'upstream-timeout', phase: 'first-line', waitedMs: 200 },
    })
  })

  test('gives up after metaTimeoutMs, though bytes keep coming, and closes the connection', async () => {
    const standIn = await upstreamSaying(function* () {
      for (;;) {
        yield { bytes: ' ' }
        yield { pause: 20 }
      }
    })
    const http = httpTo(standIn.url, { metaTimeoutMs: 200 })
    await expect(askTags(http)).rejects.toMatchObject({
      failure: { kind: 'upstream-timeout', phase: 'answer', waitedMs: 200 },
    })
    await expect.poll(() => standIn.open().length).toBe(0)
  })

  test('takes no answer of more than 32 MiB, and closes the connection', async () => {
    const slice = Buffer.alloc(1024 * 1024, ' ')
    const standIn = await upstreamSaying(function* () {
      for (;;) yield { bytes: slice }
    })
    await expect(askTags(httpTo(standIn.url))).rejects.toMatchObject({
      failure: { kind: 'upstream-malformed' },
    })
    await expect.poll(() => standIn.open().length).toBe(0)
  })

  test('is ended by its signal, before and during', async () => {
    const standIn = await upstreamSaying([{ hold: true }])
    const http = httpTo(standIn.url)
    const left = { failure: { kind: 'client-closed' } }
    await expect(askTags(http, AbortSignal.abort())).rejects.toMatchObject(left)
    const leaving = new AbortController()
    const asked = askTags(http, leaving.signal)
    await expect.poll(() => standIn.open().length).toBe(1)
    leaving.abort()
    await expect(asked).rejects.toMatchObject(left)
    await expect.poll(() => standIn.open().length).toBe(0)
  })

  test('fails with the same words as an exchange', async () => {
    const http = httpTo(`http://127.0.0.1:${await freePort()}`)
    await expect(askTags(http)).rejects.toBeInstanceOf(Failed)
    await expect(askTags(http)).rejects.toMatchObject({ failure: unreachable('refused') })
  })

  test('fails once everything is closed', async () => {
    const { url } = await upstreamSaying([{ status: 200, body: 'ok' }])
    const http = httpTo(url)
    await http.close()
    await expect(askTags(http)).rejects.toMatchObject({ failure: unreachable('reset') })
    expect((await hear(http)).end).toEqual(unreachable('reset'))
  })
})
