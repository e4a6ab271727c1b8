/** What no client should send behind a head: a body to a GET, trailers; read away within bounds, and nothing is made of it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { collectGarbage } from '../support/collect-garbage.ts'
import { createScriptedOllama, HELLO } from '../support/scripted-ollama.ts'
import { watchServerSockets, type ServerSockets } from '../support/server-sockets.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let sockets: ServerSockets

beforeEach(async () => {
  sockets = watchServerSockets()
  ollama = await createScriptedOllama({ script: () => HELLO })
})
afterEach(async () => {
  sockets.stop()
  await tolk.close()
  await ollama.close()
})

const start = async (settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 }, ...settings })
  await tolk.catalog.started
}

const headsIn = (text: string): readonly string[] => text.match(/HTTP\/1\.1 \d+/g) ?? []

const MIB = 1024 * 1024
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'

describe('C-18 a GET with a body', () => {
  const smuggled = 'GET /v1/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

  test.each<[what: string, rest: string]>([
    ['of a length', `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`],
    ['in chunks', `${CHUNKED}${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`],
    ['of a megabyte', `Content-Length: 1048576\r\n\r\n${'x'.repeat(1048576)}`],
    ['with small trailers', `${CHUNKED}0\r\nX-A: b\r\nAuthorization: Bearer z\r\n\r\n`],
  ])('%s is answered, and the body is no request', async (_, rest) => {
    await start()
    const client = await connectTo(tolk.url)
    client.send(`GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n${rest}`)
    await client.until(/"object":"list".*\}$/s)
    client.send('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
    expect(headsIn(await client.closed())).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
  })

  test('without end is answered, read away, and cut when its time is up', async () => {
    await start({ server: { requestTimeoutMs: 1500 } })
    const client = await connectTo(tolk.url)
    collectGarbage()
    const held = process.memoryUsage().arrayBuffers
    client.send(
      `GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000000\r\n\r\n`,
    )
    const megabyte = Buffer.alloc(1024 * 1024, 0x78)
    let isOver = false
    client.socket.once('close', () => (isOver = true))
    const pour = (): void => {
      if (isOver || client.socket.destroyed) return
      client.socket.write(megabyte, () => setImmediate(pour))
    }
    pour()
    await client.until(/"object":"list"/)
    const read = () => sockets.at(tolk.url).at(-1)?.bytesRead
    await expect.poll(read, { timeout: 3000, interval: 10 }).toBeGreaterThan(64 * MIB)
    collectGarbage()
    expect(process.memoryUsage().arrayBuffers - held).toBeLessThan(16 * MIB)
    await client.closed(5000)
    expect(headsIn(client.received())[0]).toBe('HTTP/1.1 200')
    client.socket.destroy()
  })
})

/** A chat in a chunk, and what follows it. */
const trailing = (headers: string, trailers: string): string => {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}`
  return `${head}${CHUNKED}${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailers}\r\n`
}

const JSON_TYPE = 'Content-Type: application/json\r\n'

const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat')

describe('C-18 trailers', () => {
  test.each<[what: string, trailers: string]>([
    ['a long one', `X-A: ${'x'.repeat(100_000)}\r\n`],
    ['many', 'X-A: b\r\n'.repeat(20_000)],
  ])('that are giant are refused before the model is asked: %s', async (_, trailers) => {
    await start()
    const client = await connectTo(tolk.url)
    client.send(trailing(JSON_TYPE, trailers))
    expect(headsIn(await client.closed())).toEqual(['HTTP/1.1 431'])
    expect(client.received()).toContain('"code":"request_headers_too_large"')
    expect(chats()).toEqual([])
  })

  test('that are small mean nothing: no key, no type, no wish', async () => {
    await start({ auth: { keys: [{ name: 'a', key: 'client-key' }] } })
    const client = await connectTo(tolk.url)
    client.send(trailing(JSON_TYPE, 'Authorization: Bearer client-key\r\n'))
    await client.closed()
    expect(headsIn(client.received())).toEqual(['HTTP/1.1 401'])
    const typed = await connectTo(tolk.url)
    typed.send(trailing('Authorization: Bearer client-key\r\n', JSON_TYPE))
    await typed.closed()
    expect(headsIn(typed.received())).toEqual(['HTTP/1.1 415'])
    expect(chats()).toEqual([])
  })

  test('of a good request are read away', async () => {
    await start()
    const client = await connectTo(tolk.url)
    client.send(trailing(JSON_TYPE, 'X-A: b\r\nX-Tolk-Reasoning-Field: none\r\n'))
    await client.until(/Hello\./)
    client.send(
      postOf('/v1/chat/completions', {
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'Hi' }],
      }),
    )
    expect(headsIn(await client.until(/\[DONE\]/))).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
    client.socket.destroy()
  })
})
