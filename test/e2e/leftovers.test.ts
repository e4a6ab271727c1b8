/** After everything that can happen to an exchange nothing is left: no request, no timer, no connection, no listener. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const SCRIPTS: Readonly<Record<string, () => Script>> = {
  well: () => HELLO,
  dies: () => [word('a'), { pause: 5 }, { reset: true }],
  'never comes': () => [{ reset: true }],
  refuses: () => [{ status: 500, body: { error: 'no' } }],
  'falls silent': () => [word('a'), { hold: true }],
  'says nothing': () => [{ hold: true }],
}

let ollama: StandIn
let tolk: Tolk
const ticking = new Set<unknown>()

beforeAll(async () => {
  // The ticker is the only one here that ticks every 100 ms (`src/ticker.ts`).
  const { setInterval: start, clearInterval: stop } = globalThis
  vi.stubGlobal('setInterval', (run: () => void, ms: number) => {
    const timer = start(run, ms)
    if (ms === 100) ticking.add(timer)
    return timer
  })
  vi.stubGlobal('clearInterval', (timer: NodeJS.Timeout) => {
    ticking.delete(timer)
    stop(timer)
  })
  ollama = await createScriptedOllama({
    script: ({ body }) => SCRIPTS[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
  tolk = await startTolk(ollama.url, {
    upstream: { idleTimeoutMs: 300, firstByteTimeoutMs: 300, keepAliveTimeoutMs: 100 },
    downstream: { commitAfterMs: 150, heartbeatMs: 100 },
    shutdown: { drainMs: 0 },
  })
  await tolk.catalog.started
})
afterAll(async () => {
  await ollama.close()
  vi.unstubAllGlobals()
})

const whole = (prompt: string) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: prompt }] },
  })

const everything = async (): Promise<void> => {
  await Promise.all(
    Object.keys(SCRIPTS).flatMap((prompt) => [
      chatStream(tolk.url, prompt).then((stream) => stream.ended()),
      whole(prompt),
      chatStream(tolk.url, prompt, { body: { n: 3 } }).then((stream) => stream.ended()),
    ]),
  )
  const leaving = await chatStream(tolk.url, 'falls silent')
  leaving.leave()
  await chatStream(tolk.url, 'says nothing', { headMs: 20 }).catch(() => {})
}

const resources = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

test('nothing is left, however often', async () => {
  const warnings = vi.fn<(warning: Error) => void>()
  process.on('warning', warnings)
  await everything()
  expect(ticking.size).toBeLessThanOrEqual(1)
  await quiet()
  const before = resources()
  for (let round = 0; round < 10; round++) await everything()
  await quiet()
  expect(resources()['TCPSocketWrap'] ?? 0).toBeLessThanOrEqual(before['TCPSocketWrap'] ?? 0)
  expect(resources()['Timeout'] ?? 0).toBeLessThanOrEqual((before['Timeout'] ?? 0) + 1)
  expect(warnings).not.toHaveBeenCalled()
  process.off('warning', warnings)

  expect(tolk.logged.length).toBeGreaterThan(100)
  await tolk.close()
  await expect.poll(() => ollama.connections()).toBe(0)
  expect(ticking.size).toBe(0)
})

/** Waits until every exchange is over, on both sides. */
const quiet = async (): Promise<void> => {
  await expect.poll(() => ollama.open().length, { timeout: 3000 }).toBe(0)
  // It stays for whoever looks after the event loop, as long as tolk runs.
  await expect.poll(() => ticking.size, { timeout: 3000 }).toBe(1)
  await expect.poll(() => ollama.connections(), { timeout: 3000 }).toBe(0)
}
