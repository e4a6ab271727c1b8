/** A streamed answer, state by state, on a real response. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import { EventStream, type StreamTiming } from '../../src/server/event-stream.ts'
import type { Encoder } from '../../src/wire/codec.ts'
import { text } from '../support/chat-events.ts'
import { inTime } from '../support/deadline.ts'
import { connectTo, type SocketClient } from '../support/socket-client.ts'
import { watchWrites } from '../support/socket-writes.ts'

const NEVER: StreamTiming = { commitAfterMs: 0, heartbeatMs: 0, writeStallMs: 60_000 }

/** Each event is a line, so that what was written can be read off. */
const encoder: Encoder<ChatEvent> = {
  encode: (batch) =>
    batch
      .map((event) => (event.type === 'text' ? event.escaped : `[${event.type}]`))
      .map((line) => (line === '' ? '' : `${line}\n`))
      .join(''),
}

const finish: ChatEvent = { type: 'finish', reason: 'stop', usage: {} }
const failing: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }

const exchangeOf = () => ({
  pause: vi.fn<() => void>(),
  resume: vi.fn<() => void>(),
  abort: vi.fn<() => void>(),
})

let server: Server
let url: string
let client: SocketClient
let response: ServerResponse

beforeEach(async () => {
  const asked = Promise.withResolvers<ServerResponse>()
  server = createServer((_, outgoing) => asked.resolve(outgoing))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  client = await connectTo(url)
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  response = await inTime('a request', asked.promise)
})
afterEach(() => {
  client.socket.destroy()
  server.closeAllConnections()
  server.close()
})

const start = (timing: Partial<StreamTiming> = {}) => {
  const stream = new EventStream(response, encoder, { ...NEVER, ...timing }, { heartbeats: 0 })
  const exchange = exchangeOf()
  stream.carry(exchange)
  return { stream, exchange }
}

/** Counts what the socket is given to write from now on. */
const countWrites = (): (() => number) => {
  const writes = watchWrites(Number(new URL(url).port))
  onTestFinished(writes.stop)
  return writes.count
}

/** The body as the client saw it, without its chunking. */
const bodyOf = (received: string): string =>
  received
    .slice(received.indexOf('\r\n\r\n') + 4)
    .split('\r\n')
    .filter((_, at) => at % 2 === 1)
    .join('')

describe('waiting', () => {
  test('the first batch opens it: 200, and one write for all of the batch', async () => {
    const { stream } = start()
    const writes = countWrites()
    expect(response.headersSent).toBe(false)
    stream.events([text('a'), text('b')])
    await stream.opened
    expect(response.statusCode).toBe(200)
    expect(writes()).toBe(1)
    stream.events([text('c')])
    expect(writes()).toBe(2)
    stream.events([finish])
    expect(bodyOf(await client.closed())).toBe('a\nb\nc\n[finish]\n')
    expect(writes()).toBe(3)
  })

  test('a failure first is thrown, and nothing is written', async () => {
    const { stream } = start()
    stream.events([failing])
    await expect(stream.opened).rejects.toMatchObject({ failure: { kind: 'upstream-truncated' } })
    expect(response.headersSent).toBe(false)
    stream.events([text('late')])
    expect(response.headersSent).toBe(false)
    response.end()
  })

  test('a whole turn in one batch is one write, head and end included', async () => {
    const { stream } = start()
    const writes = countWrites()
    stream.events([text('a'), finish])
    expect(bodyOf(await client.closed())).toBe('a\n[finish]\n')
    expect(writes()).toBe(1)
  })

  test('a client that leaves is thrown, and heard upstream', async () => {
    const { stream, exchange } = start()
    client.socket.destroy()
    await expect(stream.opened).rejects.toMatchObject({ failure: { kind: 'client-closed' } })
    expect(exchange.abort).toHaveBeenCalledTimes(1)
  })

  test('a client that had left before is noticed at once', async () => {
    client.socket.destroy()
    await inTime('the close', new Promise((resolve) => response.once('close', resolve)))
    const stream = new EventStream(response, encoder, NEVER, { heartbeats: 0 })
    await expect(stream.opened).rejects.toMatchObject({ failure: { kind: 'client-closed' } })
    const exchange = exchangeOf()
    stream.carry(exchange)
    expect(exchange.abort).toHaveBeenCalledTimes(1)
  })

  test('fail is thrown, and heard upstream', async () => {
    const { stream, exchange } = start()
    stream.fail({ kind: 'draining' })
    await expect(stream.opened).rejects.toMatchObject({ failure: { kind: 'draining' } })
    expect(exchange.abort).toHaveBeenCalledTimes(1)
    response.end()
  })

  test('commitAfterMs opens it with a comment', async () => {
    const { stream } = start({ commitAfterMs: 150 })
    await inTime('the commit', stream.opened)
    expect(bodyOf(await client.until(/keep-alive/))).toBe(': keep-alive\n\n')
    stream.events([failing])
    expect(bodyOf(await client.closed())).toBe(': keep-alive\n\n[failure]\n')
  })
})

describe('open', () => {
  test('a failure is the last word, and nothing follows it', async () => {
    const { stream } = start()
    stream.events([text('a')])
    stream.events([failing])
    stream.events([text('late'), finish])
    stream.fail({ kind: 'draining' })
    expect(bodyOf(await client.closed())).toBe('a\n[failure]\n')
  })

  test('what says nothing is not written', async () => {
    const { stream } = start()
    stream.events([text('a')])
    const writes = countWrites()
    stream.events([text('')])
    stream.events([])
    expect(writes()).toBe(0)
    stream.events([finish])
    await client.closed()
  })

  test('a client that leaves is heard upstream once', async () => {
    const { stream, exchange } = start()
    stream.events([text('a')])
    client.socket.resetAndDestroy()
    await expect.poll(() => exchange.abort.mock.calls.length).toBe(1)
    stream.events([text('late'), finish])
    await stream.opened
  })

  test('a full socket pauses the upstream once, and an empty one resumes it', async () => {
    const { stream, exchange } = start({ heartbeatMs: 100 })
    client.socket.pause()
    stream.events([text('x'.repeat(16 * 1024 * 1024))])
    expect(exchange.pause).toHaveBeenCalledTimes(1)
    stream.events([text('y')])
    expect(exchange.pause).toHaveBeenCalledTimes(1)
    expect(exchange.resume).not.toHaveBeenCalled()
    client.socket.resume()
    await expect.poll(() => exchange.resume.mock.calls.length, { timeout: 5000 }).toBe(1)
    expect(exchange.abort).not.toHaveBeenCalled()
    stream.events([finish])
    expect(await client.closed(5000)).toContain('[finish]')
  })

  test('no comment is put before a full socket', async () => {
    const { stream, exchange } = start({ heartbeatMs: 100, writeStallMs: 600 })
    client.socket.pause()
    stream.events([text('x'.repeat(16 * 1024 * 1024))])
    const { socket } = response
    if (socket === null) throw new Error('no socket')
    const write = vi.spyOn(socket, 'write')
    // Cut off by writeStallMs, several heartbeats later.
    await expect.poll(() => response.destroyed, { timeout: 2000 }).toBe(true)
    expect(write).not.toHaveBeenCalled()
    await expect.poll(() => exchange.abort.mock.calls.length).toBe(1)
  })
})

describe('ending', () => {
  test('what is not read in writeStallMs is cut off', async () => {
    const { stream, exchange } = start({ writeStallMs: 300 })
    client.socket.pause()
    stream.events([text('x'.repeat(16 * 1024 * 1024)), finish])
    expect(response.writableEnded).toBe(true)
    await expect.poll(() => response.destroyed, { timeout: 2000 }).toBe(true)
    expect(exchange.abort).not.toHaveBeenCalled()
    client.socket.resume()
    expect(await client.closed()).not.toContain('[finish]')
  })

  test('a turn that came to its end is not aborted by the close of its answer', async () => {
    const { stream, exchange } = start()
    stream.events([text('a'), finish])
    await client.closed()
    await expect.poll(() => response.destroyed).toBe(true)
    expect(exchange.abort).not.toHaveBeenCalled()
  })
})
