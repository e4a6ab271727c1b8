/** No connection to the upstream, or one that took its time: a real status, and never an address. */
import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import { once } from 'node:events'
import { connect, createServer, isIP, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { certificates } from '../support/certificates.ts'
import { inTime } from '../support/deadline.ts'
import { refusalIn } from '../support/envelope.ts'
import { createFaultUpstream, HELLO, answer } from '../support/fault-upstream.ts'
import { ask } from '../support/raw-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A tolk that knows its one model by itself. */
const tolkTo = async (baseUrl: string, upstream: object = {}): Promise<Tolk> => {
  const tolk = await startTolk(baseUrl, {
    upstream: { models: [{ id: 'm' }], connectTimeoutMs: 300, ...upstream },
  })
  closers.push(() => tolk.close())
  return tolk
}

const chat = (tolk: Tolk, stream: boolean) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] },
  })

/** What both forms are told; each in one line of the log, without an address, and tolk serves on. */
const refusals = async (tolk: Tolk): Promise<readonly object[]> => {
  const told: object[] = []
  for (const stream of [true, false]) {
    const refused = await chat(tolk, stream)
    const { code, message } = refusalIn(refused)
    told.push({ status: refused.status, code, message, again: refused.headers['x-should-retry'] })
    expect(refused.body).not.toMatch(/127\.0\.0\.\d|localhost|invalid:|ECONN|ENOTFOUND|CERT|canary/)
    const lines = () =>
      tolk.logged.filter((line) => line.includes(String(refused.headers['x-request-id'])))
    await expect.poll(lines, { interval: 5 }).toHaveLength(1)
    expect(lines()[0]).toContain('"outcome":"upstream-unreachable"')
  }
  expect((await ask(tolk.url, { path: '/healthz' })).status).toBe(200)
  return told
}

/** @param again whether an SDK may send it again. */
const twice = (code: string, message: RegExp, again: boolean): readonly object[] =>
  Array.from({ length: 2 }, () => ({
    status: 502,
    code,
    message: expect.stringMatching(message),
    again: String(again),
  }))

/** The statuses of both forms, with a whole answer. */
const served = async (tolk: Tolk): Promise<readonly number[]> => {
  const [streamed, whole] = [await chat(tolk, true), await chat(tolk, false)]
  expect(streamed.body).toContain('[DONE]')
  expect(whole.body).toContain('Hello.')
  return [streamed.status, whole.status]
}

/** @returns the port. */
const listening = async (server: Server, port = 0): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What every name stands for from now on; never heard of when `null`. */
const resolveTo = (how: Found | (() => Found)): void => {
  const { lookup } = dns
  const resolver: { lookup: unknown } = dns
  closers.push(() => (resolver.lookup = lookup))
  resolver.lookup = (name: string, options: LookupOptions, done: Heard) => {
    // What listens here asks for its address too.
    if (isIP(name) !== 0) return lookup(name, options, done)
    const found = typeof how === 'function' ? how() : how
    if (found instanceof Error) process.nextTick(done, found)
    else if (found !== null) {
      const addresses = found.map((address) => ({ address, family: isIP(address) }))
      process.nextTick(done, null, addresses)
    }
  }
}

type Found = readonly string[] | Error | null

type Heard = (error: Error | null, address: string | LookupAddress[], family?: number) => void

test('U-01 a port that nobody listens on is a 502 that may be sent again, and no more once somebody does', async () => {
  const upstream = await createFaultUpstream()
  const tolk = await tolkTo(upstream.url)
  expect(await served(tolk)).toEqual([200, 200])
  await upstream.close()
  expect(await refusals(tolk)).toEqual(twice('upstream_unreachable', /Is Ollama running/, true))
  const again = createServer((socket) => {
    socket.once('data', () => socket.end(answer('200 OK', HELLO, 'Connection: close')))
  })
  await listening(again, upstream.port)
  expect(await served(tolk)).toEqual([200, 200])
})

test('U-02 a name that does not exist is a 502, after it was asked for twice', async () => {
  let lookups = 0
  resolveTo(() => {
    lookups += 1
    return Object.assign(new Error('getaddrinfo ENOTFOUND canary'), { code: 'ENOTFOUND' })
  })
  const tolk = await tolkTo('http://canary.invalid:11434', { connectTimeoutMs: 3000 })
  // The upstream's version is asked for at the start.
  await tolk.catalog.started
  const before = lookups
  expect(await refusals(tolk)).toEqual(twice('upstream_dns_error', /cannot be resolved/, true))
  expect(lookups - before).toBe(4)
})

test('U-02 a name that is there the second time is served, and nobody sees the first', async () => {
  const upstream = await createFaultUpstream()
  closers.push(() => upstream.close())
  let lookups = 0
  resolveTo(() =>
    lookups++ % 2 === 0
      ? Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
      : ['127.0.0.1'],
  )
  const tolk = await tolkTo(`http://canary.invalid:${upstream.port}`, { connectTimeoutMs: 3000 })
  expect(await served(tolk)).toEqual([200, 200])
  expect(upstream.chats).toHaveLength(2)
})

test('U-03 a resolver that says “try again” is a 502', async () => {
  resolveTo(Object.assign(new Error('getaddrinfo EAI_AGAIN canary'), { code: 'EAI_AGAIN' }))
  const tolk = await tolkTo('http://canary.invalid:11434')
  expect(await refusals(tolk)).toEqual(twice('upstream_dns_error', /cannot be resolved/, true))
})

test('U-03 a resolver that hangs is a 502 when the time to connect is over', async () => {
  resolveTo(null)
  const tolk = await tolkTo('http://canary.invalid:11434')
  expect(await refusals(tolk)).toEqual(twice('upstream_unreachable', /in time/, true))
})

/** Listens, and lets nobody in: its few places are taken, and nobody is called up. */
const blackHole = async (host: string, port = 0): Promise<number> => {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const server = require('node:net').createServer()
     server.listen({ ...workerData, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
     })`,
    { eval: true, workerData: { host, port } },
  )
  closers.push(() => worker.terminate())
  const taken = await inTime('a port', new Promise((resolve) => worker.once('message', resolve)))
  return z.int().parse(taken)
}

/** Its two places taken. */
const fullBlackHole = async (host: string, port = 0): Promise<number> => {
  const taken = await blackHole(host, port)
  for (let place = 0; place < 2; place++) {
    const socket = connect({ host, port: taken })
    closers.push(() => socket.destroy())
    await inTime('a place', once(socket, 'connect'))
  }
  return taken
}

test('U-04 an upstream that lets nobody in is a 502 when the time to connect is over', async () => {
  const port = await fullBlackHole('127.0.0.1')
  const tolk = await tolkTo(`http://127.0.0.1:${port}`)
  const asked = performance.now()
  expect(await refusals(tolk)).toEqual(
    twice('upstream_unreachable', /did not accept a connection in time/, true),
  )
  expect(performance.now() - asked).toBeGreaterThanOrEqual(600)
})

test('U-05 of two addresses a dead one is given a second, and the other is taken', async () => {
  const upstream = await createFaultUpstream()
  closers.push(() => upstream.close())
  await fullBlackHole('127.0.0.2', upstream.port)
  resolveTo(['127.0.0.2', '127.0.0.1'])
  const tolk = await tolkTo(`http://localhost:${upstream.port}`, { connectTimeoutMs: 3000 })
  const asked = performance.now()
  expect(await served(tolk)).toEqual([200, 200])
  // Node's own limit of 250 ms for an address would give up on a slow, healthy network.
  expect(performance.now() - asked).toBeGreaterThanOrEqual(950)
})

const secure = async (identity: { readonly cert: string; readonly key: string }) => {
  const heard: string[] = []
  const offered: (readonly string[])[] = []
  const server = createTlsServer({
    ...identity,
    ALPNCallback: ({ protocols }) => {
      offered.push(protocols)
      return protocols.includes('h2') ? 'h2' : protocols[0]
    },
  })
  server.on('tlsClientError', () => {})
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {})
    socket.once('data', (octets: Buffer) => {
      heard.push(octets.toString())
      socket.end(answer('200 OK', HELLO, 'Connection: close'))
    })
  })
  return { port: await listening(server), heard, offered }
}

test.each([
  ['self-signed', certificates.server, undefined],
  ['expired', certificates.expired, certificates.expired.cert],
])('U-06 a certificate that is %s is a 502, never to be sent again', async (_, identity, ca) => {
  const { port, heard } = await secure(identity)
  const tolk = await tolkTo(`https://127.0.0.1:${port}`, { tls: ca === undefined ? {} : { ca } })
  expect(await refusals(tolk)).toEqual(
    twice('upstream_tls_error', /certificate is not trusted/, false),
  )
  expect(heard).toEqual([])
})

test('U-07 a certificate for another name is a 502, never to be sent again', async () => {
  const { port, heard } = await secure(certificates.server)
  resolveTo(['127.0.0.1'])
  const tolk = await tolkTo(`https://canary.invalid:${port}`, { tls: { ca: certificates.ca } })
  expect(await refusals(tolk)).toEqual(
    twice('upstream_tls_error', /certificate is not trusted/, false),
  )
  expect(heard).toEqual([])
})

test('U-08 https to a plain port is a 502 that hints at the scheme', async () => {
  const plain = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  const tolk = await tolkTo(`https://127.0.0.1:${await listening(plain)}`)
  expect(await refusals(tolk)).toEqual(
    twice('upstream_tls_error', /does not speak TLS.*scheme/, false),
  )
})

test('U-08 http to a TLS port is a 502 that hints at the scheme', async () => {
  const { port } = await secure(certificates.server)
  const tolk = await tolkTo(`http://127.0.0.1:${port}`)
  expect(await refusals(tolk)).toEqual(twice('upstream_unreachable', /may need https/, false))
})

test('U-09 a TLS handshake that never ends is a 502 when the time to connect is over', async () => {
  const silent = createServer((socket) => void socket.on('error', () => {}).resume())
  const tolk = await tolkTo(`https://127.0.0.1:${await listening(silent)}`)
  expect(await refusals(tolk)).toEqual(twice('upstream_unreachable', /in time/, true))
})

test('U-67 HTTP/2 is not offered, so none of its faults can come', async () => {
  const { port, offered } = await secure(certificates.server)
  const tolk = await tolkTo(`https://127.0.0.1:${port}`, { tls: { ca: certificates.ca } })
  expect(await served(tolk)).toEqual([200, 200])
  expect(offered.length).toBeGreaterThan(0)
  for (const protocols of offered) expect(protocols).toEqual(['http/1.1'])
})
