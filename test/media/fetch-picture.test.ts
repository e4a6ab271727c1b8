import { createServer, type RequestListener } from 'node:http'
import { createServer as createSocketServer, type Server as NetServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { fetchPicture, type Outside } from '../../src/media/fetch-picture.ts'

/** A picture's first bytes say that it has so many pixels. */
const png = (width = 3, height = 2, size = 64): Buffer => {
  const file = Buffer.alloc(size)
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(file)
  file.writeUInt32BE(width, 16)
  file.writeUInt32BE(height, 20)
  return file
}

const LIMITS = { timeoutMs: 2000, maxBytes: 1000 }
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const listening = (server: NetServer): Promise<number> =>
  new Promise((resolve) => {
    closers.push(() => void server.close())
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })

const serving = (listener: RequestListener): Promise<number> => {
  const server = createServer(listener)
  closers.push(() => server.closeAllConnections())
  return listening(server)
}

/** Names that mean this machine, which counts as public here. */
const here = (asked: string[] = []): Outside => ({
  resolve: (host, done) => {
    asked.push(host)
    done(null, [{ address: '127.0.0.1', family: 4 }])
  },
  isPublic: () => true,
})

const fetched = (port: number, outside = here(), limits = LIMITS, path = '/a.png') =>
  fetchPicture(
    new URL(`http://good.example:${port}${path}`),
    limits,
    new AbortController().signal,
    outside,
  )

describe('a picture', () => {
  test('comes as it is', async () => {
    const asked: string[] = []
    const heads: unknown[] = []
    const port = await serving(({ headers, url }, reply) => {
      heads.push([url, headers])
      reply.end(png())
    })
    expect(await fetched(port, here(asked), LIMITS, '/a.png?x=1')).toEqual(png())
    expect(asked).toEqual(['good.example'])
    expect(heads).toEqual([
      [
        '/a.png?x=1',
        {
          accept: 'image/*',
          'accept-encoding': 'identity',
          'user-agent': 'tolk',
          host: `good.example:${port}`,
          connection: expect.any(String),
        },
      ],
    ])
  })
})

describe('F-09 what is no picture, or too much of one, is nothing', () => {
  test.each<[what: string, reply: RequestListener]>([
    ['an SVG', (_, reply) => reply.end('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['a page', (_, reply) => reply.end('<html>secret</html>')],
    ['an empty file', (_, reply) => reply.end()],
    ['a file cut before its size', (_, reply) => reply.end(png().subarray(0, 18))],
    ['30,000 by 30,000 pixels', (_, reply) => reply.end(png(30_000, 30_000))],
    ['no pixels', (_, reply) => reply.end(png(0, 2))],
    ['a byte too many', (_, reply) => reply.end(png(3, 2, 1001))],
    [
      'ten gigabytes, announced',
      (_, reply) => reply.writeHead(200, { 'content-length': 1e10 }).write(png()),
    ],
    [
      'an announced length that does not come',
      (_, reply) => {
        reply.writeHead(200, { 'content-length': 500 }).write(png(), () => reply.destroy())
      },
    ],
    [
      'a compressed one',
      (_, reply) => reply.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(png())),
    ],
  ])('%s', async (_, listener) => {
    expect(await fetched(await serving(listener))).toBeNull()
  })

  test('a body without an end, which is not read on', async () => {
    let sent = 0
    const port = await serving((_, reply) => {
      reply.writeHead(200).write(png())
      const more = (): void => {
        if (reply.destroyed) return
        sent += 100
        reply.write(Buffer.alloc(100), () => setImmediate(more))
      }
      more()
    })
    expect(await fetched(port)).toBeNull()
    expect(sent).toBeLessThan(1_000_000)
  })

  test('a byte now and then', async () => {
    const port = await serving((_, reply) => void reply.writeHead(200).write('x'))
    expect(await fetched(port, here(), { ...LIMITS, timeoutMs: 200 })).toBeNull()
  })

  test('no answer at all', async () => {
    const port = await listening(createSocketServer(() => {}))
    expect(await fetched(port, here(), { ...LIMITS, timeoutMs: 200 })).toBeNull()
  })

  test('no HTTP', async () => {
    const port = await listening(
      createSocketServer((socket) => socket.end('SSH-2.0-OpenSSH_9\r\n')),
    )
    expect(await fetched(port)).toBeNull()
  })
})

describe('F-06 a redirect is not followed', () => {
  test.each([301, 302, 303, 307, 308])('%i', async (status) => {
    const paths: (string | undefined)[] = []
    const port = await serving(({ url }, reply) => {
      paths.push(url)
      if (url === '/a.png') reply.writeHead(status, { location: '/b.png' }).end()
      else reply.end(png())
    })
    expect(await fetched(port)).toBeNull()
    expect(paths).toEqual(['/a.png'])
  })
})

test.each([204, 206, 403, 404, 500])('a status %i is nothing', async (status) => {
  const port = await serving((_, reply) =>
    reply.writeHead(status).end(status === 204 ? undefined : png()),
  )
  expect(await fetched(port)).toBeNull()
})

/** A name that has these addresses, the first of them the only public one. */
const answering = (...addresses: readonly string[]) => {
  let asked = 0
  const outside: Outside = {
    resolve: (_, done) => {
      asked++
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      )
    },
    // This machine stands for the public internet, and 127.0.0.2 for what is not.
    isPublic: (address) => address === '127.0.0.1',
  }
  return { outside, asked: () => asked }
}

describe('F-04 the address is checked where the connection is made', () => {
  test.each([
    ['a name of one that is not public', ['127.0.0.2']],
    ['a name of two, one of them not public', ['127.0.0.1', '127.0.0.2']],
    ['a name without an address', []],
  ])('%s is not connected to', async (_, addresses) => {
    let connections = 0
    const port = await serving((_request, reply) => {
      connections++
      reply.end(png())
    })
    const { outside } = answering(...addresses)
    expect(await fetched(port, outside)).toBeNull()
    expect(connections).toBe(0)
  })

  test('and asked for once: a second answer cannot be another', async () => {
    const port = await serving((_, reply) => reply.end(png()))
    const { outside, asked } = answering('127.0.0.1')
    expect(await fetched(port, outside)).toEqual(png())
    expect(asked()).toBe(1)
  })

  test('an address that is written out is checked as well', async () => {
    const port = await serving((_, reply) => reply.end(png()))
    const { outside, asked } = answering('127.0.0.1')
    const of = (host: string) =>
      fetchPicture(
        new URL(`http://${host}:${port}/`),
        LIMITS,
        new AbortController().signal,
        outside,
      )
    expect(await of('127.0.0.1')).toEqual(png())
    expect(await of('127.0.0.2')).toBeNull()
    expect(await of('2130706434')).toBeNull()
    expect(await of('[::1]')).toBeNull()
    expect(asked()).toBe(0)
  })

  test('this machine is not public', async () => {
    const port = await serving((_, reply) => reply.end(png()))
    const url = new URL(`http://127.0.0.1:${port}/`)
    expect(await fetchPicture(url, LIMITS, new AbortController().signal)).toBeNull()
  })
})

test('a client that leaves has the fetching end', async () => {
  const leaving = new AbortController()
  const port = await serving((_, reply) => {
    reply.writeHead(200).write('x')
    leaving.abort()
  })
  const url = new URL(`http://good.example:${port}/`)
  expect(
    await fetchPicture(url, { ...LIMITS, timeoutMs: 60_000 }, leaving.signal, here()),
  ).toBeNull()
})
