/**
 * What people complained of in proxies before Ollama, and in Ollama's own `/v1`: one test for each, named after it.
 * A: streams; B: tool calls; C: reasoning; D: context and parameters.
 */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answering, calls, done, line, streamed, tool, whole } from './play.ts'

const weather = tool('get_weather', { type: 'object', properties: { city: { type: 'string' } } })

const chunksWithoutChoices = async (asked: object) =>
  (await streamed({ asked })).chunks.filter(({ choices }) => choices?.length === 0).length

const idsOfOne = async () => new Set((await streamed({})).chunks.map(({ id }) => id))

const callOf = (id: string, name: string) => ({
  id,
  type: 'function',
  function: { name, arguments: '{}' },
})

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const image = (url: string) => ({ type: 'image_url', image_url: { url } })

const askWithImage = (url: string) =>
  whole({ asked: { messages: [{ role: 'user', content: [image(url)] }] } })

const named = z.object({ name: z.string() })

describe('A', () => {
  test('1 reasoning and text deltas interleave: here one kind a chunk, the thought first', async () => {
    const { chunks, kinds } = await streamed({
      says: [line({ thinking: 'a', content: 'b' }), line({ content: 'c' }), done()],
    })
    expect(kinds).toEqual(['reasoning_content', 'content'])
    const keys = chunks.flatMap(({ choices = [] }) =>
      choices.map(({ delta = {} }) => Object.keys(delta).filter((key) => key !== 'role').length),
    )
    expect(Math.max(...keys)).toBe(1)
  })

  test('2 tool calls vanish when streaming: here the same calls, streamed or not', async () => {
    const played = {
      says: [calls({ name: 'get_weather', id: 'a' }), done()],
      asked: { tools: [weather] },
    }
    const inStream = await streamed(played)
    const { message } = await whole(played)
    expect(inStream.calls.map((call) => call.function)).toEqual([
      { name: 'get_weather', arguments: '{}' },
    ])
    expect(message?.tool_calls?.map((call) => call.function)).toEqual(
      inStream.calls.map((call) => call.function),
    )
  })

  test('3 finish_reason is stop although calls were sent: here tool_calls', async () => {
    const played = {
      says: [calls({ name: 'get_weather' }), done('stop')],
      asked: { tools: [weather] },
    }
    expect((await streamed(played)).finish).toBe('tool_calls')
    expect((await whole(played)).finish).toBe('tool_calls')
  })

  test('4 the stream just ends: here an error, and no [DONE]', async () => {
    const torn = { says: [line({ content: 'half' })] }
    const { content, error, isDone, finish } = await streamed(torn)
    expect({ content, isDone, finish }).toEqual({
      content: 'half',
      isDone: false,
      finish: undefined,
    })
    expect(error?.code).toBe('upstream_stream_interrupted')
    expect((await whole(torn)).status).toBe(502)
  })

  test('5 [DONE] is missing: here it ends every whole stream', async () => {
    expect((await streamed({})).isDone).toBe(true)
    expect((await streamed({ says: answering('') })).isDone).toBe(true)
  })

  test('6 a chunk without choices breaks a client: here only when usage was asked for', async () => {
    expect(await chunksWithoutChoices({})).toBe(0)
    expect(await chunksWithoutChoices({ stream_options: { include_usage: true } })).toBe(1)
  })

  test('7 usage is missing in streams: here it comes when asked for', async () => {
    const { chunks } = await streamed({ asked: { stream_options: { include_usage: true } } })
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 2 })
  })

  test('8 a failure in mid-stream is swallowed: here it is said, with its text', async () => {
    const { error, content, isDone } = await streamed({
      says: [
        line({ content: 'so far' }),
        { line: { error: 'model runner has unexpectedly stopped' } },
      ],
    })
    expect({ content, isDone }).toEqual({ content: 'so far', isDone: false })
    expect(error).toMatchObject({
      code: 'model_crashed',
      message: expect.stringContaining('runner'),
    })
  })

  test('9 a call that Ollama cannot parse is a bare 500: here tool_parse_error', async () => {
    const text = "error parsing tool call: raw='{\"', err=unexpected end of JSON input"
    const { status, error } = await streamed({ says: [{ status: 500, body: { error: text } }] })
    expect(status).toBe(500)
    expect(error?.code).toBe('tool_parse_error')
  })

  test('10 ids collide, or change from chunk to chunk: here one id, 128 random bits', async () => {
    const [one, other] = [await idsOfOne(), await idsOfOne()]
    expect([one.size, other.size]).toEqual([1, 1])
    expect([...one][0]).toMatch(/^chatcmpl-[\da-f]{32}$/)
    expect(one).not.toEqual(other)
  })

  test('11 text waits for the end where tools are offered: here it comes as it is said', async () => {
    const words = ['It ', 'is ', 'sunny.']
    const { chunks } = await streamed({
      says: [...words.map((content) => line({ content })), done()],
      asked: { tools: [weather] },
    })
    const contents = chunks.flatMap(({ choices = [] }) =>
      choices.flatMap(({ delta }) => delta?.content ?? []),
    )
    expect(contents).toEqual(words)
  })
})

describe('B', () => {
  test('12 all parallel calls share index 0: here they count 0, 1, 2', async () => {
    const three = ['a', 'b', 'c'].map((id) => ({ name: 'get_weather', id }))
    const { calls: made } = await streamed({
      says: [calls(...three), done()],
      asked: { tools: [weather] },
    })
    expect(made.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  test('13 ids are missing, or repeat across turns: here each is unique in the conversation', async () => {
    const history = [
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_0', type: 'function', function: { name: 'f', arguments: '' } }],
      },
      { role: 'tool', tool_call_id: 'call_0', content: 'x' },
    ]
    const { calls: made } = await streamed({
      says: [calls({ name: 'f', id: 'call_0' }, { name: 'f' }, { name: 'f', id: 'own' }), done()],
      asked: { messages: history, tools: [tool('f')] },
    })
    const ids = made.map(({ id }) => id)
    expect(new Set([...ids, 'call_0']).size).toBe(4)
    expect(ids[2]).toBe('own')
  })

  test('14 a call is printed as text: here it is a call', async () => {
    const {
      calls: made,
      content,
      finish,
    } = await streamed({
      says: answering('{"name": "get_weather", "parameters": {"city": "Lima"}}'),
      asked: { tools: [weather] },
    })
    expect(made).toMatchObject([
      { function: { name: 'get_weather', arguments: '{"city": "Lima"}' } },
    ])
    expect({ content, finish }).toEqual({ content: '', finish: 'tool_calls' })
  })

  test('15 a name comes with a prefix or tokens of the template: here it is the tool’s', async () => {
    const garbled = ['functions.get_weather', 'get_weather<|channel|>commentary']
    const { calls: made } = await streamed({
      says: [calls(...garbled.map((name) => ({ name }))), done()],
      asked: { tools: [weather] },
    })
    expect(made.map((call) => call.function.name)).toEqual(['get_weather', 'get_weather'])
  })

  test('16 a tool called python or name is misparsed: here it goes under another name, both ways', async () => {
    const { upstream } = await whole({ asked: { tools: [tool('python')] } })
    const [{ function: sent }] = z.tuple([z.object({ function: named })]).parse(upstream['tools'])
    expect(sent.name).not.toBe('python')
    const { calls: made } = await streamed({
      says: [calls({ name: sent.name }), done()],
      asked: { tools: [tool('python')] },
    })
    expect(made.map((call) => call.function.name)).toEqual(['python'])
  })

  test('17 tool_choice is ignored: here it is obeyed, or it is said that it was not', async () => {
    const asked = { tools: [weather], tool_choice: 'required' }
    const forced = await streamed({
      says: answering('{"name":"get_weather","arguments":{}}'),
      asked,
    })
    expect(forced.calls).toHaveLength(1)
    expect((await streamed({ asked })).error?.code).toBe('tool_choice_failed')
    const none = await streamed({ asked: { tools: [weather], tool_choice: 'none' } })
    expect(none.upstream).not.toHaveProperty('tools')
  })

  test('18 parallel_tool_calls false is ignored: here one call comes back', async () => {
    const { calls: made } = await streamed({
      says: [calls({ name: 'get_weather' }, { name: 'get_weather' }), done()],
      asked: { tools: [weather], parallel_tool_calls: false },
    })
    expect(made).toHaveLength(1)
  })

  test.each([
    ['', {}],
    ['{}', {}],
    ['{"a":[1]}', { a: [1] }],
  ])(
    '19 arguments are an object here and a string there: %j is %j upstream',
    async (text, args) => {
      const messages = [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: text } }],
        },
        { role: 'tool', tool_call_id: 'a', content: 'x' },
      ]
      const { upstream } = await whole({ asked: { messages, tools: [tool('f')] } })
      expect(upstream).toMatchObject({
        messages: [{}, { tool_calls: [{ function: { arguments: args } }] }, {}],
      })
    },
  )

  test('20 a tool’s result loses its name: here it has that of the call it answers', async () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: [callOf('a', 'f'), callOf('b', 'g')] },
      { role: 'tool', tool_call_id: 'b', content: 'of g' },
      { role: 'tool', tool_call_id: 'a', content: 'of f' },
    ]
    const { upstream } = await whole({ asked: { messages, tools: [tool('f'), tool('g')] } })
    expect(upstream).toMatchObject({
      messages: [{}, {}, { tool_name: 'g', content: 'of g' }, { tool_name: 'f', content: 'of f' }],
    })
  })

  test('21 large numbers are corrupted: here each digit arrives, both ways', async () => {
    const big = '12345678901234567890'
    const messages = [
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: `{"n":${big}}` } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ]
    const { source, calls: made } = await streamed({
      says: [calls({ name: 'f', args: `{"n":${big}}` }), done()],
      asked: { messages, tools: [tool('f')] },
    })
    expect(source).toContain(`{"n":${big}}`)
    expect(made.map((call) => call.function.arguments)).toEqual([`{"n":${big}}`])
  })

  test.each<[what: string, parameters: unknown]>([
    ['a boolean for a schema', { type: 'object', properties: { a: true } }],
    ['no type', { properties: { a: { type: 'string' } } }],
    ['several types', { type: 'object', properties: { a: { type: ['string', 'null'] } } }],
    [
      'a reference',
      {
        type: 'object',
        properties: { a: { $ref: '#/$defs/a' } },
        $defs: { a: { type: 'string' } },
      },
    ],
    [
      'a choice',
      { type: 'object', properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] } } },
    ],
  ])('22 schemas are rejected: here one with %s is accepted', async (_, parameters) => {
    const { status, upstream } = await whole({ asked: { tools: [tool('f', parameters)] } })
    expect(status).toBe(200)
    expect(upstream).toMatchObject({
      tools: [{ function: { parameters: { properties: { a: expect.any(Object) } } } }],
    })
  })

  test('23 a model that cannot ends the session: here tools are a clear 400, thinking is left out', async () => {
    const able = { abilities: ['completion'] as const }
    const { status, error } = await whole({ ...able, asked: { tools: [weather] } })
    expect([status, error?.code, error?.param]).toEqual([400, 'tools_not_supported', 'tools'])
    const thinking = await whole({ ...able, asked: { reasoning_effort: 'high' } })
    expect([thinking.status, thinking.headers['x-tolk-ignored']]).toEqual([200, 'reasoning_effort'])
    expect(thinking.upstream).not.toHaveProperty('think')
  })

  test('24 a call that the limit cut is executed: here it is not given out, and finish says length', async () => {
    const { calls: made, finish } = await streamed({
      says: [line({ content: '{"name": "get_weather", "argu' }), done('length')],
      asked: { tools: [weather] },
    })
    expect({ made, finish }).toEqual({ made: [], finish: 'length' })
  })
})

describe('C', () => {
  test('25 think tags stand in the text: here the thought has its own field', async () => {
    const { content, reasoning } = await streamed({
      says: answering('<think>\nhm\n</think>\n\nYes.'),
    })
    expect({ content, reasoning }).toEqual({ content: 'Yes.', reasoning: 'hm\n' })
  })

  test.each([
    [{ reasoning_effort: 'none' }],
    [{ think: false }],
    [{ thinking: { type: 'disabled' } }],
    [{ chat_template_kwargs: { enable_thinking: false } }],
  ])('26 thinking cannot be turned off: here %j does', async (asked) => {
    expect((await whole({ asked })).upstream['think']).toBe(false)
  })

  test('27 thinking eats max_tokens: here the thought is kept, and finish says length', async () => {
    const { message, finish } = await whole({
      says: [line({ thinking: 'on and on' }), done('length')],
    })
    expect(message?.reasoning_content).toBe('on and on')
    expect(finish).toBe('length')
  })

  test.each([
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'max'],
  ])('28 efforts are refused: here %s is %s', async (asked, sent) => {
    expect((await whole({ asked: { reasoning_effort: asked } })).upstream['think']).toBe(sent)
  })

  test.each(['reasoning_content', 'reasoning'])(
    '29 reasoning is lost between turns: here %s goes back',
    async (field) => {
      const messages = [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Yes.', [field]: 'hm' },
        { role: 'user', content: 'Why?' },
      ]
      const { upstream } = await whole({ asked: { messages } })
      expect(upstream).toMatchObject({ messages: [{}, { content: 'Yes.', thinking: 'hm' }, {}] })
    },
  )

  test('30 text is doubled under two names: here reasoning has one', async () => {
    const { chunks } = await streamed({ says: [line({ thinking: 'hm' }), ...answering('Yes.')] })
    const names = chunks.flatMap(({ choices = [] }) =>
      choices.flatMap(({ delta = {} }) => Object.keys(delta)),
    )
    expect(names.filter((name) => name.startsWith('reasoning'))).toEqual(['reasoning_content'])
  })
})

describe('D', () => {
  test('31 the window cannot be set: here the operator sets it for a model', async () => {
    const settings = { models: { params: { 'm*': { numCtx: 2048 } } } }
    expect((await whole({ settings })).upstream['options']).toEqual({ num_ctx: 2048 })
  })

  test('32 a long prompt is cut in silence: here it is an error with both numbers', async () => {
    const runner = {
      error: {
        code: 400,
        message: 'x',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 601,
        n_ctx: 64,
      },
    }
    const { status, error, upstream } = await whole({
      says: [{ status: 400, body: { error: JSON.stringify(runner) } }],
    })
    expect(upstream['truncate']).toBe(false)
    expect([status, error?.code]).toEqual([400, 'context_length_exceeded'])
    expect(error?.message).toMatch(/601.*64/)
  })

  test('33 each client’s own window reloads the model: here it has one owner, and the header says so', async () => {
    const { upstream, headers } = await whole({
      asked: { num_ctx: 100, options: { num_ctx: 200 } },
    })
    expect(upstream).not.toHaveProperty('options')
    expect(headers['x-tolk-ignored']).toBe('num_ctx, options.num_ctx')
  })

  test('34 a Modelfile’s own settings are overridden: here what was not sent is not sent', async () => {
    expect(Object.keys((await whole({})).upstream).toSorted()).toEqual([
      'messages',
      'model',
      'stream',
      'truncate',
    ])
  })

  test('35 max_completion_tokens is ignored: here it is num_predict', async () => {
    const { upstream } = await whole({ asked: { max_tokens: 9, max_completion_tokens: 5 } })
    expect(upstream['options']).toEqual({ num_predict: 5 })
  })

  test.each([[null], ['']])('36 content %j is refused: here it is accepted', async (content) => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content },
      { role: 'user', content: 'Hm' },
    ]
    const { status, upstream } = await whole({ asked: { messages } })
    expect(status).toBe(200)
    expect(upstream).toMatchObject({ messages: [{}, { content: '' }, {}] })
  })

  test('37 parts become several messages: here one message stays one', async () => {
    const content = [
      { type: 'text', text: 'a' },
      image(`data:image/png;base64,${pixel}`),
      { type: 'text', text: 'b' },
    ]
    const { upstream } = await whole({ asked: { messages: [{ role: 'user', content }] } })
    expect(upstream['messages']).toEqual([
      { role: 'user', content: expect.stringMatching(/^a\s+b$/), images: [pixel] },
    ])
  })

  test('38 pictures by http or as gif fail obscurely: here a gif is passed on, a URL is a clear 400', async () => {
    expect((await askWithImage(`data:image/gif;base64,${pixel}`)).status).toBe(200)
    const { status, error } = await askWithImage('https://example.com/a.png')
    expect([status, error?.param]).toEqual([400, 'messages[0].content[0].image_url'])
    expect(error?.message).toContain('data URL')
  })

  test('39 the developer role is dropped: here it is system', async () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ]
    const { upstream } = await whole({ asked: { messages } })
    expect(upstream['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ])
  })

  test('40 a schema is ignored, or fights with tools: here it is the format, tools win, and a fence is taken off', async () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } }
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } }
    const fenced = await whole({
      says: answering('```json\n{"a":1}\n```'),
      asked: { response_format },
    })
    expect(fenced.upstream['format']).toEqual(schema)
    expect(fenced.message?.content).toBe('{"a":1}')
    const beside = await whole({ asked: { response_format, tools: [weather] } })
    expect(beside.upstream).not.toHaveProperty('format')
    expect(beside.headers['x-tolk-ignored']).toBe('response_format')
  })

  test('41 keep_alive cannot be set: here the operator sets it', async () => {
    const settings = { models: { params: { 'm*': { keepAlive: '30m' } } } }
    expect((await whole({ settings })).upstream['keep_alive']).toBe('30m')
  })

  test('42 logprobs and logit_bias are ignored in silence: here the first are given, the other is named', async () => {
    const logprobs = [{ token: 'Hi', logprob: -0.5, bytes: [72, 105] }]
    const { answer, headers, upstream } = await whole({
      says: [line({ content: 'Hi' }, { done: false, logprobs }), done()],
      asked: { logprobs: true, top_logprobs: 2, logit_bias: { '1': 5 } },
    })
    expect(upstream).toMatchObject({ logprobs: true, top_logprobs: 2 })
    expect(answer.choices?.[0]?.logprobs).toMatchObject({
      content: [{ token: 'Hi', logprob: -0.5 }],
    })
    expect(headers['x-tolk-ignored']).toBe('logit_bias')
  })
})
