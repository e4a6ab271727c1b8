/** Clients that do not read, beside one that does: not a byte is read for them, little is kept, nothing is lost. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { LATE_MS, startCountedTolk, type CountedTolk } from '../support/counted-tolk.ts'
import { handedScript, oneByOne, type HandedScript } from '../support/handed-script.ts'
import { createScriptedOllama, done, HELLO, textOf, word } from '../support/scripted-ollama.ts'

const KIB = 1024

let ollama: StandIn
let tolk: CountedTolk
let flood: Flood
let reading: HandedScript
let pulled = 0

beforeAll(async () => {
  ollama = await createScriptedOllama({
    script: ({ body }) => {
      const prompt = body.messages?.at(-1)?.content
      return prompt === 'flood' ? poured(flood) : prompt === 'read' ? reading.script() : HELLO
    },
  })
  tolk = await startCountedTolk(ollama.url)
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

/** An answer of so many steps: more than two sockets' buffers on loopback take. */
type Flood = { readonly steps: number; readonly wordsOf: (at: number) => readonly string[] }

const LONG: Flood = {
  steps: 3000,
  wordsOf: (at) => [0, 1, 2, 3].map((part) => `${'x'.repeat(1000)}${at}.${part};`),
}
/** Which come back more than twice as long as they came: a frame is longer than a line. */
const SHORT: Flood = { steps: 300, wordsOf: (at) => Array.from({ length: 500 }, () => `${at};`) }

function* poured({ steps, wordsOf }: Flood): Generator<Step> {
  for (let at = 0; at < steps; at++) {
    pulled++
    yield { bytes: wordsOf(at).map(lineOf).join('') }
  }
  yield done
}

const lineOf = (text: string): string => textOf(word(text))

const textOfAll = ({ steps, wordsOf }: Flood): string =>
  Array.from({ length: steps }, (_, at) => wordsOf(at).join('')).join('')

const openChats = () => ollama.open().filter(({ route }) => route === '/api/chat').length

/**
 * Of the bytes for one client: 64 KiB that Node holds before it says that a socket is full, and the frames of
 * one read more, of 64 KiB at most.
 */
test.each<[count: number, what: string, flood: Flood, most: number]>([
  [20, 'long lines, four to a read', LONG, 144 * KIB],
  [5, 'short lines, hundreds to a read', SHORT, 256 * KIB],
])(
  '%i streams of %s wait, keep little, and go on where they stopped',
  { timeout: 60_000 },
  async (count, _, much, limit) => {
    flood = much
    reading = handedScript()
    pulled = 0
    reading.say(word('b'))
    const reader = await chatStream(tolk.url, 'read', tolk.client)
    await reader.until(2, LATE_MS)
    await oneByOne(reading, word('a'), 50, reader)
    const empty = await tolk.ask('reachable')

    const stalled = await Promise.all(
      Array.from({ length: count }, () =>
        chatStream(tolk.url, 'flood', { ...tolk.client, paused: true }),
      ),
    )
    let last = 0
    const isStill = async (): Promise<boolean> => {
      const { upstreamReads } = await tolk.ask('counts')
      const before = last
      last = upstreamReads + pulled
      return last === before
    }
    await expect.poll(isStill, { interval: 300, timeout: 30_000 }).toBe(true)
    const before = await tolk.ask('counts')
    const pulledBefore = pulled
    expect(pulled).toBeLessThan(count * flood.steps)

    // Who reads gets each token as it comes; for the others not a byte is read, and the upstream waits.
    const TOKENS = 200
    await oneByOne(reading, word('a'), TOKENS, reader)
    const after = await tolk.ask('counts')
    expect(after.upstreamReads - before.upstreamReads).toBe(TOKENS)
    expect(after.clientWrites - before.clientWrites).toBe(TOKENS)
    expect(pulled).toBe(pulledBefore)

    const held = await tolk.ask('held')
    const most = (side: 'client' | 'upstream'): number =>
      Math.max(...held.filter((each) => each.side === side).map(({ bytes }) => bytes))
    expect(most('client')).toBeGreaterThan(0)
    expect(most('client')).toBeLessThanOrEqual(limit)
    expect(most('upstream')).toBeLessThanOrEqual(64 * KIB)
    // All that there is of a stream, its two sockets and what waits in them included.
    const kept = (await tolk.ask('reachable')) - empty
    expect(kept / count).toBeLessThan(192 * KIB)

    const [first, ...others] = stalled
    for (const other of others) other.leave()
    first?.resume()
    expect(await first?.ended(30_000)).toBe('whole')
    expect(first?.content()).toBe(textOfAll(flood))
    expect(first?.finishes()).toEqual(['stop'])
    expect(first?.data().at(-1)).toBe('[DONE]')
    reading.say(done, { end: true })
    expect(await reader.ended(LATE_MS)).toBe('whole')
    expect(reader.content()).toBe(`b${'a'.repeat(50 + TOKENS)}`)
    await expect.poll(openChats, { timeout: LATE_MS }).toBe(0)
  },
)
