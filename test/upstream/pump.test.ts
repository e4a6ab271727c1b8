/** The pump: one read is one batch, deadlines count lines, and the upstream is closed when nobody listens. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createOllama } from '../../src/upstream/ollama.ts'
import type { Patience } from '../../src/upstream/pump.ts'
import type { Exchange, Upstream } from '../../src/upstream/upstream.ts'
import { card } from '../support/cards.ts'
import { textOf as textIn } from '../support/chat-events.ts'
import { inTime } from '../support/deadline.ts'
import { byByte, WAYS } from '../support/feed.ts'
import {
  createScriptedOllama,
  done,
  HELLO,
  inOneWrite,
  textOf,
  word,
} from '../support/scripted-ollama.ts'

const PATIENT: Patience = {
  firstByteTimeoutMs: 0,
  idleTimeoutMs: 0,
  totalTimeoutMs: 0,
  loadGraceMs: 0,
}

/** The ticker's grain, twice, and what two busy cores may add. */
const LATE_MS = 600

let standIn: StandIn
let scripts: Readonly<Record<string, () => Script>>
const upstreams: Upstream[] = []

beforeEach(async () => {
  scripts = {}
  standIn = await createScriptedOllama({
    script: ({ body }) => scripts[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterEach(async () => {
  for (const upstream of upstreams.splice(0)) await upstream.close()
  await standIn.close()
})

const ollama = (patience: Partial<Patience> = {}): Upstream => {
  const upstream = createOllama(
    {
      baseUrl: standIn.url,
      headers: {},
      tls: {},
      connectTimeoutMs: 2000,
      metaTimeoutMs: 2000,
      keepAliveTimeoutMs: 4000,
      userAgent: 'tolk/test',
      maxLineBytes: 1024 * 1024,
      ...PATIENT,
      ...patience,
    },
    () => ({ streaming: true, overflow: 'error' }),
  )
  upstreams.push(upstream)
  return upstream
}

type Heard = {
  readonly exchange: Exchange
  readonly batches: readonly (readonly ChatEvent[])[]
  readonly events: () => readonly ChatEvent[]
  readonly text: () => string
  /** The last word. */
  readonly last: (ms?: number) => Promise<ChatEvent>
}

/** Starts the chat whose script has this name; `onBatch` hears each batch as it comes. */
const chat = (
  upstream: Upstream,
  name: string,
  onBatch: (exchange: Exchange | undefined) => unknown = () => {},
): Heard => {
  const batches: (readonly ChatEvent[])[] = []
  const { promise, resolve } = Promise.withResolvers<ChatEvent>()
  let started: Exchange | undefined
  const exchange = upstream.chat(requestOf(name), TARGET, {
    events: (batch) => {
      batches.push(batch)
      onBatch(started)
      const last = batch.at(-1)
      if (last?.type === 'finish' || last?.type === 'failure') resolve(last)
    },
  })
  started = exchange
  const text = (): string => textIn(batches.flat())
  return {
    exchange,
    batches,
    events: () => batches.flat(),
    text,
    last: (ms) => inTime('the last word', promise, ms),
  }
}

const TARGET = { card: card('m'), requestId: 'req_1' }

const requestOf = (text: string): ChatRequest => ({
  model: 'm',
  messages: [{ role: 'user', text, media: [] }],
  tools: [],
  maxCalls: Infinity,
  sampling: {},
})

const isFinish = { type: 'finish', reason: 'stop', usage: { promptTokens: 3, completionTokens: 2 } }

const play = (script: Script | (() => Script), patience?: Partial<Patience>): Heard => {
  scripts = { ...scripts, it: typeof script === 'function' ? script : () => script }
  return chat(ollama(patience), 'it')
}

const failureOf = async (heard: Heard, ms?: number): Promise<unknown> => {
  const last = await heard.last(ms)
  return last.type === 'failure' ? last.failure : last
}

const allClosed = (timeout = 500) => expect.poll(() => standIn.open().length, { timeout }).toBe(0)

/** As long as somebody listens. */
function* endless(step: Step, pauseMs: number): Generator<Step> {
  for (;;) {
    yield step
    yield { pause: pauseMs }
  }
}

/** Bytes without a line. */
const drip = () => endless({ bytes: ' ' }, 20)

describe('batches', () => {
  test.each([1, 2, 300])('%i HTTP chunks in one read are one batch', async (count) => {
    const pieces = [...Array.from({ length: count }, () => textOf(word('a'))), textOf(done)]
    const heard = play([inOneWrite(pieces, true)])
    expect(await heard.last()).toMatchObject(isFinish)
    expect(heard.batches).toHaveLength(1)
    expect(heard.text()).toBe('a'.repeat(count))
  })

  test('lines that come apart are batches of their own', async () => {
    const heard = play([word('a'), { pause: 50 }, word('b'), { pause: 50 }, done])
    await heard.last()
    expect(heard.batches.map((batch) => batch.length)).toEqual([1, 1, 1])
  })

  test.each(WAYS)('the events are the same with the bytes cut $way', async ({ slices }) => {
    const text = HELLO.map(textOf).join('').replace('lo.', 'lö 🦊\u2028.')
    const heard = play([{ bytes: text, slices }])
    expect(await heard.last()).toMatchObject(isFinish)
    expect(heard.text()).toBe('Hellö 🦊\u2028.')
  })

  test('nothing is said twice when a read holds nothing whole', async () => {
    const heard = play([{ bytes: textOf(word('a')), slices: byByte }, done])
    await heard.last()
    expect(heard.batches).toHaveLength(2)
  })
})

describe('the last word', () => {
  test('finishes at once though the connection stays open, and drops it within about a second', async () => {
    const gate = Promise.withResolvers<void>()
    const heard = play([word('a'), { until: gate.promise }, done, { hold: true }])
    await expect.poll(() => heard.batches.length).toBe(1)
    const said = performance.now()
    gate.resolve()
    expect(await heard.last()).toMatchObject(isFinish)
    expect(performance.now() - said).toBeLessThan(200)
    expect(standIn.open()).toHaveLength(1)
    await allClosed(1000 + LATE_MS)
  })

  test('is the last, though the lines go on: its connection is dropped all the same', async () => {
    const heard = play(function* () {
      yield done
      yield* endless(word('more'), 50)
    })
    expect(await heard.last()).toMatchObject(isFinish)
    await allClosed(1000 + LATE_MS)
  })

  test.each<[what: string, after: readonly Step[]]>([
    ['more text', [word('more')]],
    ['another end', [done]],
    ['an error', [{ line: { error: 'too late' } }]],
    ['rubbish', [{ bytes: 'rubbish\n' }]],
    ['a reset', [{ reset: true }]],
  ])('is not followed by %s', async (_, after) => {
    const heard = play([word('a'), done, ...after])
    expect(await heard.last()).toMatchObject(isFinish)
    await allClosed()
    expect(heard.events().map(({ type }) => type)).toEqual(['text', 'finish'])
  })

  test.each<[what: string, script: Script, failure: object]>([
    ['a reset in a line', [word('a'), { bytes: '{"mess' }, { reset: true }], truncated()],
    ['an end in a line', [word('a'), { bytes: '{"mess' }, { tear: true }], truncated()],
    ['a proper end in a line', [word('a'), { bytes: '{"mess' }], truncated()],
    ['an end after a line, without the last chunk', [word('a'), { tear: true }], truncated()],
    ['a proper end without the done line', [word('a')], truncated()],
    ['an error line', [word('a'), { line: { error: 'the model is gone' } }], rejected()],
    ['a line that is no JSON', [word('a'), { bytes: 'rubbish\n' }], malformed()],
    [
      'a line that is too long',
      [word('a'), { bytes: `{"x":"${'x'.repeat(1024 * 1024)}"}` }],
      malformed(),
    ],
    [
      'a chunk size that is none',
      [inOneWrite([textOf(word('a'))], false), { raw: 'zz\r\n' }],
      truncated(),
    ],
  ])('is a failure after %s, once, and the upstream is closed', async (_, script, failure) => {
    const heard = play(script)
    expect(await failureOf(heard)).toMatchObject(failure)
    await allClosed()
    expect(heard.events().map(({ type }) => type)).toEqual(['text', 'failure'])
    expect(heard.text()).toBe('a')
  })

  test('may lack its line break', async () => {
    const heard = play([word('a'), { bytes: textOf(done).trimEnd() }])
    expect(await heard.last()).toMatchObject(isFinish)
  })
})

describe('an answer that is none', () => {
  const page = '<!doctype html><title>Log in</title>'

  test.each<[what: string, script: Script, failure: object]>([
    ['an empty 200', [{ status: 200, body: '' }], truncated()],
    [
      'a compressed 200',
      [{ status: 200, headers: { 'content-encoding': 'gzip' }, body: textOf(done) }],
      malformed(),
    ],
    [
      'a web page',
      [{ status: 200, headers: { 'content-type': 'text/html' }, body: page }],
      malformed(),
    ],
    [
      'a web page of lines',
      [{ status: 200, headers: { 'content-type': 'text/html' }, body: `${page}\n` }],
      malformed(),
    ],
    ['204', [{ status: 204, body: '' }], malformed()],
    ['206', [{ status: 206, body: textOf(done) }], malformed()],
    ['304', [{ status: 304, body: '' }], malformed()],
    [
      'a redirect',
      [{ status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }],
      malformed(),
    ],
    ['401', [{ status: 401, body: { error: 'unauthorized' } }], { kind: 'upstream-auth' }],
    ['an empty 403', [{ status: 403, body: '' }], { kind: 'upstream-auth' }],
    ['a web page with 502', [{ status: 502, body: page }], { kind: 'upstream-rejected' }],
    [
      '503',
      [{ status: 503, headers: { 'retry-after': '7' }, body: { error: 'server busy' } }],
      { kind: 'overloaded', retryAfterMs: 7000 },
    ],
  ])('%s', async (_, script, failure) => {
    const heard = play(script)
    const said = await failureOf(heard)
    expect(said).toMatchObject(failure)
    expect(JSON.stringify(said)).not.toMatch(/doctype|127\.0\.0\.1/)
    expect(heard.events()).toHaveLength(1)
    await allClosed()
  })

  test('a wrong content type is no reason: the lines decide', async () => {
    const heard = play([{ status: 200, headers: { 'content-type': 'text/plain' } }, ...HELLO])
    expect(await heard.last()).toMatchObject(isFinish)
  })

  test('an error page that never ends says its status, and is not kept', async () => {
    const heard = play(function* () {
      yield { status: 500 }
      for (;;) yield { bytes: 'x'.repeat(64 * 1024) }
    })
    expect(await failureOf(heard)).toEqual({
      kind: 'upstream-rejected',
      status: 502,
      message: 'The upstream answered with status 500 and no reason.',
    })
    await allClosed()
  })

  test('an error whose body stalls keeps its status', async () => {
    const body = JSON.stringify({ error: "model 'm' not found" })
    const head = 'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 100'
    const heard = play([{ raw: `${head}\r\n\r\n${body}` }, { hold: true }])
    expect(await failureOf(heard, 3000)).toMatchObject({ kind: 'model-not-found' })
    await allClosed()
  })

  test('a listener that throws is told so, and costs its own turn alone', async () => {
    scripts = { it: () => [word('a'), { hold: true }] }
    const heard: ChatEvent[] = []
    const upstream = ollama()
    upstream.chat(requestOf('it'), TARGET, {
      events: (batch) => {
        heard.push(...batch)
        if (heard.length === 1) throw new Error('a bug')
      },
    })
    await expect
      .poll(() => heard.at(-1))
      .toMatchObject({
        type: 'failure',
        failure: { kind: 'internal', cause: expect.objectContaining({ message: 'a bug' }) },
      })
    await allClosed()
    expect(await play([word('b'), done]).last()).toMatchObject({ type: 'finish' })
  })
})

describe('deadlines', () => {
  test.each<[what: string, script: () => Script]>([
    ['the head never comes', () => [{ hold: true }]],
    ['bytes drip, but no line', drip],
    ['blank lines drip', () => endless({ bytes: '\n' }, 20)],
  ])('firstByteTimeoutMs: %s', async (_, script) => {
    const started = performance.now()
    const heard = play(script, { firstByteTimeoutMs: 300 })
    expect(await failureOf(heard)).toEqual({
      kind: 'upstream-timeout',
      phase: 'first-line',
      waitedMs: 300,
    })
    expect(performance.now() - started).toBeGreaterThanOrEqual(300)
    expect(performance.now() - started).toBeLessThan(300 + LATE_MS)
    await allClosed()
  })

  test.each<[what: string, script: () => Script]>([
    ['nothing comes', () => [word('a'), { hold: true }]],
    [
      'bytes drip, but no line',
      function* () {
        yield word('a')
        yield* drip()
      },
    ],
  ])('idleTimeoutMs: %s after a line', async (_, script) => {
    const heard = play(script, { idleTimeoutMs: 300, firstByteTimeoutMs: 10_000 })
    expect(await failureOf(heard)).toEqual({
      kind: 'upstream-timeout',
      phase: 'next-line',
      waitedMs: 300,
    })
    expect(heard.text()).toBe('a')
    await allClosed()
  })

  test('idleTimeoutMs begins anew with each line', async () => {
    const slow = Array.from({ length: 6 }, () => [word('a'), { pause: 150 }]).flat()
    const heard = play([...slow, done], { idleTimeoutMs: 400, firstByteTimeoutMs: 400 })
    expect(await heard.last()).toMatchObject(isFinish)
    expect(heard.text()).toBe('aaaaaa')
  })

  test('totalTimeoutMs cuts an answer that goes on and on', async () => {
    const heard = play(() => endless(word('a'), 20), { totalTimeoutMs: 400, idleTimeoutMs: 5000 })
    expect(await failureOf(heard)).toEqual({
      kind: 'upstream-timeout',
      phase: 'answer',
      waitedMs: 400,
    })
    await allClosed()
  })

  test('0 is for ever', async () => {
    const heard = play([{ pause: 400 }, word('a'), { pause: 400 }, done], PATIENT)
    expect(await heard.last()).toMatchObject(isFinish)
  })
})

describe('back-pressure', () => {
  const LINE = 'x'.repeat(1000)

  /** Counts the lines that are pulled from it. */
  const counted = (count: { pulled: number }, limit: number) =>
    function* (): Generator<Step> {
      for (let at = 0; at < limit; at++) {
        count.pulled++
        yield word(`${LINE}${at};`)
      }
      yield done
    }

  test('a paused turn pulls no more than the kernel holds, misses no deadline, and loses nothing', async () => {
    const LINES = 20_000
    const count = { pulled: 0 }
    scripts = { flood: counted(count, LINES), slow: () => [word('a'), { hold: true }] }
    // Its deadline passes while it is paused, and leaves a busy machine time to send the rest.
    const upstream = ollama({ idleTimeoutMs: 1000 })
    const hasty = ollama({ idleTimeoutMs: 300 })
    let isFull = true
    const flood = chat(upstream, 'flood', (exchange) => isFull && exchange?.pause())
    await expect.poll(() => flood.batches.length).toBeGreaterThan(0)

    // Another stream is not held up, and its deadline shows that time passes.
    for (let round = 0; round < 4; round++) {
      const slow = chat(hasty, 'slow')
      expect(await failureOf(slow)).toMatchObject({ phase: 'next-line' })
    }
    const before = count.pulled
    expect(before * LINE.length).toBeLessThan(8 * 1024 * 1024)
    expect(flood.events().length).toBeLessThan(300)
    const slow = chat(hasty, 'slow')
    await failureOf(slow)
    expect(count.pulled).toBe(before)

    isFull = false
    flood.exchange.resume()
    expect(await flood.last(15_000)).toMatchObject(isFinish)
    expect(flood.text()).toBe(Array.from({ length: LINES }, (_, at) => `${LINE}${at};`).join(''))
    expect(count.pulled).toBe(LINES)
  })

  test('a paused turn is closed by an abort all the same', async () => {
    scripts = { flood: counted({ pulled: 0 }, Infinity) }
    const flood = chat(ollama(), 'flood', (exchange) => exchange?.pause())
    await expect.poll(() => flood.batches.length).toBeGreaterThan(0)
    flood.exchange.abort()
    await allClosed()
  })
})

describe('abort', () => {
  test('closes the upstream at once, and nothing is heard any more', async () => {
    const heard = play(() => endless(word('a'), 5))
    await expect.poll(() => heard.batches.length).toBeGreaterThan(0)
    const { closed } = standIn.open()[0] ?? { closed: Promise.reject(new Error('none')) }
    const said = heard.batches.length
    const left = performance.now()
    heard.exchange.abort()
    expect((await inTime('the close', closed)).at - left).toBeLessThan(100)
    expect(heard.batches).toHaveLength(said)
  })

  test('is harmless after the end, and again: the connection goes on serving', async () => {
    const heard = play(HELLO)
    await heard.last()
    await allClosed()
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    heard.exchange.abort()
    heard.exchange.abort()
    heard.exchange.resume()
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    expect(standIn.connections()).toBe(1)
  })

  test('with loadGraceMs a load goes on until its first line, and no further', async () => {
    const loaded = Promise.withResolvers<void>()
    const heard = play(
      function* () {
        yield { until: loaded.promise }
        yield* endless(word('a'), 5)
      },
      { loadGraceMs: 5000 },
    )
    await expect.poll(() => standIn.open().length).toBe(1)
    heard.exchange.abort()
    // A whole other turn fits into the load.
    expect(await chat(ollama(), 'hello').last()).toMatchObject(isFinish)
    await expect.poll(() => standIn.open().length).toBe(1)
    expect(standIn.open()[0]?.body).toContain('"it"')
    loaded.resolve()
    await allClosed()
    expect(heard.batches).toEqual([])
  })

  test('a load that outlasts loadGraceMs is ended', async () => {
    const heard = play([{ hold: true }], { loadGraceMs: 300 })
    await expect.poll(() => standIn.open().length).toBe(1)
    const { closed } = standIn.open()[0] ?? { closed: Promise.reject(new Error('none')) }
    const left = performance.now()
    heard.exchange.abort()
    const { at } = await inTime('the close', closed)
    expect(at - left).toBeGreaterThanOrEqual(295)
    expect(at - left).toBeLessThan(300 + LATE_MS)
  })

  test('loadGraceMs is for loads alone: after a line the end comes at once', async () => {
    const heard = play([word('a'), { hold: true }], { loadGraceMs: 5000 })
    await expect.poll(() => heard.batches.length).toBe(1)
    heard.exchange.abort()
    await allClosed()
  })

  test('a load that fails in its grace is over', async () => {
    const loaded = Promise.withResolvers<void>()
    const heard = play(
      [{ until: loaded.promise }, { status: 500, body: { error: 'out of memory' } }],
      { loadGraceMs: 5000 },
    )
    await expect.poll(() => standIn.open().length).toBe(1)
    heard.exchange.abort()
    loaded.resolve()
    await allClosed()
    expect(heard.batches).toEqual([])
  })
})

function truncated(): object {
  return { kind: 'upstream-truncated' }
}

function malformed(): object {
  return { kind: 'upstream-malformed' }
}

function rejected(): object {
  return { kind: 'upstream-rejected' }
}
