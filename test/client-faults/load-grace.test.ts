/** C-03 below the server: what a client that left may leave behind is a load that was begun, and nothing else. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChatRequest } from '../../src/chat/request.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createOllama } from '../../src/upstream/ollama.ts'
import type { Upstream } from '../../src/upstream/upstream.ts'
import { card } from '../support/cards.ts'
import { requestOf } from '../support/chat-body.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'

let standIn: StandIn
let upstream: Upstream

beforeEach(async () => {
  standIn = await createScriptedOllama({
    script: () => [{ hold: true }],
    models: ['m', 'n'].map((name) => createModel({ name, abilities: ['completion'] })),
  })
  upstream = createOllama(
    {
      baseUrl: standIn.url,
      headers: {},
      tls: {},
      connectTimeoutMs: 2000,
      metaTimeoutMs: 2000,
      keepAliveTimeoutMs: 4000,
      userAgent: 'tolk/test',
      maxLineBytes: 1024 * 1024,
      firstByteTimeoutMs: 0,
      idleTimeoutMs: 0,
      totalTimeoutMs: 0,
      loadGraceMs: 60_000,
    },
    () => ({ streaming: true, overflow: 'error' }),
  )
})
afterEach(async () => {
  await upstream.close()
  await standIn.close()
})

const ask = (request: ChatRequest, model = 'm') =>
  upstream.chat(request, { card: card(model), requestId: 'req_1' }, { events: () => {} })

const short = requestOf({ model: 'm' })
const long = requestOf({
  model: 'm',
  messages: Array.from({ length: 8 }, () => ({ role: 'user', content: 'x'.repeat(512 * 1024) })),
})

const chats = () => standIn.requests.filter(({ route }) => route === '/api/chat')

const modelIn = (body: string): string | undefined => /"model":"(\w)/.exec(body)?.[1]

/** What reaches the upstream after all that was begun before. */
const reached = async (): Promise<number> => {
  await upstream.version(AbortSignal.timeout(5000))
  return chats().length
}

describe('C-03 loadGraceMs', () => {
  test.each([
    ['that is being written', long],
    ['that waits for its connection', short],
  ])('is not for a request %s: it is never sent', async (_, request) => {
    ask(request).abort()
    // Another of its kind, begun after it, has arrived before anyone looks.
    const later = ask(request, 'n')
    await expect.poll(() => standIn.open().length).toBe(1)
    expect(chats().map(({ body }) => modelIn(body))).toEqual(['n'])
    later.abort()
  })

  test('is for one load of a model, and for as many as there are models', async () => {
    const exchanges = ['m', 'm', 'm', 'n', 'n'].map((name) => ask(short, name))
    await expect.poll(() => standIn.open().length).toBe(5)
    for (const exchange of exchanges) exchange.abort()
    await expect.poll(() => standIn.open().length).toBe(2)
    for (const exchange of exchanges) exchange.abort()
    expect(await reached()).toBe(5)
    expect(
      standIn
        .open()
        .map(({ body }) => /"model":"(\w)/.exec(body)?.[1])
        .toSorted((a = '', b = '') => a.localeCompare(b)),
    ).toEqual(['m', 'n'])
  })

  test('is given again once the load before is over', async () => {
    const first = Promise.withResolvers<void>()
    standIn.script = () => [{ until: first.promise }, { status: 500, body: { error: 'no' } }]
    const load = ask(short)
    await expect.poll(() => standIn.open().length).toBe(1)
    load.abort()
    first.resolve()
    await expect.poll(() => standIn.open().length).toBe(0)
    standIn.script = () => [{ hold: true }]
    const second = ask(short)
    await expect.poll(() => standIn.open().length).toBe(1)
    second.abort()
    await reached()
    expect(standIn.open()).toHaveLength(1)
  })
})
