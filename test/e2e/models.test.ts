/** GET /v1/models over real sockets: what is listed, by which names a model is found, and how it stays true. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createStandIn, type StandIn } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createRecordedOllama } from '../support/recorded-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const list = z.object({
  object: z.literal('list'),
  data: z.array(z.looseObject({ id: z.string(), context_length: z.number() })),
})

const listOf = async (tolk: Tolk) =>
  list.parse(await (await fetch(`${tolk.baseURL}/models`)).json()).data

const namesOf = async (tolk: Tolk) => (await listOf(tolk)).map(({ id }) => id)

const ready = async (tolk: Tolk) => (await fetch(`${tolk.url}/readyz`)).status

const toolModel = (name: string) => createModel({ name, abilities: ['completion', 'tools'] })

describe('a real server’s models', () => {
  let ollama: StandIn
  let tolk: Tolk

  beforeAll(async () => {
    ollama = await createRecordedOllama()
    tolk = await startTolk(ollama.url, { models: { aliases: { 'gpt-4o': 'ollama/native' } } })
  })
  afterAll(async () => {
    await tolk.close()
    await ollama.close()
  })

  test('lists those that call tools, native included, and those for embeddings, with the window they were trained for', async () => {
    const models = await listOf(tolk)
    const windows = new Map(models.map(({ id, context_length: window }) => [id, window]))
    expect(windows.get('native:latest')).toBe(32_768)
    expect(windows.has('plain:latest')).toBe(false)
    expect(windows.has('embed:latest')).toBe(true)
    expect(new Set(models.map((model) => Object.keys(model).join())).size).toBe(1)
  })

  test.each([
    ['team/namespaced:v1', 'team/namespaced:v1'],
    ['team%2Fnamespaced%3Av1', 'team/namespaced:v1'],
    ['native', 'native:latest'],
    ['NATIVE:Latest', 'native:latest'],
    ['ollama/native', 'native:latest'],
    ['ollama%2Fnative', 'native:latest'],
    ['gpt-4o', 'native:latest'],
    ['plain', 'plain:latest'],
  ])('retrieves /v1/models/%s', async (path, id) => {
    const response = await fetch(`${tolk.baseURL}/models/${path}`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id, object: 'model' })
  })

  test.each(['nativ', 'team/namespaced', '%E0%A4%A'])(
    'answers 404 for /v1/models/%s',
    async (path) => {
      const response = await fetch(`${tolk.baseURL}/models/${path}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({
        error: { type: 'invalid_request_error', code: 'model_not_found', param: 'model' },
      })
    },
  )

  test('gives Codex a list it can read, and nobody else a second one', async () => {
    const codex = await (await fetch(`${tolk.baseURL}/models?client_version=1`)).json()
    expect(codex).toHaveProperty('models', [])
    expect(await (await fetch(`${tolk.baseURL}/models`)).json()).not.toHaveProperty('models')
  })
})

describe('a catalog that changes', () => {
  test('lists a new model without a restart, and serves it at the first ask', async () => {
    const ollama = await createStandIn({
      models: [toolModel('one:latest')],
      script: () => [{ line: { message: { content: 'hello' }, done: true, done_reason: 'stop' } }],
    })
    const tolk = await startTolk(ollama.url, { catalog: { refreshMs: 200 } })
    try {
      expect(await namesOf(tolk)).toEqual(['one:latest'])
      ollama.models = [toolModel('one:latest'), toolModel('two:latest')]
      const response = await fetch(`${tolk.baseURL}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'two', messages: [{ role: 'user', content: 'hello' }] }),
      })
      expect(response.status).toBe(200)
      ollama.models = [toolModel('three:latest')]
      await expect
        .poll(() => namesOf(tolk), { timeout: 5000, interval: 50 })
        .toEqual(['three:latest'])
    } finally {
      await tolk.close()
      await ollama.close()
    }
  })

  test('outlives an outage, and says that it is not ready meanwhile', async () => {
    const ollama = await createStandIn({ models: [toolModel('one:latest')] })
    const tolk = await startTolk(ollama.url, { catalog: { refreshMs: 100 } })
    try {
      await expect.poll(() => ready(tolk), { timeout: 5000 }).toBe(200)
      await ollama.down()
      await expect.poll(() => ready(tolk), { timeout: 5000 }).toBe(503)
      expect(await namesOf(tolk)).toEqual(['one:latest'])
      await ollama.up()
      await expect.poll(() => ready(tolk), { timeout: 5000 }).toBe(200)
    } finally {
      await tolk.close()
      await ollama.close()
    }
  })

  test('says in the log when the upstream goes and when it is back, once each', async () => {
    const ollama = await createStandIn({ models: [toolModel('one:latest')] })
    const tolk = await startTolk(ollama.url, { catalog: { refreshMs: 20 } })
    const said = () =>
      tolk.logged.map((line): { msg: string } => JSON.parse(line)).map(({ msg }) => msg)
    const tries = () => ollama.requests.filter(({ route }) => route === '/api/tags').length
    try {
      await tolk.catalog.started
      ollama.intercept = ({ route }) =>
        route === '/api/tags' ? [{ status: 500, body: {} }] : undefined
      const before = tries()
      await expect.poll(tries, { timeout: 5000 }).toBeGreaterThan(before + 5)
      expect(said()).toEqual(['the upstream does not answer'])
      ollama.intercept = () => undefined
      await expect.poll(said, { timeout: 5000 }).toHaveLength(2)
      expect(said()).toEqual(['the upstream does not answer', 'the upstream answers again'])
    } finally {
      await tolk.close()
      await ollama.close()
    }
  })

  test.each([true, false])(
    'explains a model deleted meanwhile, and lists it no more; stream: %s',
    async (stream) => {
      const models = ['gpt-oss:20b', 'gpt-oss:120b', 'other'].map(toolModel)
      const ollama = await createStandIn({ models })
      const tolk = await startTolk(ollama.url)
      try {
        expect(await namesOf(tolk)).toHaveLength(3)
        ollama.models = models.slice(1)
        const response = await fetch(`${tolk.baseURL}/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'gpt-oss:20b',
            messages: [{ role: 'user', content: 'hello' }],
            stream,
          }),
        })
        expect(response.status).toBe(404)
        expect(await response.json()).toMatchObject({
          error: {
            code: 'model_not_found',
            message: expect.stringMatching(/'gpt-oss:20b' does not exist.*'gpt-oss:120b'\?/),
          },
        })
        expect(await namesOf(tolk)).toEqual(['gpt-oss:120b', 'other'])
      } finally {
        await tolk.close()
        await ollama.close()
      }
    },
  )

  test('lists the models of a server too old to say what they can do, as ones to try', async () => {
    const old = createModel({ name: 'old:latest', abilities: [], listed: null })
    const ollama = await createStandIn({ models: [{ ...old, show: { details: {} } }] })
    const tolk = await startTolk(ollama.url)
    try {
      expect(await listOf(tolk)).toMatchObject([
        { id: 'old:latest', capabilities: { completion: true, tools: true, vision: false } },
      ])
    } finally {
      await tolk.close()
      await ollama.close()
    }
  })

  test('is not waited for longer than clients wait, while the upstream hangs', async () => {
    const ollama = await createStandIn({ intercept: () => [{ hold: true }] })
    const tolk = await startTolk(ollama.url)
    try {
      for (let time = 0; time < 2; time++) {
        const asked = performance.now()
        const response = await fetch(`${tolk.baseURL}/models`)
        expect(performance.now() - asked).toBeLessThan(3000)
        expect(response.status).toBe(504)
        expect(await response.json()).toMatchObject({
          error: { code: 'upstream_timeout', message: expect.stringContaining('did not begin') },
        })
      }
    } finally {
      await tolk.close()
      await ollama.close()
    }
  })
})

describe('explicit models', () => {
  const model = { id: 'gpt-oss:20b', contextWindow: 8192, maxTokens: 81_920, input: ['text'] }
  const settings = { upstream: { models: [{ ...model, reasoning: false }] } }

  test('are listed exactly, with no upstream at all, which is not ready', async () => {
    const tolk = await startTolk('http://127.0.0.1:9', settings)
    try {
      expect(await listOf(tolk)).toMatchObject([{ id: 'gpt-oss:20b', context_length: 8192 }])
      const unknown = await fetch(`${tolk.baseURL}/models/llama3`)
      expect(unknown.status).toBe(404)
      await tolk.catalog.started
      expect(await ready(tolk)).toBe(503)
    } finally {
      await tolk.close()
    }
  })

  test('skip discovery: the upstream is asked for its version alone, again and again', async () => {
    const ollama = await createStandIn({ models: [toolModel('another:latest')] })
    const tolk = await startTolk(ollama.url, { ...settings, catalog: { refreshMs: 50 } })
    try {
      await expect.poll(() => ready(tolk), { timeout: 5000 }).toBe(200)
      await ollama.down()
      await expect.poll(() => ready(tolk), { timeout: 5000 }).toBe(503)
      expect(await namesOf(tolk)).toEqual(['gpt-oss:20b'])
      await ollama.up()
      await expect.poll(() => ready(tolk), { timeout: 5000 }).toBe(200)
      await fetch(`${tolk.baseURL}/models/llama3`)
      expect(new Set(ollama.requests.map(({ route }) => route))).toEqual(new Set(['/api/version']))
    } finally {
      await tolk.close()
      await ollama.close()
    }
  })
})
