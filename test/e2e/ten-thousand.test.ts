/** After ten thousand streams nothing of them is left in tolk's process: no object, no timer, no socket, no byte. */
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LATE_MS, startCountedTolk, type CountedTolk } from '../support/counted-tolk.ts'
import { keptConnection, type KeptConnection } from '../support/kept-connection.ts'
import { createPlainOllama, type PlainOllama } from '../support/plain-ollama.ts'
import { textOf, word } from '../support/scripted-ollama.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { codeOf, sourceFiles } from '../support/source.ts'

const STREAMS = 10_000
const CONNECTIONS = 50

/** What becomes of each of a hundred requests; the others are answered well. */
const FATES: Readonly<Record<number, string>> = {
  3: 'leaves',
  17: 'whole',
  29: 'dies',
  31: 'leaves',
  43: 'never comes',
  58: 'refuses',
  71: 'whole',
  97: 'falls silent',
}

const BEGINNING = textOf(word('a'))

let ollama: PlainOllama
let tolk: CountedTolk

beforeAll(async () => {
  ollama = await createPlainOllama({
    leaves: (response) => response.write(BEGINNING),
    dies: (response) => response.write(BEGINNING, () => response.socket?.resetAndDestroy()),
    'never comes': (response) => response.socket?.resetAndDestroy(),
    refuses: (response: ServerResponse) => response.writeHead(500).end('{"error":"no"}'),
    'falls silent': (response) => response.write(BEGINNING),
  })
  tolk = await startCountedTolk(ollama.url, {
    upstream: { models: [{ id: 'm' }], keepAliveTimeoutMs: 100, idleTimeoutMs: 300 },
  })
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

let asked = 0

/** Each with a user and a tag of its own. */
const requestOf = (fate: string): string => {
  const own = { user: `user-${++asked}`, metadata: { [`tag-${asked}`]: `value-${asked}` } }
  return postOf(
    '/v1/chat/completions',
    { model: 'm', stream: fate !== 'whole', ...own, messages: [{ role: 'user', content: fate }] },
    { ...tolk.client.headers, 'User-Agent': `agent/${asked}`, 'X-Request-Id': `own-${asked}` },
  )
}

/** Asks, and holds what comes against what was to come. */
const meet = async (fate: string, connection: KeptConnection): Promise<void> => {
  if (fate === 'leaves') {
    const client = await connectTo(tolk.url)
    client.send(requestOf(fate))
    await client.until(/"content":"a"/, LATE_MS)
    client.socket.destroy()
    return
  }
  const { status, body } = await connection.ask(requestOf(fate))
  const expected = EXPECTED[fate] ?? { status: 200, body: /lo\.[^]*data: \[DONE\]/ }
  if (status !== expected.status || !expected.body.test(body)) {
    throw new Error(`${fate}: ${status} ${body}`)
  }
}

const EXPECTED: Readonly<Record<string, { readonly status: number; readonly body: RegExp }>> = {
  whole: { status: 200, body: /Hello\./ },
  dies: { status: 200, body: /"content":"a"[^]*"error"/ },
  'never comes': { status: 502, body: /"error"/ },
  refuses: { status: 500, body: /"error"/ },
  'falls silent': { status: 200, body: /"content":"a"[^]*"error"/ },
}

/** So many requests over fifty connections; then waits until all is over. */
const many = async (requests: number): Promise<void> => {
  let next = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = await keptConnection(tolk.url)
      while (next < requests) await meet(FATES[next++ % 100] ?? 'well', connection)
      connection.leave()
    }),
  )
  await expect.poll(async () => (await tolk.ask('held')).length, { timeout: LATE_MS }).toBe(0)
}

/** Every class of ours, and what Node makes for a request. */
const kindsOfOurs = (): readonly string[] => {
  const ours = sourceFiles()
    .filter(({ path }) => !path.startsWith('demo/'))
    .flatMap(({ text }) => codeOf(text).match(/(?<=^(?:export )?class )\w+/gm) ?? [])
  const nodes = ['Socket', 'ServerResponse', 'IncomingMessage', 'Timeout', 'Immediate', 'Promise']
  return [...ours, ...nodes].map((name) => `object ${name}`)
}

type Kinds = ReadonlyMap<string, number>

/** By how many each kind has grown; what V8 made to compile code is no kind of tolk's. */
const growth = (before: Kinds, after: Kinds): readonly (readonly [kind: string, more: number])[] =>
  [...after]
    .filter(([kind]) => !/^(?:code|hidden|object shape) /.test(kind))
    .map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)])

test(
  'R-19 well and badly ended, and whatever user, tag or agent they name, they leave nothing',
  { timeout: 120_000 },
  async () => {
    // Pools are filled, code is compiled.
    await many(1000)
    const kinds = kindsOfOurs()
    const idle = await tolk.objects()
    const client = await connectTo(tolk.url)
    client.send(requestOf('falls silent'))
    await client.until(/"content":"a"/, LATE_MS)
    const busy = growth(idle, await tolk.objects())
    // What is under way is seen, so what were left would be.
    expect(busy).toContainEqual(['object EventStream', 1])
    expect(busy).toContainEqual(['object ServerResponse', 1])
    expect(busy.filter(([kind, more]) => more > 0 && kinds.includes(kind)).length).toBeGreaterThan(
      5,
    )
    await client.until(/"error"/, LATE_MS)
    client.socket.destroy()

    await many(100)
    const before = await tolk.objects()
    const bytes = await tolk.ask('reachable')
    await many(STREAMS)
    const left = async () => {
      const grown = growth(before, await tolk.objects())
      return grown.filter(
        // Closures, strings, arrays, listeners, named or not: less than one for a hundred streams.
        ([kind, more]) => more > STREAMS / 100 || (more > 0 && kinds.includes(kind)),
      )
    }
    await expect.poll(left, { timeout: 20_000, interval: 500 }).toEqual([])
    // What V8 compiled meanwhile is 200 KB to 1.5 MB; what was said would be 4 MB.
    expect((await tolk.ask('reachable')) - bytes).toBeLessThan(256 * STREAMS)
    // Node's of listeners that gather.
    expect(tolk.printed()).not.toContain('Warning')
    await expect.poll(() => ollama.connections()).toBe(0)
  },
)
