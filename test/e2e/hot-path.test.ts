/** What a token costs, counted: reads, writes, promises, timers, memory, blocks of source that run. Nothing here looks at a clock. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream, type ChatStream } from '../support/chat-stream.ts'
import { LATE_MS, startCountedTolk, type CountedTolk } from '../support/counted-tolk.ts'
import { handedScript, oneByOne, type HandedScript } from '../support/handed-script.ts'
import type { Counts } from '../support/probe.ts'
import {
  createScriptedOllama,
  done,
  HELLO,
  inOneWrite,
  textOf,
  word,
} from '../support/scripted-ollama.ts'
import { connectTo, postOf } from '../support/socket-client.ts'

let ollama: StandIn
let tolk: CountedTolk
let scripts: Readonly<Record<string, () => Script>> = {}

beforeAll(async () => {
  ollama = await createScriptedOllama({
    script: ({ body }) => scripts[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
  tolk = await startCountedTolk(ollama.url)
  // From here on every timer is known; and whatever is made once is made now.
  await tolk.ask('begun')
  await (await chatStream(tolk.url, 'hello', tolk.client)).ended(LATE_MS)
})
beforeEach(() => {
  scripts = {}
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

/** Counts from now on. */
const counting = async (): Promise<() => Promise<Counts>> => {
  const before = await tolk.ask('counts')
  return async () => {
    const now = await tolk.ask('counts')
    return {
      upstreamReads: now.upstreamReads - before.upstreamReads,
      upstreamBytes: now.upstreamBytes - before.upstreamBytes,
      upstreamWrites: now.upstreamWrites - before.upstreamWrites,
      clientWrites: now.clientWrites - before.clientWrites,
      logWrites: now.logWrites - before.logWrites,
    }
  }
}

describe('writes', () => {
  test('a token that comes alone is one read and one write; the first write has the head, the last the end', async () => {
    const upstream = handedScript()
    scripts = { it: upstream.script }
    const client = await connectTo(tolk.url)
    const counted = await counting()
    client.send(
      postOf(
        '/v1/chat/completions',
        { model: 'm', stream: true, messages: [{ role: 'user', content: 'it' }] },
        tolk.client.headers,
      ),
    )
    upstream.say(word('t0.'))
    const first = await client.until(/t0\.[^]*\n\n\r\n$/, LATE_MS)
    expect(first).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(await counted()).toMatchObject({ upstreamWrites: 1, upstreamReads: 1, clientWrites: 1 })
    for (let token = 1; token < 50; token++) {
      upstream.say(word(`t${token}.`))
      await client.until(new RegExp(`t${token}\\.[^]*\\n\\n\\r\\n$`), LATE_MS)
    }
    expect(await counted()).toMatchObject({ upstreamReads: 50, clientWrites: 50 })
    upstream.say(done, { end: true })
    await client.until(/"finish_reason":"stop"[^]*data: \[DONE\]\n\n\r\n0\r\n\r\n$/, LATE_MS)
    expect(await counted()).toMatchObject({ upstreamWrites: 1, clientWrites: 51 })
    client.socket.destroy()
  })

  test.each([1, 50, 300])('%i chunks in one read of the upstream are one write', async (count) => {
    const upstream = handedScript()
    scripts = { it: upstream.script }
    const stream = await startedWith(inOneWrite([textOf(word('b'))], false), upstream)
    const counted = await counting()
    const pieces = Array.from({ length: count }, (_, at) => chunk(textOf(word(`${at};`))))
    upstream.say({ raw: pieces.join('') })
    await stream.until(2 + count, LATE_MS)
    const { upstreamReads, clientWrites } = await counted()
    expect(upstreamReads).toBe(1)
    expect(clientWrites).toBe(1)
    upstream.say({ raw: `${chunk(textOf(done))}0\r\n\r\n` }, { end: true })
    expect(await stream.ended(LATE_MS)).toBe('whole')
    expect((await counted()).clientWrites).toBe(2)
    expect(stream.content()).toBe(`b${Array.from({ length: count }, (_, at) => `${at};`).join('')}`)
  })

  test('whatever is said, and however it is cut, there are no more writes than reads', async () => {
    const said = Array.from({ length: 3000 }, (_, at) => textOf(anything(at))).join('')
    scripts = {
      it: () => [{ bytes: said, slices: unevenly }, done],
    }
    const counted = await counting()
    const stream = await chatStream(tolk.url, 'it', tolk.client)
    expect(await stream.ended(LATE_MS)).toBe('whole')
    expect(stream.errors()).toEqual([])
    expect(stream.content()).toContain('word 2996 ')
    const { upstreamReads, clientWrites, upstreamWrites } = await counted()
    expect(upstreamWrites).toBe(1)
    expect(clientWrites).toBeGreaterThan(1)
    expect(clientWrites).toBeLessThanOrEqual(upstreamReads)
  })

  test('a request of 200 messages is one write', async () => {
    scripts = {}
    const counted = await counting()
    const messages = Array.from({ length: 200 }, () => ({
      role: 'user',
      content: 'How long is it? '.repeat(60),
    }))
    const stream = await chatStream(tolk.url, 'it', { ...tolk.client, body: { messages } })
    expect(await stream.ended(LATE_MS)).toBe('whole')
    expect(await counted()).toMatchObject({ upstreamWrites: 1 })
  })

  test('requests that end together are one write of the log', async () => {
    const isLogged = ({ headers }: ChatStream): boolean =>
      tolk.printed().includes(String(headers['x-request-id']))
    const before = await chatStream(tolk.url, 'hello', tolk.client)
    await before.ended(LATE_MS)
    await expect.poll(() => isLogged(before), { timeout: LATE_MS }).toBe(true)

    const gate = Promise.withResolvers<void>()
    scripts = { it: () => [word('a'), { until: gate.promise }, done] }
    // As many lines as a pipe takes in one.
    const streams = await Promise.all(
      Array.from({ length: 8 }, () => chatStream(tolk.url, 'it', tolk.client)),
    )
    const counted = await counting()
    const began = performance.now()
    gate.resolve()
    await expect.poll(() => streams.every(isLogged), { timeout: LATE_MS }).toBe(true)
    // They wait 100 ms for company: on a machine that is slow some come later than that.
    const batches = Math.ceil((performance.now() - began) / 100)
    const { logWrites } = await counted()
    expect(logWrites).toBeGreaterThan(0)
    expect(logWrites).toBeLessThanOrEqual(batches)
  })
})

describe('beside its read and its write', () => {
  test('a token makes no promise, no timer, no microtask, no handle', async () => {
    const TOKENS = 1000
    const upstream = handedScript()
    scripts = { it: upstream.script }
    const stream = await startedWith(word('b'), upstream)
    await oneByOne(upstream, word('token'), 50, stream)
    const counted = await counting()
    await tolk.ask('begun')
    await oneByOne(upstream, word('token'), TOKENS, stream)
    const begun = new Map(Object.entries(await tolk.ask('begun')))
    expect(await counted()).toMatchObject({ upstreamReads: TOKENS, clientWrites: TOKENS })
    // What the question itself takes, and a log line of the test before.
    const SOME = 20
    // Node tells by ticks that a write is done, and that there is room again.
    expect(begun.get('TickObject')).toBeLessThanOrEqual(2 * TOKENS + SOME)
    begun.delete('TickObject')
    expect([...begun].filter(([, count]) => count > SOME)).toEqual([])
    stream.leave()
  })

  test('500 open streams share one timer', { timeout: 60_000 }, async () => {
    scripts = { it: () => [word('a'), { hold: true }] }
    const streams = await Promise.all(
      Array.from({ length: 500 }, async () => {
        const stream = await chatStream(tolk.url, 'it', tolk.client)
        await stream.until(2, LATE_MS)
        return stream
      }),
    )
    await expect.poll(clients, { timeout: LATE_MS }).toHaveLength(500)
    // The log's is over soon.
    await expect.poll(() => tolk.ask('timers'), { timeout: LATE_MS }).toBe(1)
    for (const stream of streams) stream.leave()
    await expect.poll(() => tolk.ask('timers'), { timeout: LATE_MS }).toBe(0)
  })
})

/** The clients' sockets that are open. */
const clients = async () => (await tolk.ask('held')).filter(({ side }) => side === 'client')

/** A stream whose role and first word have arrived. */
const startedWith = async (step: Step, upstream: HandedScript): Promise<ChatStream> => {
  upstream.say(step)
  const stream = await chatStream(tolk.url, 'it', tolk.client)
  await stream.until(2, LATE_MS)
  return stream
}

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

const anything = (at: number): Step => {
  const message = { role: 'assistant', content: '' }
  const say = (more: object): Step => ({
    line: { model: 'm', message: { ...message, ...more }, done: false },
  })
  switch (at % 4) {
    case 0:
      return say({ content: `word ${at} é日👩‍👩‍👧‍👦\u2028"\\` })
    case 1:
      return say({ thinking: `thought ${at}` })
    case 2:
      return say({ content: '\n\n' })
    default:
      return say({ tool_calls: [{ function: { name: 'f', arguments: { at } } }] })
  }
}

/** Slices of 1 to 3000 bytes, the same each time. */
function* unevenly(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 3001) {
    yield bytes.subarray(at, at + size)
  }
}
