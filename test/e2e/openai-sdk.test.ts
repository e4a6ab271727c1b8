/** The whole of tolk as an application sees it: the real openai package, over real sockets. */
import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createDemoScript, DEMO_MODELS } from '../../src/demo/demo-models.ts'
import { createStandIn, type StandIn } from '../../src/demo/stand-in.ts'
import { createRecordedOllama } from '../support/recorded-ollama.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const WEATHER: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather for a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
  },
}

/** 3 × 2 pixels, PNG. */
const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP4z8AAQRAKAEHYA/0kZmP4AAAAAElFTkSuQmCC'

/** What a chunk may say beyond the SDK's types. */
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta & { reasoning_content?: string }

/** Every chunk of a stream, and what they come to. */
const gather = async (stream: AsyncIterable<OpenAI.ChatCompletionChunk>) => {
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const deltas = chunks.flatMap(({ choices }): Delta[] => choices.map(({ delta }) => delta))
  return {
    chunks,
    content: deltas.map(({ content }) => content ?? '').join(''),
    reasoning: deltas.map(({ reasoning_content: text }) => text ?? '').join(''),
    calls: deltas.flatMap(({ tool_calls: calls }) => calls ?? []),
    finish: chunks
      .flatMap(({ choices }) => choices.map((choice) => choice.finish_reason ?? []))
      .flat(),
    usage: chunks.map(({ usage }) => usage).filter((usage) => usage != null),
  }
}

/** One question to a demo model. */
const ask = (
  content: string | OpenAI.ChatCompletionContentPart[],
  more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {},
) => ({
  model: 'demo-thinker',
  messages: [{ role: 'user' as const, content }],
  ...more,
})

/** What a recording was recorded with. */
const askFor = (model: string, scenario: string) => ({
  model,
  messages: [{ role: 'user' as const, content: `Please answer. @@${scenario}` }],
})

describe('with the demo models', () => {
  let ollama: StandIn
  let tolk: Tolk
  let client: OpenAI

  beforeAll(async () => {
    ollama = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(0) })
    tolk = await startTolk(ollama.url, { log: { level: 'silent' } })
    client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any', maxRetries: 0 })
  })
  afterAll(async () => {
    await tolk.close()
    await ollama.close()
  })

  test('streams what it answers whole: the same reasoning, text, finish and usage', async () => {
    const request = ask('Tell me a story.')
    const whole = await client.chat.completions.create(request)
    const streamed = await gather(
      await client.chat.completions.create({
        ...request,
        stream: true,
        stream_options: { include_usage: true },
      }),
    )
    const message: (OpenAI.ChatCompletionMessage & { reasoning_content?: string }) | undefined =
      whole.choices[0]?.message
    expect(streamed.content).toBe(message?.content)
    expect(streamed.content.length).toBeGreaterThan(20)
    expect(streamed.reasoning).toBe(message?.reasoning_content)
    expect(streamed.reasoning.length).toBeGreaterThan(5)
    expect(streamed.finish).toEqual(['stop'])
    expect(whole.choices[0]?.finish_reason).toBe('stop')
    expect(streamed.usage).toEqual([whole.usage])
    expect(whole.usage?.total_tokens).toBe(
      (whole.usage?.prompt_tokens ?? 0) + (whole.usage?.completion_tokens ?? 0),
    )
  })

  test('says the role once, keeps one id, and ends with finish, usage and no more', async () => {
    const { chunks } = await gather(
      await client.chat.completions.create({
        ...ask('Tell me a story.'),
        stream: true,
        stream_options: { include_usage: true },
      }),
    )
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(
      1,
    )
    expect(chunks[0]?.id).toMatch(/^chatcmpl-[0-9a-f]{32}$/)
    const roles = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.role))
    expect(roles.filter((role) => role !== undefined)).toEqual(['assistant'])
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant' })
    expect(chunks.at(-1)?.choices).toEqual([])
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
  })

  test('sends no usage that was not asked for', async () => {
    const { chunks } = await gather(
      await client.chat.completions.create({ ...ask('Hello.'), stream: true }),
    )
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
  })

  test.each([{ stream: false }, { stream: true }])(
    'runs a tool round trip over two turns, stream: $stream',
    async ({ stream }) => {
      const messages: OpenAI.ChatCompletionMessageParam[] = [
        { role: 'user', content: 'What is the weather in Lisbon?' },
      ]
      const turn = async () => {
        const request = { model: 'demo-thinker', messages, tools: [WEATHER] }
        if (!stream) {
          const { choices } = await client.chat.completions.create(request)
          const [choice] = choices
          if (choice === undefined) throw new Error('no choice')
          return { message: choice.message, finish: choice.finish_reason }
        }
        const runner = client.chat.completions.stream(request)
        const { choices } = await runner.finalChatCompletion()
        const [choice] = choices
        if (choice === undefined) throw new Error('no choice')
        return { message: choice.message, finish: choice.finish_reason }
      }
      const first = await turn()
      expect(first.finish).toBe('tool_calls')
      const [call] = first.message.tool_calls ?? []
      if (call?.type !== 'function') throw new Error('no call')
      expect(call.function.name).toBe('get_weather')
      expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Lisbon' })

      messages.push(first.message, { role: 'tool', tool_call_id: call.id, content: '22 °C, clear' })
      const second = await turn()
      expect(second.finish).toBe('stop')
      expect(second.message.content).toContain('22 °C')
      expect(second.message.tool_calls ?? []).toEqual([])

      const sent: unknown = JSON.parse(ollama.requests.at(-1)?.body ?? '')
      expect(sent).toMatchObject({
        messages: [
          { role: 'user' },
          {
            role: 'assistant',
            tool_calls: [{ id: call.id, function: { arguments: { city: 'Lisbon' } } }],
          },
          {
            role: 'tool',
            tool_call_id: call.id,
            tool_name: 'get_weather',
            content: '22 °C, clear',
          },
        ],
      })
    },
  )

  test('runs the SDK’s own tool loop to its end', async () => {
    const asked: string[] = []
    const runner = client.chat.completions.runTools({
      model: 'demo-thinker',
      stream: true,
      messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'Current weather for a city',
            parameters: {
              type: 'object',
              properties: { city: { type: 'string' } },
              required: ['city'],
            },
            parse: (text: string): { city: string } => JSON.parse(text),
            function: ({ city }: { city: string }) => {
              asked.push(city)
              return 'snow, −3 °C'
            },
          },
        },
      ],
    })
    expect(await runner.finalContent()).toContain('−3 °C')
    expect(asked).toEqual(['Oslo'])
  })

  test('returns no call with tool_choice none, and offers the model none', async () => {
    const { choices } = await client.chat.completions.create({
      ...ask('What is the weather in Lisbon?'),
      tools: [WEATHER],
      tool_choice: 'none',
    })
    expect(choices[0]?.message.tool_calls).toBeUndefined()
    expect(choices[0]?.finish_reason).toBe('stop')
    expect(JSON.parse(ollama.requests.at(-1)?.body ?? '')).not.toHaveProperty('tools')
  })

  const TIME: OpenAI.ChatCompletionTool = {
    type: 'function',
    function: {
      name: 'get_time',
      parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] },
    },
  }

  test.each([
    ['any', 'required' as const, 'get_weather', { city: expect.any(String) }],
    [
      'the named one',
      { type: 'function' as const, function: { name: 'get_time' } },
      'get_time',
      { zone: expect.any(String) },
    ],
  ])('makes a call that has to be made: %s', async (_, choice, name, args) => {
    const asked = { ...ask('Tell me a story.'), tools: [WEATHER, TIME], tool_choice: choice }
    const whole = await client.chat.completions.create(asked)
    const streamed = await gather(await client.chat.completions.create({ ...asked, stream: true }))
    const [call] = whole.choices[0]?.message.tool_calls ?? []
    expect(call).toMatchObject({ id: expect.stringMatching(/^call_/), function: { name } })
    expect(JSON.parse(call?.type === 'function' ? call.function.arguments : '')).toEqual(args)
    expect(whole.choices[0]?.message.content).toBeNull()
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls')
    // It thinks all the same, and the thought does not wait for the call.
    expect(streamed.reasoning).not.toBe('')
    expect(streamed.calls).toMatchObject([{ index: 0, function: { name } }])
    expect(streamed.finish).toEqual(['tool_calls'])
  })

  test('says so, rather than text, when a model makes no call although it has to', async () => {
    const scripted = await createScriptedOllama()
    const front = await startTolk(scripted.url)
    const blunt = new OpenAI({ baseURL: front.baseURL, apiKey: 'any', maxRetries: 0 })
    const asked = { ...ask('Hi'), model: 'm', tools: [WEATHER], tool_choice: 'required' as const }
    await expect(blunt.chat.completions.create(asked)).rejects.toMatchObject({
      status: 502,
      code: 'tool_choice_failed',
    })
    const stream = blunt.chat.completions.create({ ...asked, stream: true })
    await expect(stream).rejects.toMatchObject({ status: 502, code: 'tool_choice_failed' })
    await front.close()
    await scripted.close()
  })

  test('parses structured output into the client’s own type', async () => {
    const Event = z.object({
      name: z.string(),
      day: z.enum(['monday', 'tuesday']),
      guests: z.array(z.string()).min(1),
      open: z.boolean(),
    })
    const { choices } = await client.chat.completions.parse({
      ...ask('Alice and Bob meet on monday.'),
      response_format: zodResponseFormat(Event, 'event'),
    })
    expect(Event.parse(choices[0]?.message.parsed)).toEqual(choices[0]?.message.parsed)
    const any = await client.chat.completions.create({
      ...ask('Anything.'),
      response_format: { type: 'json_object' },
    })
    expect(JSON.parse(any.choices[0]?.message.content ?? '')).toBeTypeOf('object')
  })

  test('lets a model that can see look at an image, in the one message it came in', async () => {
    const { choices } = await client.chat.completions.create(
      ask(
        [
          { type: 'text', text: 'What is' },
          { type: 'image_url', image_url: { url: PICTURE } },
          { type: 'text', text: 'this?' },
        ],
        { model: 'demo-vision' },
      ),
    )
    expect(choices[0]?.message.content).toContain('3 by 2 pixels')
    const sent: { messages?: { images?: string[] }[] } = JSON.parse(
      ollama.requests.at(-1)?.body ?? '',
    )
    expect(sent.messages).toHaveLength(1)
    expect(sent.messages?.[0]?.images).toEqual([PICTURE.split(',')[1]])
  })

  test('does not think when it is told not to', async () => {
    const { choices } = await client.chat.completions.create(
      ask('Tell me a story.', { reasoning_effort: 'none' }),
    )
    expect(choices[0]?.message).not.toHaveProperty('reasoning_content')
    expect(choices[0]?.message.content).not.toBe('')
  })

  test('gives reasoning the name that the client asks for', async () => {
    const named = await client.chat.completions.create(ask('Tell me a story.'), {
      headers: { 'x-tolk-reasoning-field': 'reasoning' },
    })
    expect(named.choices[0]?.message).toHaveProperty('reasoning')
    expect(named.choices[0]?.message).not.toHaveProperty('reasoning_content')
    const tagged = await client.chat.completions.create(ask('Tell me a story.'), {
      headers: { 'x-tolk-reasoning-field': 'think-tags' },
    })
    expect(tagged.choices[0]?.message.content).toMatch(/^<think>.+<\/think>.+/s)
  })

  test('stops at a token limit and says so', async () => {
    const { choices, usage } = await client.chat.completions.create(
      ask('Tell me a story.', { max_completion_tokens: 5, max_tokens: 500 }),
    )
    expect(choices[0]?.finish_reason).toBe('length')
    expect(usage?.completion_tokens).toBe(5)
  })

  test('gives log probabilities of the answer’s tokens', async () => {
    const { choices } = await client.chat.completions.create(
      ask('Hello.', { model: 'demo-writer', logprobs: true, top_logprobs: 2 }),
    )
    const [first] = choices[0]?.logprobs?.content ?? []
    expect(first?.logprob).toBeLessThanOrEqual(0)
    expect(first?.top_logprobs).toHaveLength(2)
  })

  test('names what it ignored in a header, and what it refused in an error', async () => {
    const { response } = await client.chat.completions
      .create(
        ask('Hello.', { model: 'demo-writer', reasoning_effort: 'high', logit_bias: { 50: 1 } }),
      )
      .withResponse()
    expect(response.headers.get('x-tolk-ignored')?.split(', ').toSorted()).toEqual([
      'logit_bias',
      'reasoning_effort',
    ])
  })

  test.each([
    [
      'messages[0].content[0].image_url',
      {
        model: 'demo-vision',
        messages: [
          {
            role: 'user' as const,
            content: [
              { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } },
            ],
          },
        ],
      },
    ],
  ])('refuses what is not there yet by its name: %s', async (param, more) => {
    const failing = client.chat.completions.create(ask('Hello.', more))
    await expect(failing).rejects.toThrow(OpenAI.BadRequestError)
    await expect(failing).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: expect.stringContaining(param),
    })
  })

  test('lists and retrieves the models', async () => {
    const names: string[] = []
    for await (const model of client.models.list()) names.push(model.id)
    expect(names).toEqual(['demo-thinker:latest', 'demo-vision:latest'])
    expect(await client.models.retrieve('demo-writer')).toMatchObject({ id: 'demo-writer:latest' })
  })
})

describe('with a real server’s answers', () => {
  let ollama: StandIn
  let tolk: Tolk
  let client: OpenAI

  beforeAll(async () => {
    ollama = await createRecordedOllama()
    tolk = await startTolk(ollama.url, { log: { level: 'silent' } })
    client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any', maxRetries: 0 })
  })
  afterAll(async () => {
    await tolk.close()
    await ollama.close()
  })

  test.each<
    readonly [
      string,
      OpenAI.ChatCompletionCreateParamsNonStreaming,
      new (...args: never[]) => Error,
      number,
      string,
    ]
  >([
    ['an unknown model', askFor('native-x', 'hello'), OpenAI.NotFoundError, 404, 'model_not_found'],
    [
      'a model without tools',
      { ...askFor('plain', 'hello'), tools: [WEATHER] },
      OpenAI.BadRequestError,
      400,
      'tools_not_supported',
    ],
    [
      'a model that only embeds',
      askFor('embed', 'hello'),
      OpenAI.BadRequestError,
      400,
      'chat_not_supported',
    ],
    [
      'a model that does not load',
      askFor('crash', 'hello'),
      OpenAI.InternalServerError,
      500,
      'model_load_failed',
    ],
    [
      'a model that does not fit',
      askFor('oom', 'hello'),
      OpenAI.InternalServerError,
      500,
      'model_out_of_memory',
    ],
    [
      'an answer that just ends',
      askFor('native', 'eof'),
      OpenAI.InternalServerError,
      502,
      'upstream_stream_interrupted',
    ],
    [
      'a runner that dies',
      askFor('native', 'reset'),
      OpenAI.InternalServerError,
      502,
      'model_crashed',
    ],
    [
      'a call that is no JSON',
      { ...askFor('qwen-tools', 'call-broken-json'), tools: [WEATHER] },
      OpenAI.InternalServerError,
      500,
      'tool_parse_error',
    ],
  ])('throws the SDK’s own error for %s', async (_what, request, type, status, code) => {
    const failing = client.chat.completions.create(request)
    await expect(failing).rejects.toThrow(type)
    await expect(failing).rejects.toMatchObject({ status, code })
  })

  test.each(['eof', 'reset', 'repeat-abort'])(
    'raises in the middle of a stream that fails: %s',
    async (scenario) => {
      const stream = await client.chat.completions.create({
        ...askFor('generic-think', scenario),
        stream: true,
      })
      const said: string[] = []
      const reading = (async () => {
        for await (const { choices } of stream) said.push(choices[0]?.delta.content ?? '')
      })()
      await expect(reading).rejects.toThrow(OpenAI.APIError)
      expect(said.join('')).not.toBe('')
    },
  )

  test('says how long the prompt is and how large the window', async () => {
    const failing = client.chat.completions.create({
      model: 'small-window',
      messages: [{ role: 'user', content: 'word '.repeat(600).trim() }],
    })
    await expect(failing).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' })
    await expect(failing).rejects.toThrow(/601.*64/)
  })

  test('numbers two calls that arrive on one line, with ids of their own', async () => {
    const { calls, finish } = await gather(
      await client.chat.completions.create({
        ...askFor('native', 'two-calls'),
        tools: [WEATHER],
        stream: true,
      }),
    )
    expect(calls.map(({ index, function: called }) => [index, called?.arguments])).toEqual([
      [0, '{"city":"Paris"}'],
      [1, '{"city":"Rome"}'],
    ])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
    expect(finish).toEqual(['tool_calls'])
  })

  test('gives one call when parallel calls are not wanted', async () => {
    const { choices } = await client.chat.completions.create({
      ...askFor('native', 'two-calls'),
      tools: [WEATHER],
      parallel_tool_calls: false,
    })
    expect(choices[0]?.message.tool_calls).toHaveLength(1)
    expect(choices[0]?.message.content).toBeNull()
  })

  test('does not repeat a call id that the conversation has used', async () => {
    const call = {
      id: 'nat0',
      type: 'function' as const,
      function: { name: 'get_weather', arguments: '{"city":"Ulm"}' },
    }
    const { choices } = await client.chat.completions.create({
      model: 'native',
      tools: [WEATHER],
      messages: [
        { role: 'user', content: 'Go on.' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'nat0', content: 'rain' },
        { role: 'user', content: 'Please answer. @@think-call' },
      ],
    })
    const id = choices[0]?.message.tool_calls?.[0]?.id
    expect(id).toMatch(/^call_/)
    expect(id).not.toBe('nat0')
  })

  test('keeps every code point', async () => {
    const { content } = await gather(
      await client.chat.completions.create({ ...askFor('generic-think', 'unicode'), stream: true }),
    )
    expect(content).toBe('naïve café — 日本語 👩‍👩‍👧‍👦 \u2028 </script> data: [DONE]\n\nend')
  })
})
