/** Resources: what one client, or an upstream that is down, can use up, and what is left for the others. */
import { execFileSync } from 'node:child_process'
import { scrypt } from 'node:crypto'
import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import { once } from 'node:events'
import { constants, mkdtempSync, open as openFile, openSync, rmSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect, isIP, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { inTime } from '../support/deadline.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask, type RawAnswer } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { answerIn, connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const HI = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }

let ollama: StandIn
let script: () => Script
const closers: (() => unknown)[] = []

beforeEach(async () => {
  script = () => HELLO
  ollama = await createScriptedOllama({ script: () => script() })
  closers.push(() => ollama.close())
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closers.splice(0).toReversed()) await close()
})

const start = async (settings: TolkSettings = {}, url = ollama.url): Promise<Tolk> => {
  const tolk = await startTolk(url, { shutdown: { drainMs: 0 }, metrics: { port: 0 }, ...settings })
  closers.push(() => tolk.close())
  await tolk.catalog.started
  return tolk
}

const chat = ({ url }: Tolk, body: unknown = HI): Promise<RawAnswer> =>
  ask(url, { path: CHAT, body })

const scrape = async ({ logged }: Tolk) => {
  const [, url = ''] = /"url":"(http:[^"]+)\/metrics"/.exec(logged.join('')) ?? []
  return readMetrics((await ask(url, { path: '/metrics' })).body)
}

/** Lines of the log with this message. */
const linesOf = ({ logged }: Tolk, message: string): readonly string[] =>
  logged.filter((line) => line.includes(`"msg":"${message}`))

/** The body that went upstream. */
const lastSent = (): unknown => JSON.parse(ollama.requests.at(-1)?.body ?? '')

const openChats = () => ollama.open().filter(({ route }) => route === '/api/chat').length

test('R-01 two thousand connections that say nothing, or a byte at a time, are closed in time; others are served', async () => {
  const tolk = await start({ server: { headersTimeoutMs: 1500 } })
  const { hostname, port } = new URL(tolk.url)
  const began = performance.now()
  const lasted: number[] = []
  const sockets = Array.from({ length: 2000 }, () => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => {}).on('close', () => lasted.push(performance.now() - began))
    socket.resume()
    return socket
  })
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
  })
  await inTime('connections', Promise.all(sockets.map((socket) => once(socket, 'connect'))), 10_000)
  let at = 0
  const dripping = setInterval(() => {
    const byte = 'GET / HTTP/1.1\r\n'[at++ % 16] ?? ''
    for (const socket of sockets.slice(1000)) if (socket.writable) socket.write(byte)
  }, 150)
  closers.push(() => clearInterval(dripping))
  // One after another: none of them waits for a place among those that say nothing.
  let served = 0
  while (lasted.length < sockets.length && performance.now() - began < 10_000) {
    const { status } = await ask(tolk.url, { path: '/livez' })
    expect(status).toBe(200)
    served += 1
  }
  expect(lasted).toHaveLength(2000)
  expect(served).toBeGreaterThan(20)
  expect(Math.min(...lasted)).toBeGreaterThan(1450)
  // All of them are a few lines.
  expect(tolk.logged.filter((line) => line.includes('request-timeout')).length).toBeLessThan(200)
})

test('R-02 a body that comes by the byte is a 408 when the time for a request is over', async () => {
  const tolk = await start({ server: { headersTimeoutMs: 500, requestTimeoutMs: 700 } })
  const client = await connectTo(tolk.url)
  closers.push(() => client.socket.destroy())
  const began = performance.now()
  client.send(postOf(CHAT, '{', { 'Content-Length': '1000' }))
  const dripping = setInterval(() => client.send(' '), 100)
  closers.push(() => clearInterval(dripping))
  const said = answerIn(await client.closed(5000))
  expect(performance.now() - began).toBeGreaterThan(690)
  expect(said.status).toBe(408)
  expect(refusalIn(said).code).toBe('request_timeout')
  expect(said.headers).toMatchObject({ connection: 'close', 'x-should-retry': 'false' })
  expect(openChats()).toBe(0)
})

const inMessages = (content: string): string =>
  `{"model":"m","messages":[{"role":"user","content":${content}}]}`

describe('R-06 JSON that is much for its length is a 400, and nothing of it is parsed in one long step', () => {
  /** The longest text that is parsed at once: beyond it others would wait. */
  const MOST_AT_ONCE = 512 * 1024
  test.each<[what: string, body: () => string]>([
    ['lists nested 10,000 deep', () => '['.repeat(10_000)],
    ['lists nested a million deep', () => inMessages('['.repeat(1_000_000))],
    ['objects nested five million deep', () => '{"a":'.repeat(5_000_000)],
    ['three million empty objects', () => `[${'{},'.repeat(3_000_000)}{}]`],
    ['the same as one content', () => inMessages(`[${'{},'.repeat(3_000_000)}{}]`)],
    ['the same as messages', () => `{"messages":[${'{},'.repeat(3_000_000)}{}]}`],
    [
      '700,000 keys',
      () => `{${Array.from({ length: 700_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
    ],
    ['a million numbers', () => inMessages(`[${'1,'.repeat(1_000_000)}1]`)],
    [
      '240,000 numbers of seventeen digits in one content',
      () => inMessages(`[${'12345678901234567,'.repeat(240_000)}1]`),
    ],
    ['120,000 numbers with exponents', () => inMessages(`[${'1e9,'.repeat(120_000)}1]`)],
  ])('%s', { timeout: 20_000 }, async (_, make) => {
    const tolk = await start()
    const body = make()
    const parsed: number[] = []
    const { parse } = JSON
    vi.spyOn(JSON, 'parse').mockImplementation((text: string, reviver) => {
      parsed.push(text.length)
      return parse(text, reviver)
    })
    const refused = await chat(tolk, body)
    vi.restoreAllMocks()
    expect(refused.status).toBe(400)
    expect(refusalIn(refused)).toMatchObject({
      code: 'invalid_json',
      message: expect.stringMatching(/nested deeper than 64|more tokens than 500000/),
    })
    expect(Math.max(0, ...parsed)).toBeLessThan(MOST_AT_ONCE)
    expect((await chat(tolk)).status).toBe(200)
  })
})

describe('R-07 too many, too long, too deep', () => {
  const nested = (depth: number): object =>
    depth === 0 ? { type: 'string' } : { type: 'object', properties: { a: nested(depth - 1) } }

  test.each<[what: string, fields: () => object]>([
    [
      'a hundred thousand messages',
      () => ({ messages: Array.from({ length: 100_000 }, () => HI.messages[0]) }),
    ],
    [
      'ten thousand tools of fifty fields',
      () => {
        const properties = Object.fromEntries(
          Array.from({ length: 50 }, (_, at) => [`p${at}`, { type: 'string' }]),
        )
        const tools = Array.from({ length: 10_000 }, (_, at) =>
          tool({ type: 'object', properties }, `f${at}`),
        )
        return { tools }
      },
    ],
    ['a schema nested a thousand deep', () => ({ tools: [tool(nested(1000))] })],
    [
      'a format nested a thousand deep',
      () => ({
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema: nested(1000) } },
      }),
    ],
  ])('%s: 400', { timeout: 20_000 }, async (_, fields) => {
    const tolk = await start()
    const refused = await chat(tolk, { ...HI, ...fields() })
    expect(refused.status).toBe(400)
    expect(refusalIn(refused).message).toMatch(/nested deeper|more tokens/)
    expect(ollama.requests.filter(({ route }) => route === '/api/chat')).toEqual([])
  })

  const MANY = [HI.messages[0], ...Array.from({ length: 20_000 }, () => ({ role: 'assistant' }))]
  test.each<[what: string, fields: object, param: string, most: RegExp]>([
    [
      'ten thousand tools of no field',
      { tools: Array.from({ length: 10_000 }, (_, at) => tool({}, `f${at}`)) },
      'tools',
      /at most 1024 tools/,
    ],
    ['twenty thousand messages and one', { messages: MANY }, 'messages', /at most 20000 messages/],
    [
      'a tool of an immense name',
      { tools: [tool({}, 'f'.repeat(30_000_000))] },
      'tools[0].function.name',
      /at most 256 characters/,
    ],
  ])(
    '%s: 400, which says what there may be',
    { timeout: 20_000 },
    async (_, fields, param, most) => {
      const tolk = await start()
      const refused = await chat(tolk, { ...HI, ...fields })
      expect(refused.status).toBe(400)
      expect(refusalIn(refused)).toMatchObject({ param, message: expect.stringMatching(most) })
      expect(refused.body.length).toBeLessThan(2000)
      expect(ollama.requests.filter(({ route }) => route === '/api/chat')).toEqual([])
    },
  )

  test('a schema that refers to itself goes upstream as something that ends', async () => {
    const tolk = await start()
    const schema = {
      type: 'object',
      properties: { next: { $ref: '#/$defs/node' } },
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
    }
    expect((await chat(tolk, { ...HI, tools: [tool(schema)] })).status).toBeLessThan(500)
    expect(JSON.stringify(ollama.requests.at(-1)?.body).length).toBeLessThan(100_000)
  })

  test('a pattern of a megabyte is nobody’s to run', async () => {
    const tolk = await start()
    const pattern = `(${'a+'.repeat(500_000)})+$`
    const made: number[] = []
    const Original = RegExp
    vi.stubGlobal(
      'RegExp',
      new Proxy(Original, {
        construct: (target, [source, flags]: [string | RegExp, string?]) => {
          made.push(String(source).length)
          return new target(source, flags)
        },
      }),
    )
    try {
      const answered = await chat(tolk, {
        ...HI,
        tools: [tool({ type: 'object', properties: { a: { type: 'string', pattern } } })],
      })
      expect(answered.status).toBe(200)
    } finally {
      vi.unstubAllGlobals()
    }
    expect(made.filter((length) => length > 100_000)).toEqual([])
  })

  const LONG = 'x'.repeat(30_000_000)
  test.each<[where: string, fields: object]>([
    ['a model', { model: LONG }],
    ['a role', { messages: [{ role: LONG, content: 'Hi' }] }],
    ['an effort', { reasoning_effort: LONG }],
    ['a picture', { messages: [{ role: 'user', content: [image(LONG)] }] }],
    ['a format', { response_format: { type: LONG } }],
    ['how long it stays', { keep_alive: LONG }],
  ])(
    'a string of 30 MB as %s: refused, and not repeated',
    { timeout: 20_000 },
    async (_, fields) => {
      const tolk = await start()
      const refused = await chat(tolk, { ...HI, ...fields })
      expect(refused.status).toBeGreaterThanOrEqual(400)
      expect(refused.status).toBeLessThan(500)
      expect(refused.body.length).toBeLessThan(2000)
      for (const line of tolk.logged) expect(line.length).toBeLessThan(2000)
      expect(ollama.requests.filter(({ route }) => route === '/api/chat')).toEqual([])
    },
  )
})

function tool(parameters: object, name = 'f'): object {
  return { type: 'function', function: { name, parameters } }
}

function image(url: string): object {
  return { type: 'image_url', image_url: { url } }
}

describe('R-08 what would cost without end is a 400, or left out and said to be', () => {
  test.each<[fields: object, param: string]>([
    [{ n: 128 }, 'n'],
    [{ max_tokens: Infinity }, 'max_tokens'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ max_completion_tokens: -1 }, 'max_completion_tokens'],
    [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
    [{ num_ctx: 2 ** 31 }, 'num_ctx'],
    [{ top_k: 2 ** 31 }, 'top_k'],
  ])('%j is a 400', async (fields, param) => {
    const tolk = await start()
    // JSON knows no infinity: 1e400 is written by hand.
    const body = JSON.stringify({ ...HI, ...fields }).replace(
      '"max_tokens":null',
      '"max_tokens":1e400',
    )
    const refused = await chat(tolk, body)
    expect(refused.status).toBe(400)
    expect(refusalIn(refused).param).toBe(param)
  })

  test.each<[fields: object, ignored: string]>([
    [{ best_of: 100 }, 'best_of'],
    [{ num_ctx: 1_000_000_000 }, 'num_ctx'],
    [{ options: { num_ctx: 1_000_000_000 } }, 'options.num_ctx'],
    [{ options: { num_gpu: 999 } }, 'options.num_gpu'],
    [{ options: { num_thread: 100_000 } }, 'options.num_thread'],
    // Too long, for ever, and too short: whoever asks next would wait until the model is loaded again.
    [{ keep_alive: 999 * 3600 }, 'keep_alive'],
    [{ keep_alive: '999h' }, 'keep_alive'],
    [{ keep_alive: -1 }, 'keep_alive'],
    [{ keep_alive: '-1s' }, 'keep_alive'],
    [{ keep_alive: 0 }, 'keep_alive'],
  ])('%j has no effect', async (fields, ignored) => {
    const tolk = await start()
    const answered = await chat(tolk, { ...HI, ...fields })
    expect(answered.status).toBe(200)
    expect(answered.headers['x-tolk-ignored']).toContain(ignored)
    const sent = JSON.stringify(ollama.requests.at(-1)?.body)
    expect(sent).not.toMatch(/1000000000|999|100000|best_of|keep_alive/)
  })

  test('how long a model stays is the operator’s word where there is one', async () => {
    const tolk = await start({ models: { params: { '*': { keepAlive: '30m' } } } })
    const answered = await chat(tolk, { ...HI, keep_alive: '10m' })
    expect(answered.headers['x-tolk-ignored']).toBe('keep_alive')
    expect(lastSent()).toMatchObject({ keep_alive: '30m' })
  })

  test('all of it is a client’s where the operator says so', async () => {
    const tolk = await start({ openai: { allowLoadOptions: true } })
    const answered = await chat(tolk, { ...HI, keep_alive: -1, num_ctx: 4096 })
    expect(answered.headers['x-tolk-ignored']).toBeUndefined()
    expect(lastSent()).toMatchObject({ keep_alive: -1, options: { num_ctx: 4096 } })
  })
})

test('R-15 a client that reads a byte now and then is cut off, and the upstream with it', async () => {
  const tolk = await start({ downstream: { writeStallMs: 400 } })
  script = function* (): Generator<Step> {
    for (;;) yield word('x'.repeat(1000))
  }
  const { hostname, port } = new URL(tolk.url)
  let read = 0
  const socket: Socket = connect({
    host: hostname,
    port: Number(port),
    onread: {
      buffer: Buffer.alloc(1),
      callback: (count) => {
        read += count
        socket.pause()
        return true
      },
    },
  })
  closers.push(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(postOf(CHAT, { ...HI, stream: true }))
  const reading = setInterval(() => socket.resume(), 20)
  closers.push(() => clearInterval(reading))
  await expect.poll(openChats, { timeout: 5000 }).toBe(1)
  await expect.poll(openChats, { timeout: 10_000 }).toBe(0)
  await expect.poll(() => tolk.logged.join('')).toContain('"outcome":"client-stalled"')
  // It did read, all the time.
  expect(read).toBeGreaterThan(5)
  const figures = await scrape(tolk)
  expect(sumOf(figures, 'tolk_write_stalls_total')).toBe(1)
  expect(sumOf(figures, 'tolk_abort_propagation_seconds_count')).toBe(1)
})

/** As work that does not end would. */
const holdUp = (ms: number): void => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('R-17 an event loop that is held up', () => {
  test('is counted, and logged with the path that was asked for last', async () => {
    const tolk = await start()
    await ask(tolk.url, { path: '/v1/models?secret=canary' })
    const before = sumOf(await scrape(tolk), 'tolk_event_loop_held_up_total')
    holdUp(400)
    await expect
      .poll(async () => sumOf(await scrape(tolk), 'tolk_event_loop_held_up_total'))
      .toBeGreaterThan(before)
    const line: unknown = JSON.parse(linesOf(tolk, 'the event loop').at(-1) ?? '')
    expect(line).toMatchObject({ level: 'warn', path: '/v1/models' })
    expect(tolk.logged.join('')).not.toContain('canary')
  })

  test('for more than two seconds is not ready for a while', async () => {
    const tolk = await start()
    const ready = async () => {
      const { status, body } = await ask(tolk.url, { path: '/readyz' })
      return `${status} ${body}`
    }
    expect(await ready()).toBe('200 {"status":"ok"}')
    const real = performance.now.bind(performance)
    let ahead = 0
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead)
    ahead += 2500
    await expect.poll(ready).toBe('503 {"status":"held up"}')
    expect((await ask(tolk.url, { path: '/livez' })).status).toBe(200)
    expect((await chat(tolk)).status).toBe(200)
  })
})

/** What the machine's resolver does from now on. */
const resolveBy = (found: (heard: Heard) => void): void => {
  const { lookup } = dns
  const resolver: { lookup: unknown } = dns
  closers.push(() => (resolver.lookup = lookup))
  resolver.lookup = (name: string, options: LookupOptions, heard: Heard) => {
    // What listens here asks for its address too.
    if (isIP(name) !== 0) lookup(name, options, heard)
    else found(heard)
  }
}

type Heard = (error: Error | null, found: string | LookupAddress[], family?: number) => void

const HERE: LookupAddress[] = [{ address: '127.0.0.1', family: 4 }]

describe('R-20 a resolver that hangs', () => {
  test('holds one thread, so that files and hashes have theirs, and nobody waits for long', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tolk-fifo-'))
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    closers.push(() => rmSync(folder, { recursive: true }))
    let lookups = 0
    // As getaddrinfo does: a thread of the pool waits, here for somebody who writes.
    resolveBy((answer) => {
      lookups += 1
      openFile(fifo, constants.O_RDONLY, () => answer(new Error('canary'), []))
    })
    closers.push(() => closeSync(openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)))
    const tolk = await startTolk('http://canary.invalid:11434', {
      shutdown: { drainMs: 0 },
      upstream: { models: [{ id: 'm' }], connectTimeoutMs: 600 },
    })
    closers.push(() => tolk.close())
    const chats = Array.from({ length: 20 }, () => chat(tolk))
    await expect.poll(() => lookups).toBeGreaterThan(0)
    await inTime('a file', readFile(import.meta.filename))
    await inTime('a hash', promisify(scrypt)('a', 'b', 16))
    expect((await ask(tolk.url, { path: '/v1/models' })).status).toBe(200)
    for (const { status } of await Promise.all(chats)) expect([502, 503]).toContain(status)
    expect(lookups).toBe(1)
  })

  test('is done without where its last answer is known', async () => {
    let isHanging = false
    resolveBy((answer) => {
      if (!isHanging) process.nextTick(answer, null, HERE)
    })
    const { port } = new URL(ollama.url)
    const tolk = await start(
      { upstream: { keepAliveTimeoutMs: 0 } },
      `http://ollama.internal:${port}`,
    )
    expect((await chat(tolk)).status).toBe(200)
    isHanging = true
    const real = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => real() + 2000)
    const answers = await Promise.all([chat(tolk), chat(tolk), chat(tolk)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })
})

describe('R-21 an upstream that is down, under load', () => {
  test('is a 503 at once, few lines and fewer attempts; and is served again when it is back', async () => {
    let attempts = 0
    let isDown = true
    resolveBy((answer) => {
      attempts += 1
      if (isDown) process.nextTick(answer, Object.assign(new Error(''), { code: 'ENOTFOUND' }), [])
      else process.nextTick(answer, null, HERE)
    })
    const { port } = new URL(ollama.url)
    const tolk = await startTolk(`http://ollama.internal:${port}`, {
      shutdown: { drainMs: 0 },
      metrics: { port: 0 },
      upstream: { models: [{ id: 'm' }] },
      log: { maxAlike: 10 },
    })
    closers.push(() => tolk.close())
    const statuses: number[] = []
    for (let round = 0; round < 40; round++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => chat(tolk)))
      for (const { status, headers } of answers) {
        statuses.push(status)
        expect(headers['retry-after']).toBe(status === 503 ? '1' : undefined)
      }
    }
    const quick = statuses.filter((status) => status === 503).length
    expect(statuses.length - quick).toBe(statuses.filter((status) => status === 502).length)
    expect(quick).toBeGreaterThan(300)
    expect(attempts).toBeLessThan(60)
    // Ten of each outcome, and a line a second for all the others.
    expect(linesOf(tolk, 'request').length).toBeLessThanOrEqual(20)
    await expect
      .poll(() => linesOf(tolk, 'many alike').length, { timeout: 3000 })
      .toBeGreaterThan(0)
    const figures = await scrape(tolk)
    expect(sumOf(figures, 'tolk_requests_total')).toBe(400)
    expect(sumOf(figures, 'tolk_upstream_circuit_state')).toBeGreaterThan(0)
    expect(sumOf(figures, 'tolk_upstream_retries_total', { reason: 'dns' })).toBeGreaterThan(0)
    isDown = false
    await expect.poll(async () => (await chat(tolk)).status, { timeout: 5000 }).toBe(200)
    expect(sumOf(await scrape(tolk), 'tolk_upstream_circuit_state')).toBe(0)
  })
})

describe('R-24 an answer that is too large to be given whole', () => {
  const LINE = 'x'.repeat(1000)
  let pulled = 0
  const flood = function* (): Generator<Step> {
    for (pulled = 0; ; pulled++) yield word(LINE)
  }

  test.each([
    ['asked for whole', {}, false],
    [
      'streamed from a model that does not stream',
      { models: { params: { m: { streaming: false } } } },
      true,
    ],
  ])('%s is a 502, and the upstream is stopped', async (_, settings, stream) => {
    const tolk = await start({ upstream: { maxResponseBytes: 100_000 }, ...settings })
    script = flood
    const refused = await chat(tolk, { ...HI, stream })
    expect(refused.status).toBe(502)
    expect(refusalIn(refused)).toMatchObject({
      code: 'upstream_bad_response',
      message: expect.stringContaining('100000 bytes'),
    })
    expect(refused.headers['x-should-retry']).toBe('false')
    await expect.poll(openChats).toBe(0)
    // What two sockets hold, and no more.
    expect(pulled * LINE.length).toBeLessThan(16 * 1024 * 1024)
    script = () => HELLO
    expect((await chat(tolk)).status).toBe(200)
  })

  test('is streamed to its end, however long', async () => {
    const tolk = await start({ upstream: { maxResponseBytes: 100_000 } })
    script = () => [...Array.from({ length: 500 }, () => word(LINE)), done]
    const stream = await chatStream(tolk.url, 'it')
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toHaveLength(500_000)
    expect(stream.data().at(-1)).toBe('[DONE]')
  })
})
