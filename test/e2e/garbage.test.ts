/** What an answer was made of is collected with the young: nothing that is shared keeps it until the old are. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { LATE_MS, startCountedTolk, type CountedTolk } from '../support/counted-tolk.ts'
import { createScriptedOllama, done, word } from '../support/scripted-ollama.ts'

let ollama: StandIn
let tolk: CountedTolk

beforeAll(async () => {
  // The second word comes later than others begin: answers overlap, as they do under load.
  const script = [word('a'), { pause: 5 }, word('b'), done]
  ollama = await createScriptedOllama({ script: () => script })
  tolk = await startCountedTolk(ollama.url, { log: { level: 'warn' } }, FLAGS)
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

/** What is compiled counts as old, and comes when it likes; and nothing old is to be collected meanwhile. */
const FLAGS = [
  '--no-opt',
  '--no-maglev',
  '--no-flush-bytecode',
  '--no-memory-reducer',
  '--initial-old-space-size=1000',
]

const AT_A_TIME = 20

const asking = (): RequestInit => ({
  method: 'POST',
  headers: { ...tolk.client.headers, 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'm',
    stream: true,
    messages: [{ role: 'user', content: 'hello' }],
  }),
  signal: AbortSignal.timeout(LATE_MS),
})

/** Some end while others begin, and the young are collected all along. */
const answer = async (count: number): Promise<void> => {
  let begun = 0
  const oneByOne = async (): Promise<void> => {
    while (begun < count) {
      const isDue = ++begun % 50 === 0
      // On connections that are kept, as those of SDKs are.
      const answered = await fetch(`${tolk.url}/v1/chat/completions`, asking())
      expect(await answered.text()).toContain('[DONE]')
      if (isDue) await tolk.ask('old')
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, oneByOne))
}

test('two thousand answers leave next to nothing among the old', { timeout: 60_000 }, async () => {
  await answer(1000)
  const before = await tolk.ask('old')

  await answer(2000)

  const bytesEach = ((await tolk.ask('old')) - before) / 2000
  expect(bytesEach).toBeLessThan(3000)
})
