/** However long an answer has become, a token costs what the first ones cost: counted in blocks of source and in bytes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream, type ChatStream } from '../support/chat-stream.ts'
import { LATE_MS, startCountedTolk, type CountedTolk } from '../support/counted-tolk.ts'
import { handedScript, oneByOne, type HandedScript } from '../support/handed-script.ts'
import { createScriptedOllama, HELLO, textOf, word } from '../support/scripted-ollama.ts'

/**
 * One tier of V8 alone, and no second thread: the same work allocates the same. A window's garbage
 * fits, so that nothing is collected while it is counted.
 */
const STEADY = [
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--single-threaded',
  '--min-semi-space-size=64',
]

let ollama: StandIn
let tolk: CountedTolk
let script: () => Script = () => HELLO

beforeAll(async () => {
  ollama = await createScriptedOllama({ script: () => script() })
  tolk = await startCountedTolk(ollama.url, {}, STEADY)
  // Counting blocks costs memory: it begins before any is counted.
  await tolk.ask('blocks')
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

type Work = {
  /** Blocks of tolk's source that ran. */
  readonly blocks: number
  /** Bytes of heap that were allocated. */
  readonly allocated: number
  /** Bytes that were reachable before. */
  readonly kept: number
}

const workOf = async (run: () => Promise<void>): Promise<Work> => {
  const kept = await tolk.ask('reachable')
  await tolk.ask('blocks')
  const before = await tolk.ask('used')
  await run()
  const allocated = (await tolk.ask('used')) - before
  return { blocks: await tolk.ask('blocks'), allocated, kept }
}

/** Ticks of the timer that all streams share come in between: a hundredth. */
const expectTheSame = (early: Work, late: Work): void => {
  expect(late.blocks).toBeLessThan(early.blocks * 1.02)
  expect(late.blocks).toBeGreaterThan(early.blocks * 0.98)
  expect(late.allocated).toBeLessThan(early.allocated * 1.1)
  expect(late.allocated).toBeGreaterThan(early.allocated * 0.9)
}

const started = async (): Promise<{ stream: ChatStream; upstream: HandedScript }> => {
  const upstream = handedScript()
  script = upstream.script
  upstream.say(word('b'))
  const stream = await chatStream(tolk.url, 'it', tolk.client)
  await stream.until(2, LATE_MS)
  return { stream, upstream }
}

const WINDOW = 300

describe('the work for a line, and what is kept of it, are those of the first thousand', () => {
  test.each<[what: string, line: Step, far: number]>([
    ['plain text', word('token'), 100_000],
    ['text that must be understood', word('é日👩‍👩‍👧‍👦\u2028"\\\u0000'), 20_000],
    ['thinking', saying({ content: '', thinking: 'hm' }), 20_000],
    ['a line of another shape', saying({ thinking: '', content: 'a', images: null }), 20_000],
  ])('%s', { timeout: 60_000 }, async (_, line, far) => {
    const { stream, upstream } = await started()
    const goTo = async (events: number): Promise<void> => {
      while (stream.data().length < events) {
        const more = Math.min(1000, events - stream.data().length)
        upstream.say({ bytes: textOf(line).repeat(more) })
        await stream.until(stream.data().length + more, LATE_MS)
      }
    }
    const tokens = (): Promise<void> => oneByOne(upstream, line, WINDOW, stream)
    await tokens()
    await goTo(1000)
    const early = await workOf(tokens)
    await goTo(far)
    const late = await workOf(tokens)
    expectTheSame(early, late)
    // Less than a byte a line.
    expect(late.kept - early.kept).toBeLessThan(20_000)
    stream.leave()
  })
})

test('a byte of a line costs the same however much of the line is there already', async () => {
  const { stream, upstream } = await started()
  const [head = '', tail = ''] = textOf(word('@')).split('@')
  const { upstreamBytes } = await tolk.ask('counts')
  let sent = upstreamBytes
  const send = async (bytes: string): Promise<void> => {
    // As an HTTP chunk: its size, its bytes.
    sent += `${bytes.length.toString(16)}\r\n${bytes}\r\n`.length
    upstream.say({ bytes })
    await tolk.arrived(sent)
  }
  const byteByByte = async (): Promise<void> => {
    for (let at = 0; at < WINDOW; at++) await send('x')
  }
  await send(head)
  await byteByByte()
  const early = await workOf(byteByByte)
  const FAR = 100
  for (let at = 0; at < FAR; at++) await send('y'.repeat(1000))
  const late = await workOf(byteByByte)
  expectTheSame(early, late)
  await send(tail)
  await stream.until(3, LATE_MS)
  expect(stream.content()).toBe(
    `b${'x'.repeat(2 * WINDOW)}${'y'.repeat(FAR * 1000)}${'x'.repeat(WINDOW)}`,
  )
  stream.leave()
})

function saying(message: object): Step {
  return { line: { model: 'm', message: { role: 'assistant', ...message }, done: false } }
}
