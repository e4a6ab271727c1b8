/** `n` above 1 as applications use it: the real openai package, over real sockets. */
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { startCountedTolk } from '../support/counted-tolk.ts'
import { inTime } from '../support/deadline.ts'
import { ask as askRaw } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let client: OpenAI
/** What each of the upstream's answers is, in the order they were asked for. */
let answers: (() => Script)[]

beforeEach(async () => {
  answers = []
  ollama = await createScriptedOllama({ script: () => answers.shift()?.() ?? HELLO })
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const start = async (settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 }, ...settings })
  await tolk.catalog.started
  client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any', maxRetries: 0, timeout: 5000 })
}

const asking = (n: number) => ({
  model: 'm',
  n,
  messages: [{ role: 'user' as const, content: 'Hi' }],
})

/** What the upstream was asked, in order. */
const asked = () =>
  ollama.requests.filter(({ route }) => route === '/api/chat').map(({ json }) => chat.parse(json))
const chat = z.looseObject({ options: z.looseObject({ seed: z.number().optional() }).optional() })

const seeds = () => asked().map(({ options }) => options?.seed)

/** An answer that says one word and does not end. */
const hold = (): Script => [word('x'), { hold: true }]

const openChats = (): number => ollama.open().filter(({ route }) => route === '/api/chat').length
const isIdle = () => expect.poll(openChats, { timeout: 3000 }).toBe(0)

const saying =
  (...words: readonly string[]) =>
  (): Script => [...words.map(word), done]
const line = (message: object, facts: object = { done: false }): Step => ({
  line: { model: 'm', message: { role: 'assistant', content: '', ...message }, ...facts },
})

/** What the log said of the one request. */
const logged = () => {
  const lines = tolk.logged.filter((each) => each.includes('"msg":"request"'))
  expect(lines).toHaveLength(1)
  return z.looseObject({}).parse(JSON.parse(lines[0] ?? ''))
}

describe('whole', () => {
  test('gives the choices in their order, and one usage: the prompt once, all answers', async () => {
    await start()
    const first = Promise.withResolvers<void>()
    // The first to be asked is the last to answer.
    answers = [
      () => [word('one'), { until: first.promise }, done],
      saying('two'),
      () => {
        first.resolve()
        return [word('three'), done]
      },
    ]
    const { choices, usage } = await client.chat.completions.create(asking(3))
    expect(choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'one'],
      [1, 'two'],
      [2, 'three'],
    ])
    expect(choices.map((choice) => choice.finish_reason)).toEqual(['stop', 'stop', 'stop'])
    expect(usage).toEqual({ prompt_tokens: 3, completion_tokens: 6, total_tokens: 9 })
    await expect.poll(() => tolk.logged.join('\n')).toContain('"msg":"request"')
    expect(logged()).toMatchObject({ prompt_tokens: 3, completion_tokens: 6, status: 200 })
  })

  test('gives reasoning, calls and log probabilities to the choice that said them', async () => {
    await start()
    const logprobs = [{ token: 'b', logprob: -1, bytes: [98] }]
    answers = [
      () => [line({ tool_calls: [{ function: { name: 'f', arguments: { id: 1 } } }] }), done],
      () => [line({ thinking: 'hm' }), line({ content: 'b' }, { done: false, logprobs }), done],
    ]
    const { choices } = await client.chat.completions.create({
      ...asking(2),
      logprobs: true,
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    })
    expect(choices).toMatchObject([
      {
        finish_reason: 'tool_calls',
        message: {
          content: null,
          tool_calls: [{ function: { name: 'f', arguments: '{"id":1}' } }],
        },
      },
      {
        finish_reason: 'stop',
        message: { content: 'b', reasoning_content: 'hm' },
        logprobs: { content: [{ token: 'b' }] },
      },
    ])
    expect(choices[1]?.message.tool_calls).toBeUndefined()
  })

  test('has every choice make the call that is forced', async () => {
    await start()
    answers = [
      saying('{"name":"f","arguments":{"a":1}}'),
      saying('{"name":"f","arguments":{"a":2}}'),
    ]
    const { choices } = await client.chat.completions.create({
      ...asking(2),
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: 'required',
    })
    expect(
      choices.map(({ message }) =>
        message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments),
      ),
    ).toEqual([['{"a":1}'], ['{"a":2}']])
  })

  test('one failure is everyone’s: a status, nothing of the others, and they stop', async () => {
    await start()
    answers = [
      () => [word('one'), { hold: true }],
      () => [{ status: 500, body: { error: 'the runner has gone' } }],
    ]
    const failing = client.chat.completions.create(asking(2))
    await expect(failing).rejects.toThrow(OpenAI.InternalServerError)
    await isIdle()
    expect(logged()).toMatchObject({ status: 500, outcome: 'upstream-rejected' })
  })
})

describe('streamed', () => {
  test('says each under its index: a role first, one finish, then usage and [DONE] once', async () => {
    await start()
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    answers = [
      () => [word('a'), { until: gates[0]?.promise ?? Promise.resolve() }, word('A'), done],
      () => [word('b'), { until: gates[1]?.promise ?? Promise.resolve() }, word('B'), done],
    ]
    const streamed = await chatStream(tolk.url, 'Hi', {
      body: { n: 2, stream_options: { include_usage: true } },
    })
    await streamed.until(4)
    gates[1]?.resolve()
    await streamed.until(6)
    gates[0]?.resolve()
    expect(await streamed.ended()).toBe('whole')
    const said = streamed
      .data()
      .slice(0, -1)
      .map((data) => chunk.parse(JSON.parse(data)))
    expect(streamed.data().at(-1)).toBe('[DONE]')
    const of = (index: number) =>
      said.flatMap(({ choices }) => choices.filter((choice) => choice.index === index))
    for (const [index, words] of ['aA', 'bB'].entries()) {
      const own = of(index)
      expect(own[0]?.delta).toEqual({ role: 'assistant' })
      expect(own.map(({ delta }) => delta.content ?? '').join('')).toBe(words)
      expect(own.flatMap((choice) => choice.finish_reason ?? [])).toEqual(['stop'])
      expect(own.at(-1)?.finish_reason).toBe('stop')
    }
    // The second, that was let go first, is through before the first goes on.
    const order = said.flatMap(({ choices }) => choices.map(({ index }) => index))
    expect(order.slice(-4)).toEqual([1, 1, 0, 0])
    expect(said.map(({ usage }) => usage ?? null).filter((usage) => usage !== null)).toEqual([
      { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    ])
    expect(said.at(-1)?.choices).toEqual([])
    expect(new Set(said.map(({ id }) => id)).size).toBe(1)
  })

  test('comes together in the SDK’s own helper', async () => {
    await start()
    answers = [saying('o', 'ne'), saying('t', 'wo')]
    const { choices, usage } = await client.chat.completions
      .stream({ ...asking(2), stream_options: { include_usage: true } })
      .finalChatCompletion()
    expect(choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'one'],
      [1, 'two'],
    ])
    expect(usage?.completion_tokens).toBe(4)
  })

  test('one failure before anything was said has its own status', async () => {
    await start()
    answers = [
      () => [{ hold: true }],
      () => [{ status: 503, body: { error: 'server busy, please try again.' } }],
    ]
    const failing = client.chat.completions.create({ ...asking(2), stream: true })
    await expect(failing).rejects.toMatchObject({ status: 503 })
    await isIdle()
  })

  test('one failure later is everyone’s last word: an error, no finish, no [DONE]', async () => {
    await start()
    const gate = Promise.withResolvers<void>()
    answers = [
      () => [word('one'), { hold: true }],
      () => [word('two'), { until: gate.promise }, { tear: true }],
    ]
    const streamed = await chatStream(tolk.url, 'Hi', { body: { n: 2 } })
    await streamed.until(4)
    gate.resolve()
    await streamed.ended()
    expect(streamed.errors()).toHaveLength(1)
    expect(streamed.finishes()).toEqual([])
    expect(streamed.data()).not.toContain('[DONE]')
    await isIdle()
  })

  test('leaving cancels all', async () => {
    await start()
    answers = [hold, hold, hold]
    const stream = await client.chat.completions.create({ ...asking(3), stream: true })
    const heard = new Set<number>()
    for await (const { choices } of stream) {
      for (const { index } of choices) heard.add(index)
      if (heard.size === 3) break
    }
    await isIdle()
    expect(asked()).toHaveLength(3)
    await expect.poll(() => tolk.logged.join('\n')).toContain('"status":499')
  })

  test('a model that may not stream is retold, choice by choice', async () => {
    await start({ models: { params: { m: { streaming: false } } } })
    answers = [saying('o', 'ne'), saying('t', 'wo')]
    const streamed = await chatStream(tolk.url, 'Hi', { body: { n: 2 } })
    expect(await streamed.ended()).toBe('whole')
    const said = streamed
      .data()
      .slice(0, -1)
      .map((data) => chunk.parse(JSON.parse(data)))
    const words = said.flatMap(({ choices }) =>
      choices.flatMap(({ index, delta }) =>
        delta.content == null ? [] : [`${index} ${delta.content}`],
      ),
    )
    expect(words.toSorted()).toEqual(['0 one', '1 two'])
  })

  test('a client that does not read holds every choice up', async () => {
    await start()
    let pulled = 0
    const flood = function* (): Generator<Step> {
      for (;;) {
        pulled++
        yield word('x'.repeat(1000))
      }
    }
    answers = [flood, flood]
    const streamed = await chatStream(tolk.url, 'Hi', { body: { n: 2 }, paused: true })
    let before = -1
    const isStill = (): boolean => {
      const still = pulled === before && pulled > 0
      before = pulled
      return still
    }
    await expect.poll(isStill, { interval: 200, timeout: 5000 }).toBe(true)
    expect(openChats()).toBe(2)
    streamed.leave()
    await isIdle()
  })
})

describe('seeds', () => {
  test('count on from the client’s', async () => {
    await start()
    await client.chat.completions.create({ ...asking(3), seed: 7 })
    expect(new Set(seeds())).toEqual(new Set([7, 8, 9]))
  })

  test('differ where the client gave none, and the first is left to the model', async () => {
    await start()
    await client.chat.completions.create(asking(3))
    expect(seeds().filter((seed) => seed === undefined)).toHaveLength(1)
    expect(new Set(seeds()).size).toBe(3)
  })

  test('are none of tolk’s where there is one choice', async () => {
    await start()
    await client.chat.completions.create(asking(1))
    expect(asked().map(({ options }) => options)).toEqual([undefined])
  })
})

describe('places', () => {
  test('are taken as they are free: with one place the choices follow one another', async () => {
    await start({ limits: { maxInFlight: 1 } })
    let most = 0
    const counting = (): Script => {
      most = Math.max(most, openChats())
      return HELLO
    }
    answers = [counting, counting, counting]
    const { choices } = await client.chat.completions.create(asking(3))
    expect(choices.map(({ message }) => message.content)).toEqual(['Hello.', 'Hello.', 'Hello.'])
    expect(most).toBe(1)
  })

  test('requests that need more than there are together do not wait for each other for ever', async () => {
    await start({ limits: { maxInFlight: 3 } })
    const all = await inTime(
      'all answers',
      Promise.all(Array.from({ length: 6 }, () => client.chat.completions.create(asking(4)))),
    )
    expect(all.map(({ choices }) => choices.length)).toEqual([4, 4, 4, 4, 4, 4])
    expect(asked()).toHaveLength(24)
  })

  test('all come back, whether it went well, failed or was left', async () => {
    await start({ limits: { maxInFlight: 4 }, queue: { maxLength: 0 } })
    const ways: readonly (() => Promise<unknown>)[] = [
      () => client.chat.completions.create(asking(4)),
      () => {
        answers = [hold, hold, hold, () => [{ tear: true }]]
        return client.chat.completions.create(asking(4)).catch(() => {})
      },
      async () => {
        answers = [hold, hold, hold, hold]
        const streamed = await chatStream(tolk.url, 'Hi', { body: { n: 4 } })
        await streamed.until(8)
        streamed.leave()
        await isIdle()
      },
    ]
    for (const way of ways) {
      await way()
      await isIdle()
      await expect
        .poll(async () => {
          answers = [hold, hold, hold, hold]
          const streams = await Promise.all(
            Array.from({ length: 4 }, () => chatStream(tolk.url, 'Hi', {})),
          )
          for (const stream of streams) stream.leave()
          await isIdle()
          return streams.map(({ status }) => status)
        })
        .toEqual([200, 200, 200, 200])
    }
  })

  test('a place is a connection upstream: never more than connections may be', async () => {
    await start({ server: { maxConnections: 2 } })
    let most = 0
    const counting = (): Script => {
      most = Math.max(most, openChats())
      return HELLO
    }
    answers = [counting, counting, counting, counting]
    await client.chat.completions.create(asking(4))
    expect(most).toBeLessThanOrEqual(2)
    expect(asked()).toHaveLength(4)
  })

  test('none free, none to wait for: 503', async () => {
    await start({ limits: { maxInFlight: 1 }, queue: { maxLength: 0 } })
    answers = [() => [word('x'), { hold: true }]]
    const first = await chatStream(tolk.url, 'Hi', {})
    await expect(client.chat.completions.create(asking(2))).rejects.toMatchObject({ status: 503 })
    first.leave()
  })

  test('the end of the drain ends all of them', async () => {
    await start()
    answers = [hold, hold]
    const streamed = await chatStream(tolk.url, 'Hi', { body: { n: 2 } })
    await streamed.until(4)
    await tolk.close()
    await streamed.ended()
    expect(streamed.errors()).toHaveLength(1)
    await isIdle()
  })
})

describe('R-05 the request itself', () => {
  const KIB = 1024
  const large = { model: 'm', messages: [{ role: 'user' as const, content: 'x'.repeat(1500) }] }

  test('is given back when all of them have gone upstream', async () => {
    await start({ limits: { maxBodyBytes: 2 * KIB, maxBufferedBodyBytes: 2 * KIB } })
    answers = [hold, hold]
    const first = await chatStream(tolk.url, 'Hi', { body: { ...large, n: 2 } })
    const { choices } = await client.chat.completions.create({ ...large, n: 2 })
    expect(choices).toHaveLength(2)
    first.leave()
  })

  test('is held for those that have yet to go, and given back when nobody waits for them', async () => {
    await start({
      limits: { maxInFlight: 1, maxBodyBytes: 2 * KIB, maxBufferedBodyBytes: 2 * KIB },
    })
    answers = [hold]
    const first = await chatStream(tolk.url, 'Hi', { body: { ...large, n: 2 } })
    await expect(client.chat.completions.create(large)).rejects.toMatchObject({ status: 503 })
    expect(tolk.logged.join('\n')).toContain('"shed":"bodies"')
    first.leave()
    await isIdle()
    expect((await client.chat.completions.create(large)).choices).toHaveLength(1)
  })
})

test('long answers keep no long request, once all have begun', { timeout: 20_000 }, async () => {
  await start()
  const counted = await startCountedTolk(ollama.url)
  try {
    const ask = (content: string) =>
      chatStream(counted.url, content, { ...counted.client, body: { n: 3 } })
    const warm = await ask('Hi')
    await warm.ended()
    const before = await counted.ask('reachable')
    answers = [hold, hold, hold]
    const streamed = await ask('x'.repeat(8_000_000))
    await streamed.until(6)
    const kept = async () => (await counted.ask('reachable')) - before
    await expect.poll(kept, { timeout: 8000 }).toBeLessThan(1_000_000)
    streamed.leave()
  } finally {
    await counted.close()
  }
})

describe('too many', () => {
  test.each([
    [undefined, 5, 'at most 4'],
    [2, 3, 'at most 2'],
    [1, 2, 'at most 1'],
    [undefined, 128, 'at most 4'],
  ])('with a cap of %s, %i are a 400 that says so', async (maxChoices, n, words) => {
    await start(maxChoices === undefined ? {} : { limits: { maxChoices } })
    const { status, body } = await askRaw(tolk.url, {
      path: '/v1/chat/completions',
      body: asking(n),
    })
    expect(status).toBe(400)
    expect(JSON.parse(body)).toMatchObject({
      error: { param: 'n', code: 'invalid_value', message: expect.stringContaining(words) },
    })
    expect(asked()).toEqual([])
  })
})

const chunk = z.object({
  id: z.string(),
  choices: z.array(
    z.object({
      index: z.number(),
      delta: z.object({ role: z.string().optional(), content: z.string().optional() }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: z.looseObject({}).nullish(),
})
