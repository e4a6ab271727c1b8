/** Pictures by URL, where the operator allows it: through the whole of tolk, on a machine that is not the internet. */
import { createServer } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createStandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { HELLO } from '../support/scripted-ollama.ts'
import { startTolk } from '../support/tolk.ts'

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A host of pictures on this machine, and a tolk that may ask the hosts said. */
const start = async (allowedHosts: (port: number) => readonly string[]) => {
  let connections = 0
  const pictures = createServer((_, reply) => reply.end('secret'))
  pictures.on('connection', () => connections++)
  await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve))
  const address = pictures.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const ollama = await createStandIn({
    models: [createModel({ name: 'm', abilities: ['completion', 'vision'] })],
    script: () => HELLO,
  })
  const media = { allowedHosts: allowedHosts(port), timeoutMs: 1000 }
  const tolk = await startTolk(ollama.url, { media })
  closers.push(
    () => tolk.close(),
    () => ollama.close(),
    () => void pictures.close(),
  )
  const askFor = (url: string) =>
    ask(tolk.url, {
      path: '/v1/chat/completions',
      body: {
        model: 'm',
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
      },
    })
  const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat').length
  return { port, askFor, chats, connections: () => connections, logged: tolk.logged }
}

test('F-03 an address of this machine is refused, though its name is allowed', async () => {
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:7f00:1]', '0.0.0.0']
  const { port, askFor, chats, connections } = await start((own) =>
    hosts.map((host) => `${host}:${own}`),
  )
  const urls = [...hosts, '2130706433', '0x7f.1', '127.1', 'localhost.'].map(
    (host) => `http://${host}:${port}/a.png`,
  )
  const answers = await Promise.all(urls.map((url) => askFor(url)))
  for (const answer of answers) {
    expect(answer.status).toBe(400)
    expect(refusalIn(answer)).toMatchObject({
      code: 'invalid_image_url',
      param: 'messages[0].content[0].image_url',
    })
    expect(answer.body).not.toContain('secret')
  }
  expect([connections(), chats()]).toEqual([0, 0])
})

test('F-02 a host that is not allowed is refused at once, and neither it nor the picture is in the log', async () => {
  const { port, askFor, chats, connections, logged } = await start(() => ['pictures.example'])
  const answer = await askFor(`http://127.0.0.1:${port}/private-name.png`)
  expect(answer.status).toBe(400)
  expect(refusalIn(answer).message).toMatch(
    /fetches no pictures from there\. Send the picture as a data URL/,
  )
  expect([connections(), chats()]).toEqual([0, 0])
  expect(logged.join('')).not.toMatch(/private-name|127\.0\.0\.1/)
})

test('a picture in the request needs no host', async () => {
  const { askFor, chats } = await start(() => ['pictures.example'])
  expect((await askFor('data:image/png;base64,iVBORw0KGgo=')).status).toBe(200)
  expect(chats()).toBe(1)
})
