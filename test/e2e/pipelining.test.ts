/** Many requests on one connection at once: one is served, the connection closes after it, and none outlives its client. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo, postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let most = 0
let script: (prompt: string) => Script

beforeAll(async () => {
  ollama = await createScriptedOllama({
    script: ({ body }) => {
      most = Math.max(most, ollama.open().length)
      return script(body.messages?.at(-1)?.content ?? '')
    },
  })
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 200 } })
  await tolk.catalog.started
})
beforeEach(() => {
  most = 0
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const post = (prompt: string, stream = true): string =>
  postOf('/v1/chat/completions', {
    model: 'm',
    stream,
    messages: [{ role: 'user', content: prompt }],
  })

test('P-17 fifty requests in one write start one generation, and leave none behind', async () => {
  script = () => [word('a'), { hold: true }]
  const client = await connectTo(tolk.url)
  client.send(Array.from({ length: 50 }, (_, at) => post(`${at}`)).join(''))
  await client.until(/"content":"a"/)
  expect(most).toBe(1)
  client.socket.resetAndDestroy()
  await expect.poll(() => ollama.open().length, { timeout: 1000 }).toBe(0)
  expect(most).toBe(1)
})

test('P-16 the first is answered whole, and then the connection closes', async () => {
  script = (prompt) => [word(`<${prompt}`), { pause: 50 }, word('>'), done]
  const client = await connectTo(tolk.url)
  client.send(Array.from({ length: 5 }, (_, at) => post(`${at}`)).join(''))
  const all = await client.closed()
  expect(all.match(/<\d|>|\[DONE\]/g)).toEqual(['<0', '>', '[DONE]'])
  expect(all.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
  expect(most).toBe(1)
})

test.each([true, false])(
  'one that leaves behind a large unread request is still seen to leave, stream: %s',
  async (stream) => {
    script = () => [{ hold: true }]
    const client = await connectTo(tolk.url)
    client.send(post('hold', stream))
    await expect.poll(() => ollama.open().length).toBe(1)
    client.send(post('x'.repeat(1024 * 1024)))
    client.socket.destroy()
    await expect.poll(() => ollama.open().length, { timeout: 1000 }).toBe(0)
  },
)

test('P-18 a body that nobody reads is not taken for the next request', async () => {
  script = () => HELLO
  const client = await connectTo(tolk.url)
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
  client.send(
    `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
  )
  await client.until(/"ok"/)
  client.send('GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const all = await client.closed()
  expect(all.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
})
