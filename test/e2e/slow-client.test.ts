/** A client that does not read: the upstream waits, memory stays bounded, others go on, and one day it is cut off. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const MIB = 1024 * 1024
const LINE = 'x'.repeat(1000)

let ollama: StandIn
let tolk: Tolk
let scripts: Readonly<Record<string, () => Script>>
let pulled: number

beforeEach(async () => {
  scripts = {}
  pulled = 0
  ollama = await createScriptedOllama({
    script: ({ body }) => scripts[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const start = async (settings: TolkSettings = {}) => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 }, ...settings })
  await tolk.catalog.started
}

/** So many lines of a kilobyte, counted as they are pulled. */
const flood = (lines: number) =>
  function* (): Generator<Step> {
    for (let at = 0; at < lines; at++) {
      pulled++
      yield word(`${LINE}${at};`)
    }
    yield done
  }

const openChats = () => ollama.open().filter(({ route }) => route === '/api/chat').length

/** Waits until nothing is pulled any more. */
const settled = async (): Promise<number> => {
  let before = -1
  await expect
    .poll(
      () => {
        const isStill = pulled === before
        before = pulled
        return isStill && pulled > 0
      },
      { interval: 200, timeout: 5000 },
    )
    .toBe(true)
  return pulled
}

describe('back-pressure', () => {
  test('R-14 an endless answer that nobody reads stays in the kernel’s buffers; others are not held up', async () => {
    await start()
    scripts = { flood: flood(Infinity) }
    const stalled = await chatStream(tolk.url, 'flood', { paused: true })
    const before = await settled()
    // Two sockets' buffers on loopback, and no more.
    expect(before * LINE.length).toBeLessThan(12 * MIB)
    const heap = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
    for (let round = 0; round < 20; round++) {
      const asked = performance.now()
      const { body } = await ask(tolk.url, {
        path: '/v1/chat/completions',
        body: { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] },
      })
      expect(body).toContain('[DONE]')
      expect(performance.now() - asked).toBeLessThan(500)
    }
    expect(pulled).toBe(before)
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - heap
    expect(grown).toBeLessThan(30 * MIB)
    stalled.leave()
    await expect.poll(openChats).toBe(0)
  })

  test('when it reads again everything arrives, complete and in order', async () => {
    await start({ upstream: { idleTimeoutMs: 300 }, downstream: { heartbeatMs: 100 } })
    const LINES = 20_000
    scripts = { flood: flood(LINES) }
    const stream = await chatStream(tolk.url, 'flood', { paused: true })
    // Longer than idleTimeoutMs: nobody blames the upstream for a client that does not read.
    expect(await settled()).toBeLessThan(LINES)
    stream.resume()
    expect(await stream.ended(15_000)).toBe('whole')
    expect(stream.errors()).toEqual([])
    expect(stream.content()).toBe(
      Array.from({ length: LINES }, (_, at) => `${LINE}${at};`).join(''),
    )
    expect(stream.finishes()).toEqual(['stop'])
    expect(stream.data().at(-1)).toBe('[DONE]')
  })

  test('a client that reads in fits and starts loses nothing', async () => {
    await start()
    const LINES = 8000
    scripts = { flood: flood(LINES) }
    const stream = await chatStream(tolk.url, 'flood')
    const reading = setInterval(() => {
      stream.pause()
      setImmediate(() => stream.resume())
    }, 5)
    try {
      expect(await stream.ended(15_000)).toBe('whole')
    } finally {
      clearInterval(reading)
    }
    expect(stream.content()).toHaveLength(
      Array.from({ length: LINES }, (_, at) => `${LINE}${at};`).join('').length,
    )
  })
})

describe('writeStallMs', () => {
  const cut = { downstream: { writeStallMs: 400 } }

  test('cuts a client that takes nothing, and closes the upstream', async () => {
    await start(cut)
    scripts = { flood: flood(Infinity) }
    const stream = await chatStream(tolk.url, 'flood', { paused: true })
    await settled()
    await expect.poll(openChats, { timeout: 2000 }).toBe(0)
    stream.resume()
    expect(await stream.ended()).toBe('torn')
    expect(stream.text()).not.toContain('[DONE]')
  })

  test('cuts it though the answer has come to its end meanwhile', async () => {
    await start({
      ...cut,
      models: { params: { m: { streaming: false } } },
      shutdown: { drainMs: 20_000 },
    })
    scripts = { flood: flood(20_000) }
    const client = await connectTo(tolk.url)
    client.send(
      postOf('/v1/chat/completions', {
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'flood' }],
      }),
    )
    client.socket.pause()
    await expect.poll(() => ollama.requests.at(-1)?.route).toBe('/api/chat')
    await expect.poll(openChats, { timeout: 5000 }).toBe(0)
    await expect
      .poll(() => tolk.logged.join(''), { timeout: 3000 })
      .toContain('"outcome":"client-stalled"')
    client.socket.destroy()
  })

  test('leaves alone who reads slowly, as long as it reads', async () => {
    await start({ downstream: { writeStallMs: 1000 } })
    scripts = { flood: flood(6000) }
    const stream = await chatStream(tolk.url, 'flood', { paused: true })
    await settled()
    stream.resume()
    const reading = setInterval(() => {
      stream.pause()
      setTimeout(() => stream.resume(), 20)
    }, 25)
    try {
      expect(await stream.ended(15_000)).toBe('whole')
    } finally {
      clearInterval(reading)
    }
    expect(stream.data().at(-1)).toBe('[DONE]')
  })
})
