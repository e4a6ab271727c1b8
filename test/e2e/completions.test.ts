/** `POST /v1/completions` as applications use it: the real openai package, over real sockets. */
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createDemoScript } from '../../src/demo/demo-models.ts'
import type { Step } from '../../src/demo/script.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createStandIn, type StandIn, type StandInOptions } from '../../src/demo/stand-in.ts'
import { inTime } from '../support/deadline.ts'
import { byByte } from '../support/feed.ts'
import { recording, type Recording } from '../support/recordings.ts'
import { replay } from '../support/replay.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let client: OpenAI

const start = async (options: StandInOptions = {}, config: TolkSettings = {}): Promise<void> => {
  ollama = await createStandIn({
    models: [
      createModel({ name: 'plain:latest' }),
      createModel({ name: 'code:latest', abilities: ['completion', 'insert'] }),
      createModel({ name: 'thinker:latest', abilities: ['completion', 'thinking'] }),
      createModel({ name: 'embed:latest', abilities: ['embedding'] }),
    ],
    script: createDemoScript(0),
    ...options,
  })
  tolk = await startTolk(ollama.url, config)
  client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any', maxRetries: 0 })
}
const stop = async (): Promise<void> => {
  await tolk.close()
  await ollama.close()
}
const restart = async (options: StandInOptions, config: TolkSettings = {}): Promise<void> => {
  await stop()
  await start(options, config)
}
beforeEach(() => start())
afterEach(stop)

/** Answers every `/api/generate` in this way. */
const answering = (script: () => Iterable<Step>): StandInOptions => ({
  intercept: ({ route }) => (route === '/api/generate' ? script() : undefined),
})

const playing = (...recordings: readonly Recording[]): StandInOptions => {
  let next = 0
  return answering(() =>
    replay(recordings[next++ % recordings.length] ?? recording('generate/raw')),
  )
}

const sent = () =>
  ollama.requests
    .filter(({ route }) => route === '/api/generate')
    .map(({ json }) => z.looseObject({ prompt: z.string() }).parse(json))

type Asked = Omit<OpenAI.CompletionCreateParamsStreaming, 'model' | 'stream'> & {
  readonly model?: string
}

/** A stream's chunks, and what they come to by choice. */
const streamed = async (asked: Asked) => {
  const chunks: OpenAI.Completion[] = []
  const body = { model: 'plain', ...asked, stream: true } as const
  for await (const chunk of await client.completions.create(body)) chunks.push(chunk)
  const choices = chunks.flatMap((chunk) => chunk.choices)
  const texts: string[] = []
  const finishes: string[] = []
  for (const { index, text, finish_reason: reason } of choices) {
    texts[index] = (texts[index] ?? '') + text
    if (reason !== null) finishes[index] = (finishes[index] ?? '') + reason
  }
  return { chunks, choices, texts, finishes }
}

const whole = (asked: Asked): Promise<OpenAI.Completion> =>
  client.completions.create({ model: 'plain', ...asked, stream: false })

const post = (asked: object): Promise<Response> =>
  fetch(`${tolk.baseURL}/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'plain', ...asked }),
  })

/** With fields that the SDK does not know. */
const raw = (asked: object) => whole({ prompt: 'say: ok', ...asked })

const line = (response: string, done: boolean): Step => ({
  line: { model: 'm', created_at: 'now', response, done },
})

describe('a text', () => {
  test('is gone on with, as the model reads it letter by letter', async () => {
    const completion = await whole({ prompt: 'say: hi there' })
    expect(completion).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/),
      object: 'text_completion',
      created: expect.any(Number),
      model: 'plain',
      system_fingerprint: 'fp_ollama',
      choices: [{ text: 'hi there', index: 0, logprobs: null, finish_reason: 'stop' }],
      usage: expect.objectContaining({ completion_tokens: 2 }),
    })
    expect(sent()).toEqual([
      {
        model: 'plain:latest',
        prompt: 'say: hi there',
        raw: true,
        stream: true,
        truncate: false,
        think: false,
      },
    ])
  })

  test('is the same when streamed, with one id, and usage where it is asked for', async () => {
    const asked = { prompt: 'Tell me a story.', stream_options: { include_usage: true } }
    const { chunks, texts, finishes } = await streamed(asked)
    const { choices, usage } = await whole({ prompt: asked.prompt })
    expect(texts).toEqual([choices[0]?.text])
    expect(finishes).toEqual(['stop'])
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
    expect(chunks.slice(0, -1).map((chunk) => chunk.usage)).toEqual(
      chunks.slice(0, -1).map(() => null),
    )
    expect(chunks.length).toBeGreaterThan(10)
  })

  test('has no usage in a stream that did not ask for it', async () => {
    const { chunks } = await streamed({ prompt: 'say: a' })
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
  })

  test('stops at its limit, and at a stop', async () => {
    const limited = await whole({ prompt: 'count to 20', max_tokens: 3 })
    expect(limited.choices[0]).toMatchObject({ finish_reason: 'length' })
    const stopped = await whole({ prompt: 'count to 20', stop: ', 4' })
    expect(stopped.choices[0]).toMatchObject({ text: '1, 2, 3', finish_reason: 'stop' })
    expect(sent().map(({ options }) => options)).toEqual([{ num_predict: 3 }, { stop: [', 4'] }])
  })

  test('comes with the log probabilities of its tokens, and their places', async () => {
    const asked = { prompt: 'say: a bc d', logprobs: 2 }
    const { choices } = await whole(asked)
    const {
      tokens = [],
      token_logprobs: values,
      top_logprobs: tops,
      text_offset: offsets,
    } = choices[0]?.logprobs ?? {}
    expect(tokens.join('')).toBe('a bc d')
    expect(values).toHaveLength(tokens.length)
    expect(tops?.map((top) => Object.keys(top).length)).toEqual(tokens.map(() => 2))
    expect(
      offsets?.map((at, index) => choices[0]?.text.startsWith(tokens[index] ?? '?', at)),
    ).toEqual(tokens.map(() => true))
    const parts = (await streamed(asked)).choices.flatMap(({ logprobs }) => logprobs ?? [])
    expect(parts.flatMap((part) => part.tokens)).toEqual(tokens)
    expect(parts.flatMap((part) => part.text_offset)).toEqual(offsets)
  })

  test('is echoed', async () => {
    const asked = { prompt: 'say: "ok"', echo: true }
    expect((await whole(asked)).choices[0]?.text).toBe('say: "ok""ok"')
    expect((await streamed(asked)).texts).toEqual(['say: "ok""ok"'])
  })
})

describe('raw or templated', () => {
  test('the client chooses', async () => {
    await raw({ raw: false })
    expect(sent()[0]).not.toHaveProperty('raw')
    expect(sent()[0]).not.toHaveProperty('think')
  })

  test('a thinking model’s thought stands beside its text, and never in it', async () => {
    await restart(playing(recording('generate/think')))
    const { choices } = await raw({ model: 'thinker', raw: false })
    expect(choices).toMatchObject([
      { text: 'Hi! Nice to meet you.', reasoning_content: expect.stringMatching(/^The user/) },
    ])
    const templated = { model: 'thinker', prompt: 'a', raw: false }
    const { texts } = await streamed(templated)
    expect(texts).toEqual(['Hi! Nice to meet you.'])
    const none = await raw({ model: 'thinker', raw: false, reasoning_field: 'none' })
    expect(none.choices[0]).not.toHaveProperty('reasoning_content')
  })

  test('what looks like a thought in a raw answer is its text', async () => {
    await restart(answering(() => [line('\n<think>a</think>b', false), line('', true)]))
    expect((await raw({ model: 'thinker' })).choices[0]?.text).toBe('\n<think>a</think>b')
  })
})

describe('a gap', () => {
  test('is filled where the model was made for it', async () => {
    await whole({ model: 'code', prompt: 'def a():', suffix: '\n  return b' })
    expect(sent()).toMatchObject([{ prompt: 'def a():', suffix: '\n  return b', think: false }])
    expect(sent()[0]).not.toHaveProperty('raw')
  })

  test('is refused by name where it was not, and nothing is asked', async () => {
    await expect(whole({ prompt: 'def a():', suffix: 'b' })).rejects.toMatchObject({
      status: 400,
      code: 'suffix_not_supported',
      param: 'suffix',
    })
    expect(sent()).toEqual([])
  })

  test('is refused by Ollama in the same words, where tolk was not sure', async () => {
    await restart({ ...playing(recording('generate/suffix-unsupported')) })
    await expect(whole({ model: 'code', prompt: 'a', suffix: 'b' })).rejects.toMatchObject({
      status: 400,
      code: 'suffix_not_supported',
      param: 'suffix',
    })
  })
})

describe('several texts', () => {
  const prompt = ['say: one', 'say: two, three', 'say: four']
  const TEXTS = ['one', 'two, three', 'four']

  test('have a choice each, in their order, and one usage', async () => {
    const { choices, usage } = await whole({ prompt })
    expect(choices.map(({ index, text }) => ({ index, text }))).toEqual(
      TEXTS.map((text, index) => ({ index, text })),
    )
    const alone = await Promise.all(prompt.map((each) => whole({ prompt: each })))
    const sum = (count: 'prompt_tokens' | 'completion_tokens' | 'total_tokens'): number =>
      alone.reduce((total, each) => total + (each.usage?.[count] ?? NaN), 0)
    expect(usage).toEqual({
      prompt_tokens: sum('prompt_tokens'),
      completion_tokens: sum('completion_tokens'),
      total_tokens: sum('total_tokens'),
    })
  })

  test('are streamed one after another, each with its end', async () => {
    const asked = { prompt, echo: true, stream_options: { include_usage: true } }
    const { chunks, choices, texts, finishes } = await streamed(asked)
    expect(texts).toEqual(TEXTS.map((text, index) => `${prompt[index]}${text}`))
    expect(finishes).toEqual(['stop', 'stop', 'stop'])
    const order = choices.map(({ index }) => index)
    expect(order).toEqual(order.toSorted((one, other) => one - other))
    expect(chunks.at(-1)?.usage).toEqual((await whole({ prompt })).usage)
  })

  test('take one place: of the model there is no more than one turn at a time', async () => {
    let most = 0
    await restart({
      script: (chat) => {
        most = Math.max(most, ollama.open().length)
        return createDemoScript(0)(chat)
      },
    })
    await whole({ prompt })
    expect(sent()).toHaveLength(3)
    expect(most).toBe(1)
  })

  test('fail together: what one of them has said is not the whole answer', async () => {
    await restart(playing(recording('generate/raw'), recording('generate/eof')))
    await expect(whole({ prompt })).rejects.toMatchObject({
      status: 502,
      code: 'upstream_stream_interrupted',
    })
    expect(sent()).toHaveLength(2)
  })
})

describe('a failure', () => {
  test('in the middle of a stream raises, and there is no end', async () => {
    await restart(playing(recording('generate/eof')))
    await expect(streamed({ prompt: 'a' })).rejects.toMatchObject({
      code: 'upstream_stream_interrupted',
    })
    const response = await post({ prompt: 'a', stream: true })
    const text = await response.text()
    expect(text).toContain('"text":" wit"')
    expect(text).not.toContain('[DONE]')
    expect(text).not.toContain('"finish_reason":"')
  })

  test.each<[string, object, number, string, string | null]>([
    ['an unknown model', { model: 'nope' }, 404, 'model_not_found', 'model'],
    ['a model that writes no text', { model: 'embed' }, 400, 'chat_not_supported', 'model'],
    ['no prompt', { prompt: undefined }, 400, 'missing_required_parameter', 'prompt'],
    ['tokens', { prompt: [1, 2] }, 400, 'unsupported_parameter', 'prompt'],
    ['several choices', { n: 2 }, 400, 'unsupported_parameter', 'n'],
    ['several candidates', { best_of: 2 }, 400, 'unsupported_parameter', 'best_of'],
    [
      'a prompt that is too long',
      { prompt: 'w '.repeat(9000) },
      400,
      'context_length_exceeded',
      'prompt',
    ],
  ])('before anything is said has its status: %s', async (_, asked, status, code, param) => {
    const failing = whole({ prompt: 'a', ...asked })
    await expect(failing).rejects.toMatchObject({ status, code, param })
  })

  test('is another method, with the one that is right', async () => {
    const response = await fetch(`${tolk.baseURL}/completions`)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })
})

test('what has no effect is named in a header, and refused where the operator wants it so', async () => {
  const asked = { prompt: 'say: a', logit_bias: { 50256: -100 }, reasoning_effort: 'high' } as const
  const { response } = await client.completions.create({ model: 'plain', ...asked }).withResponse()
  expect(response.headers.get('x-tolk-ignored')).toBe('logit_bias, reasoning_effort')
  await restart({}, { openai: { strict: true } })
  await expect(whole(asked)).rejects.toMatchObject({
    code: 'unsupported_parameter',
    param: 'logit_bias',
  })
})

test('the operator’s window and keep_alive go along, and an answer that shall not stream comes at once', async () => {
  const params = { 'plain*': { numCtx: 2048, keepAlive: '30m', streaming: false } }
  await restart({}, { models: { params } })
  const { texts, chunks } = await streamed({ prompt: ['say: a b c', 'say: d'] })
  expect(texts).toEqual(['a b c', 'd'])
  expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual(['a b c', '', 'd', ''])
  expect(sent()[0]).toMatchObject({ keep_alive: '30m', options: { num_ctx: 2048 } })
})

describe('what was recorded, byte by byte', () => {
  const COUNT = Array.from({ length: 12 }, (_, index) => `word${index}`).join(' ')

  test.each<[string, string, string, readonly [number, number]]>([
    ['plain', 'Hello there, how are you today?', 'stop', [5, 6]],
    ['raw', 'Hello there, how are you today?', 'stop', [3, 6]],
    ['length', `${COUNT} `, 'length', [5, 13]],
    ['think', 'Hi! Nice to meet you.', 'stop', [5, 15]],
  ])(
    '%s is the same text, end and usage, streamed and whole',
    async (name, text, finish, counts) => {
      const [prompts, completions] = counts
      const usage = {
        prompt_tokens: prompts,
        completion_tokens: completions,
        total_tokens: prompts + completions,
      }
      await restart(answering(() => replay(recording(`generate/${name}`), byByte)))
      const { choices, ...answer } = await whole({ prompt: 'a' })
      expect(choices).toMatchObject([{ index: 0, text, finish_reason: finish }])
      expect(answer.usage).toEqual(usage)
      const asked = { prompt: 'a', stream_options: { include_usage: true } }
      const { chunks, texts, finishes } = await streamed(asked)
      expect({ texts, finishes }).toEqual({ texts: [text], finishes: [finish] })
      expect(chunks.at(-1)?.usage).toEqual(usage)
    },
  )

  test('a model that is gone is not found', async () => {
    await restart(playing(recording('generate/missing')))
    await expect(whole({ prompt: 'a' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    })
  })
})

describe('as with chats', () => {
  test('a silent stream is kept open with comments, and a fast one has none', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const script = () => [{ until: promise }, line('a', false), line('', true)]
    await restart(answering(script), { downstream: { commitAfterMs: 100, heartbeatMs: 100 } })
    const response = await inTime('an early 200', post({ prompt: 'a', stream: true }))
    expect(response.status).toBe(200)
    resolve()
    const slow = await response.text()
    expect(slow).toMatch(/^: /)
    expect(slow).toMatch(/data: \[DONE\]\n\n$/)
    expect(await (await post({ prompt: 'a', stream: true })).text()).not.toMatch(/^:/m)
  })

  test('an upstream that never answers is given up, with a status', async () => {
    await restart(
      answering(() => [{ hold: true }]),
      { upstream: { firstByteTimeoutMs: 300 } },
    )
    await expect(inTime('the status', whole({ prompt: 'a' }))).rejects.toMatchObject({
      status: 504,
      code: 'upstream_timeout',
    })
  })

  test('whoever finds no place is sent away, and the place of one that failed is free again', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    await restart(
      answering(() => [{ until: promise }, { status: 500, body: { error: 'no' } }]),
      { limits: { maxInFlight: 1 }, queue: { maxLength: 0 } },
    )
    const first = whole({ prompt: ['a', 'b'] }).catch((error: unknown) => error)
    await expect.poll(sent).toHaveLength(1)
    await expect(whole({ prompt: 'c' })).rejects.toMatchObject({ status: 503, code: 'overloaded' })
    resolve()
    expect(await first).toMatchObject({ status: 500 })
    await expect(whole({ prompt: 'c' })).rejects.toMatchObject({ status: 500 })
    expect(sent().map(({ prompt }) => prompt)).toEqual(['a', 'c'])
  })
})

test('a client that leaves has the upstream stop, and no further prompt is asked', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  await restart(
    answering(() => {
      resolve()
      return [line('a', false), { hold: true }]
    }),
  )
  const leaving = new AbortController()
  const asked = client.completions.create(
    { model: 'plain', prompt: ['a', 'b', 'c'] },
    { signal: leaving.signal },
  )
  await inTime('the first prompt', promise)
  leaving.abort()
  await expect(asked).rejects.toThrow('aborted')
  const first = ollama.requests.find(({ route }) => route === '/api/generate')
  const closed = first?.closed ?? Promise.reject(new Error('no request'))
  expect((await inTime('the end of the upstream’s connection', closed)).by).toBe('client')
  expect(sent()).toHaveLength(1)
})
