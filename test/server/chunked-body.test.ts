/** The body of a stream on real sockets: chunks of our own, beside what Node goes on doing for the connection. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ChunkedBody } from '../../src/server/chunked-body.ts'
import { toOctets } from '../../src/wire/octets.ts'
import { connectTo, type SocketClient } from '../support/socket-client.ts'

const MIB = 1024 * 1024
const LATE_MS = 5000

let answer: (response: ServerResponse) => void
let server: Server
let client: SocketClient

beforeEach(async () => {
  server = createServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  client = await connectTo(
    `http://127.0.0.1:${typeof address === 'object' ? address?.port : 'none'}`,
  )
})
afterEach(() => {
  client.socket.destroy()
  server.closeAllConnections()
  server.close()
})

const ask = (version: '1.0' | '1.1', headers = ''): void =>
  client.send(`GET / HTTP/${version}\r\nHost: a\r\n${headers}\r\n`)

const open = (response: ServerResponse, onDrain = () => {}): ChunkedBody => {
  const body = new ChunkedBody(response, onDrain)
  body.open(200, {})
  return body
}

/** What follows the first head. */
const bodyIn = (received: string): string => received.slice(received.indexOf('\r\n\r\n') + 4)

test('chunks are as long as their bytes, and the last is empty', async () => {
  answer = (response) => {
    const body = open(response)
    body.write(toOctets('é'))
    body.write(toOctets('漢字'))
    body.end('.')
  }
  ask('1.1')
  const received = await client.until(/\r\n0\r\n\r\n$/)
  expect(bodyIn(received)).toBe('2\r\né\r\n6\r\n漢字\r\n1\r\n.\r\n0\r\n\r\n')
})

test.each(['', 'Connection: keep-alive\r\n'])(
  'HTTP/1.0 gets no chunks, and the end of the connection: %j',
  async (headers) => {
    answer = (response) => {
      const body = open(response)
      body.write('a')
      body.write('b')
      body.end('c')
    }
    ask('1.0', headers)
    const received = await client.closed()
    expect(received).not.toMatch(/^transfer-encoding/im)
    expect(bodyIn(received)).toBe('abc')
  },
)

test('the connection is used again, and each answer is whole', async () => {
  const finished: number[] = []
  let asked = 0
  answer = (response) => {
    const number = (asked += 1)
    response.on('finish', () => finished.push(number))
    const body = open(response)
    if (number !== 2) body.write(`${number}:`)
    body.end('end')
  }
  const bodies = ['2\r\n1:\r\n3\r\nend', '3\r\nend', '2\r\n3:\r\n3\r\nend']
  for (const [at, said] of bodies.entries()) {
    const before = client.received().length
    ask('1.1')
    const received = await client.until(new RegExp(`(?:[^]*?\\r\\n0\\r\\n\\r\\n){${at + 1}}$`))
    expect(bodyIn(received.slice(before))).toBe(`${said}\r\n0\r\n\r\n`)
  }
  expect(finished).toEqual([1, 2, 3])
})

test.each([
  ['the first write', 0],
  ['a later one', 1],
])('%s that fills the socket says so, and room is told of once', async (_which, before) => {
  let drains = 0
  const said: boolean[] = []
  answer = (response) => {
    const body = open(response, () => {
      drains += 1
      body.end('.')
    })
    for (let at = 0; at < before; at++) said.push(body.write('a'))
    said.push(body.write('x'.repeat(16 * MIB)))
    said.push(body.write('y'))
  }
  client.socket.pause()
  ask('1.1')
  await expect.poll(() => said.length).toBe(before + 2)
  expect(said).toEqual([...Array<boolean>(before).fill(true), false, false])
  expect(drains).toBe(0)
  client.socket.resume()
  const received = await client.until(/x\r\n1\r\ny\r\n1\r\n\.\r\n0\r\n\r\n$/, LATE_MS)
  expect(bodyIn(received).length).toBeGreaterThan(16 * MIB)
  expect(drains).toBe(1)
})

test('what is written after the client has left is lost without a word', async () => {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  let body: ChunkedBody | undefined
  answer = (response) => {
    body = open(response)
    body.write('a')
    response.once('close', () => resolve(response))
  }
  ask('1.1')
  await client.until(/a\r\n$/)
  client.socket.resetAndDestroy()
  const response = await promise
  expect(body?.write('late')).toBe(false)
  expect(() => body?.end('later')).not.toThrow()
  expect(response.destroyed).toBe(true)
})
