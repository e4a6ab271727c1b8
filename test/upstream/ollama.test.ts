/** Ollama as an Upstream: the credential on every call, our own words in every body. */
import { afterEach, describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { createStandIn, type StandIn, type StandInOptions } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createOllama, type Ollama, type OllamaConfig } from '../../src/upstream/ollama.ts'
import type { Upstream } from '../../src/upstream/upstream.ts'
import { card } from '../support/cards.ts'
import { inTime } from '../support/deadline.ts'
import { done, HELLO, word } from '../support/scripted-ollama.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const start = async (
  options: StandInOptions,
  facts: Partial<OllamaConfig> = {},
): Promise<{ standIn: StandIn; upstream: Ollama }> => {
  const standIn = await createStandIn({
    models: [createModel({ name: 'm', abilities: ['completion', 'tools'] })],
    script: () => HELLO,
    ...options,
  })
  const upstream = createOllama(
    {
      baseUrl: standIn.url,
      headers: {},
      tls: {},
      connectTimeoutMs: 2000,
      firstByteTimeoutMs: 2000,
      idleTimeoutMs: 2000,
      totalTimeoutMs: 0,
      metaTimeoutMs: 2000,
      keepAliveTimeoutMs: 4000,
      loadGraceMs: 0,
      maxLineBytes: 1024 * 1024,
      userAgent: 'tolk/test',
      ...facts,
    },
    () => ({ streaming: true, overflow: 'error' }),
  )
  closers.push(
    () => standIn.close(),
    () => upstream.close(),
  )
  return { standIn, upstream }
}

/** One chat, whole. */
const chat = (
  upstream: Upstream,
  model = 'm',
  tools: ChatRequest['tools'] = [],
): Promise<readonly ChatEvent[]> => {
  const { promise, resolve } = Promise.withResolvers<readonly ChatEvent[]>()
  const events: ChatEvent[] = []
  upstream.chat(
    {
      model: 'the client’s name',
      messages: [{ role: 'user', text: 'Hi', media: [] }],
      tools,
      maxCalls: Infinity,
      sampling: { temperature: 0 },
      numCtx: 8192,
      keepAlive: '5m',
    },
    { card: card(model), requestId: 'req_42' },
    {
      events: (batch) => {
        events.push(...batch)
        const { type } = batch.at(-1) ?? {}
        if (type === 'finish' || type === 'failure') resolve(events)
      },
    },
  )
  return inTime('a whole chat', promise)
}

const never = new AbortController().signal

describe('the credential is on every call', () => {
  test.each<[way: string, options: StandInOptions, headers: OllamaConfig['headers']]>([
    ['bearer', { apiKey: 'secret' }, { authorization: 'Bearer secret' }],
    ['basic', { requires: { authorization: 'Basic dTpw' } }, { authorization: 'Basic dTpw' }],
    [
      'headers of its own',
      { requires: { 'x-api-key': 'secret', 'cf-access-client-id': 'a' } },
      { 'x-api-key': 'secret', 'cf-access-client-id': 'a' },
    ],
  ])('%s', async (_, options, headers) => {
    const { standIn, upstream } = await start(options, { headers })
    expect(await upstream.version(never)).toBe('0.33.0')
    expect((await upstream.models(never)).map(({ name }) => name)).toEqual(['m'])
    expect((await chat(upstream)).at(-1)).toMatchObject({ type: 'finish' })
    expect(new Set(standIn.requests.map(({ route }) => route))).toEqual(
      new Set(['/api/version', '/api/tags', '/api/show', '/api/ps', '/api/chat']),
    )
  })

  test('without it every call fails, and says that it is the operator’s to mend', async () => {
    const { upstream } = await start({ apiKey: 'secret' })
    const refused = { kind: 'upstream-auth' }
    await expect(upstream.version(never)).rejects.toMatchObject({ failure: refused })
    await expect(upstream.models(never)).rejects.toMatchObject({ failure: refused })
    expect(await chat(upstream)).toMatchObject([{ type: 'failure', failure: refused }])
  })
})

test('S-07 a credential that was renewed is in no error, and neither is the one before', async () => {
  const answered: string[] = []
  const { upstream } = await start(
    {
      intercept: ({ headers }) => [
        { status: 500, body: { error: `no: old-otter, ${String(headers['x-api-key'])}` } },
      ],
    },
    { headers: { 'x-api-key': 'old-otter' } },
  )
  for (const key of ['old-otter', 'new-otter']) {
    upstream.renew({ 'x-api-key': key })
    answered.push(JSON.stringify(await chat(upstream)))
    answered.push(JSON.stringify(await upstream.version(never).catch((error: unknown) => error)))
  }
  expect(answered.filter((text) => text.includes('no: …, …'))).toHaveLength(4)
  expect(answered.join()).not.toContain('otter')
})

test('asks for the upstream’s model by its own name, streamed, and uncut', async () => {
  const { standIn, upstream } = await start({})
  await chat(upstream)
  const [request] = standIn.requests
  expect(request).toMatchObject({ method: 'POST', path: '/api/chat' })
  expect(request?.json).toEqual({
    model: 'm',
    messages: [{ role: 'user', content: 'Hi' }],
    stream: true,
    truncate: false,
    options: { temperature: 0, num_ctx: 8192 },
    keep_alive: '5m',
  })
  expect(request?.headers['x-request-id']).toBe('req_42')
})

test('a renamed tool has its own name again, whether its call was made or printed', async () => {
  const { upstream } = await start({
    script: ({ body }) => {
      const name = body.tools?.[0]?.function?.name ?? ''
      return [word(JSON.stringify({ name, arguments: { code: '1' } })), done]
    },
  })
  expect(await chat(upstream, 'm', [{ name: 'python' }])).toMatchObject([
    { type: 'tool-call', name: 'python', arguments: '{"code":"1"}' },
    { type: 'finish' },
  ])
})

test('names the model in a refusal as the client did', async () => {
  const { upstream } = await start({})
  expect(await chat(upstream, 'gone')).toMatchObject([
    { type: 'failure', failure: { kind: 'model-not-found', model: 'the client’s name' } },
  ])
})

test('a turn under way is told when everything is closed', async () => {
  const { standIn, upstream } = await start({
    script: () => [...HELLO.slice(0, 1), { hold: true }],
  })
  const said = chat(upstream)
  await expect.poll(() => standIn.open().length).toBe(1)
  await upstream.close()
  expect((await said).at(-1)).toMatchObject({ type: 'failure' })
  await expect.poll(() => standIn.connections()).toBe(0)
})
