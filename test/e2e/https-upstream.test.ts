/** An upstream behind TLS: an own authority is trusted, everybody else is not. */
import { afterEach, expect, test } from 'vitest'
import type { StandIn, StandInOptions } from '../../src/demo/stand-in.ts'
import { certificates } from '../support/certificates.ts'
import { chatStream } from '../support/chat-stream.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, word } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk

const start = async (options: StandInOptions, tls: object): Promise<void> => {
  ollama = await createScriptedOllama(options)
  tolk = await startTolk(ollama.url, { upstream: { tls, connectTimeoutMs: 2000 } })
  await tolk.catalog.started
}
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

test('with its authority in tls.ca everything works: models, whole, streamed, and a client that leaves', async () => {
  await start({ tls: certificates.server }, { ca: certificates.ca })
  expect(ollama.url).toMatch(/^https:/)
  expect((await ask(tolk.url, { path: '/v1/models' })).body).toContain('"id":"m"')
  const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
  expect((await ask(tolk.url, { path: '/v1/chat/completions', body })).body).toContain('Hello.')
  const stream = await chatStream(tolk.url, 'Hi')
  await stream.ended()
  expect(stream.content()).toBe('Hello.')
  ollama.script = () => [word('a'), { hold: true }]
  const left = await chatStream(tolk.url, 'Hi')
  left.leave()
  await expect.poll(() => ollama.open().length).toBe(0)
})

test('without it every call is a 502 that says so, and nothing reaches the upstream', async () => {
  await start({ tls: certificates.server }, {})
  for (const path of ['/v1/models', '/v1/models/m']) {
    const answer = await ask(tolk.url, { path })
    expect(answer.status).toBe(502)
    expect(refusalIn(answer)).toMatchObject({
      code: 'upstream_tls_error',
      message: expect.stringContaining('tls.ca'),
    })
    expect(answer.headers['x-should-retry']).toBe('false')
    expect(answer.body).not.toContain(String(ollama.port))
  }
  expect(ollama.requests).toEqual([])
})

test('our own certificate is shown where one is asked for', async () => {
  const tls = { ...certificates.server, clientCa: certificates.ca }
  await start({ tls }, { ca: certificates.ca, ...certificates.client })
  expect((await ask(tolk.url, { path: '/v1/models' })).body).toContain('"id":"m"')
})

test('and without one the upstream is out of reach', async () => {
  const tls = { ...certificates.server, clientCa: certificates.ca }
  await start({ tls }, { ca: certificates.ca })
  const answer = await ask(tolk.url, { path: '/v1/models' })
  expect(answer.status).toBe(502)
  refusalIn(answer)
})
