/** `POST /v1/embeddings` as applications use it: the real openai package, over real sockets. */
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createStandIn, type StandIn, type StandInOptions } from '../../src/demo/stand-in.ts'
import { MAX_INPUTS } from '../../src/embedding/batches.ts'
import { inTime } from '../support/deadline.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let client: OpenAI

const start = async (options: StandInOptions = {}, config: TolkSettings = {}): Promise<void> => {
  ollama = await createStandIn({
    models: [
      createModel({ name: 'embed:latest', abilities: ['embedding'], window: 64 }),
      createModel({ name: 'plain:latest' }),
    ],
    ...options,
  })
  tolk = await startTolk(ollama.url, config)
  client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any', maxRetries: 0 })
}
beforeEach(() => start())
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const sent = () =>
  ollama.requests
    .filter(({ route }) => route === '/api/embed')
    .map(({ json }) => z.looseObject({ input: z.array(z.string()) }).parse(json))

test('a text becomes a vector, by default through base64, with its tokens counted', async () => {
  const { data, model, usage } = await client.embeddings.create({ model: 'embed', input: 'hi you' })
  const [first] = data
  expect(first?.embedding).toHaveLength(8)
  expect(Math.hypot(...(first?.embedding ?? []))).toBeCloseTo(1, 5)
  expect(model).toBe('embed')
  expect(usage).toEqual({ prompt_tokens: 2, total_tokens: 2 })
  expect(sent()).toEqual([{ model: 'embed:latest', input: ['hi you'], truncate: false }])
})

const raw = (encoding: 'float' | 'base64') =>
  fetch(`${tolk.baseURL}/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'embed', input: ['a', 'b'], encoding_format: encoding }),
  }).then(async (response) => listOf(z.unknown()).parse(await response.json()).data)

test('43 embeddings are garbage: here float and base64 are the same numbers, and as asked', async () => {
  const floats = await raw('float')
  const texts = await raw('base64')
  for (const [index, { embedding }] of floats.entries()) {
    const bytes = Buffer.from(z.string().parse(texts[index]?.embedding), 'base64')
    const read = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
    expect(embedding).toEqual(read)
  }
})

const listOf = <T>(embedding: z.ZodType<T>) =>
  z.object({ data: z.array(z.object({ index: z.number(), embedding })) })

test('thousands of inputs keep their order, and go upstream in batches', async () => {
  const input = Array.from({ length: 2500 }, (_, index) => `text ${index}`)
  const { data, usage } = await client.embeddings.create({ model: 'embed', input })
  expect(data.map(({ index }) => index)).toEqual(input.map((_, index) => index))
  expect(usage.prompt_tokens).toBe(5000)
  expect(sent().map((body) => body.input.length)).toEqual([
    ...Array.from({ length: 39 }, () => MAX_INPUTS),
    2500 - 39 * MAX_INPUTS,
  ])
  const alone = await client.embeddings.create({ model: 'embed', input: 'text 1234' })
  expect(data[1234]?.embedding).toEqual(alone.data[0]?.embedding)
})

test('more vectors than may be kept are refused, and no further batch is sent', async () => {
  await tolk.close()
  tolk = await startTolk(ollama.url, { upstream: { maxResponseBytes: 20_000 } })
  client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any', maxRetries: 0 })
  const input = Array.from({ length: 1000 }, String)
  const asked = client.embeddings.create({ model: 'embed', input, encoding_format: 'float' })
  await expect(asked).rejects.toMatchObject({ status: 400, code: 'invalid_value', param: 'input' })
  expect(sent().length).toBeLessThan(4)
  await client.embeddings.create({ model: 'embed', input: input.slice(0, 50) })
})

test('dimensions are cut upstream', async () => {
  const { data } = await client.embeddings.create({ model: 'embed', input: 'a', dimensions: 4 })
  expect(data[0]?.embedding).toHaveLength(4)
})

test('a model that embeds is listed, and says so', async () => {
  const { data } = await client.models.list()
  expect(data).toMatchObject([{ id: 'embed:latest', capabilities: { embedding: true } }])
})

test('its operator’s window and keep_alive go along', async () => {
  await tolk.close()
  tolk = await startTolk(ollama.url, {
    models: { params: { 'embed*': { numCtx: 512, keepAlive: '30m' } } },
  })
  client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any', maxRetries: 0 })
  await client.embeddings.create({ model: 'embed', input: 'a' })
  expect(sent()).toMatchObject([{ keep_alive: '30m', options: { num_ctx: 512 } }])
})

describe('is refused', () => {
  test.each([
    [
      'a text that is too long',
      { input: 'w '.repeat(65) },
      400,
      'context_length_exceeded',
      'input',
    ],
    [
      'more dimensions than there are',
      { input: 'a', dimensions: 9 },
      400,
      'invalid_value',
      'dimensions',
    ],
    ['tokens', { input: [[1, 2]] }, 400, 'unsupported_parameter', 'input'],
    ['an empty text', { input: '' }, 400, 'invalid_value', 'input'],
    ['an unknown model', { input: 'a', model: 'nope' }, 404, 'model_not_found', 'model'],
  ])('%s', async (_, more, status, code, param) => {
    const asked = client.embeddings.create({ model: 'embed', ...more })
    await expect(asked).rejects.toMatchObject({ status, code, param })
  })

  test('another method, with the one that is right', async () => {
    const response = await fetch(`${tolk.baseURL}/embeddings`)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })
})

test.each([
  ['another number of vectors', { embeddings: [[1], [2]] }, 502, 'upstream_bad_response'],
  ['no JSON', 'Ollama is running', 502, 'upstream_bad_response'],
])('an upstream that answers with %s is a bad gateway', async (_, body, status, code) => {
  await tolk.close()
  await ollama.close()
  await start({
    intercept: ({ route }) => (route === '/api/embed' ? [{ status: 200, body }] : undefined),
  })
  const asked = client.embeddings.create({ model: 'embed', input: 'a' })
  await expect(asked).rejects.toMatchObject({ status, code })
})

test('a client that leaves has the upstream stop, and no further batch is sent', async () => {
  await tolk.close()
  await ollama.close()
  const { promise, resolve } = Promise.withResolvers<void>()
  await start({
    intercept: ({ route }) => {
      if (route !== '/api/embed') return undefined
      resolve()
      return [{ hold: true }]
    },
  })
  const leaving = new AbortController()
  const input = Array.from({ length: 3 * MAX_INPUTS }, String)
  const asked = client.embeddings.create({ model: 'embed', input }, { signal: leaving.signal })
  await inTime('the first batch', promise)
  leaving.abort()
  await expect(asked).rejects.toThrow('aborted')
  const first = ollama.requests.find(({ route }) => route === '/api/embed')
  await inTime(
    'the end of the upstream’s connection',
    first?.closed ?? Promise.reject(new Error('no request')),
  )
  expect(sent()).toHaveLength(1)
})
