/**
 * An upstream that says nothing: deadlines count lines, and a status is real for as long as it can be. The plain cases, on a
 * kept connection too, are in `upstream-faults/silence.test.ts`.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, textOf, word } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let script: () => Script

beforeEach(async () => {
  script = () => HELLO
  ollama = await createScriptedOllama({ script: () => script() })
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const start = async (upstream: object, downstream: object = {}, rest: object = {}) => {
  tolk = await startTolk(ollama.url, { upstream, downstream, ...rest })
  await tolk.catalog.started
}

const chat = (stream: boolean) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] },
  })

const allClosed = async (): Promise<void> => {
  await expect.poll(() => ollama.open().length).toBe(0)
}

/** Bytes without a line. */
function* drip(): Generator<Step> {
  for (;;) {
    yield { bytes: ' ' }
    yield { pause: 20 }
  }
}

describe('no first line', () => {
  test.each<[what: string, script: () => Script]>([
    ['a head alone', () => [{ bytes: '\n' }, { hold: true }]],
    ['a drip of bytes', drip],
  ])('is a 504 in time: %s', async (_, silence) => {
    await start({ firstByteTimeoutMs: 300 })
    script = silence
    for (const stream of [true, false]) {
      const asked = performance.now()
      const answer = await chat(stream)
      expect(performance.now() - asked).toBeGreaterThanOrEqual(300)
      expect(performance.now() - asked).toBeLessThan(1200)
      expect(answer.status).toBe(504)
      expect(refusalIn(answer)).toMatchObject({ type: 'server_error', code: 'upstream_timeout' })
      expect(answer.headers['x-should-retry']).toBe('false')
    }
    await allClosed()
  })

  test('U-13 no first line is said in-band once 200 is out', async () => {
    await start({ firstByteTimeoutMs: 600 }, { commitAfterMs: 200 })
    script = () => [{ hold: true }]
    const stream = await chatStream(tolk.url, 'Hi')
    expect(stream.status).toBe(200)
    expect(await stream.ended()).toBe('whole')
    expect(stream.errors()).toMatchObject([{ code: 'upstream_timeout' }])
    expect(stream.text()).not.toContain('[DONE]')
    await allClosed()
  })

  test('in time is no failure', async () => {
    await start({ firstByteTimeoutMs: 800, idleTimeoutMs: 300 })
    script = () => [{ pause: 400 }, ...HELLO]
    expect((await chat(false)).status).toBe(200)
  })
})

describe('no next line', () => {
  test.each<[what: string, then: () => Iterable<Step>]>([
    ['half a line, and nothing', () => [{ bytes: textOf(word('b')).slice(0, 30) }, { hold: true }]],
    ['blank lines', () => [{ bytes: '\n\n\n' }, { hold: true }]],
  ])('is an error event: %s', async (_, then) => {
    await start({ idleTimeoutMs: 300 })
    script = function* () {
      yield word('a')
      yield* then()
    }
    const said = performance.now()
    const stream = await chatStream(tolk.url, 'Hi')
    expect(await stream.ended()).toBe('whole')
    expect(performance.now() - said).toBeLessThan(1200)
    expect(stream.content()).toBe('a')
    expect(stream.errors()).toMatchObject([{ type: 'server_error', code: 'upstream_timeout' }])
    expect(stream.text()).not.toContain('[DONE]')
    await allClosed()
    const whole = await chat(false)
    expect(whole.status).toBe(504)
    refusalIn(whole)
    await allClosed()
  })

  test('in time is no failure, however often', async () => {
    await start({ idleTimeoutMs: 400, firstByteTimeoutMs: 400 })
    script = () => [...Array.from({ length: 6 }, () => [word('a'), { pause: 150 }]).flat(), done]
    const stream = await chatStream(tolk.url, 'Hi')
    await stream.ended()
    expect(stream.content()).toBe('aaaaaa')
    expect(stream.errors()).toEqual([])
  })
})

test('an answer that never ends is cut by totalTimeoutMs', async () => {
  await start({ totalTimeoutMs: 500 })
  script = function* () {
    for (;;) {
      yield word('a')
      yield { pause: 20 }
    }
  }
  const stream = await chatStream(tolk.url, 'Hi')
  await stream.ended()
  expect(stream.errors()).toMatchObject([{ code: 'upstream_timeout' }])
  await allClosed()
})

test('an upstream that accepts and then says nothing keeps no model list waiting', async () => {
  ollama.intercept = () => [{ hold: true }]
  tolk = await startTolk(ollama.url, { upstream: { metaTimeoutMs: 300 } })
  const answer = await ask(tolk.url, { path: '/v1/models' })
  expect(answer.status).toBe(504)
  refusalIn(answer)
  expect((await ask(tolk.url, { path: '/readyz' })).status).toBe(503)
})

test('with loadGraceMs the load of a client that left ends first, its answer is heard by nobody, and it is a 499 at once', async () => {
  await start({}, {}, { abort: { loadGraceMs: 5000 } })
  const loaded = Promise.withResolvers<void>()
  script = () => [{ until: loaded.promise }, word('a'), { hold: true }]
  const leaving = new AbortController()
  const left = fetch(`${tolk.baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
    signal: leaving.signal,
  })
  await expect.poll(() => ollama.open().length).toBe(1)
  leaving.abort()
  await expect(left).rejects.toThrow('aborted')
  await expect.poll(() => tolk.logged.join('')).toContain('"status":499')
  expect(ollama.open()).toHaveLength(1)
  loaded.resolve()
  await allClosed()
})
