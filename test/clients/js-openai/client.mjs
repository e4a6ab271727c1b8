/** The scenarios in the idiom of the openai package. */
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { askControl, PICTURE, sayVerdicts, UNICODE, WEATHER_RESULT } from './say-verdicts.mjs'

const { API_KEY, BASE_URL, BASE_URL_IMPATIENT, LIMITED_KEY, NARROW_KEY } = process.env
const connect = (options = {}) => new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, ...options })
const client = connect()
const { completions } = client.chat

const user = (content) => [{ role: 'user', content }]
const STORY = { model: 'demo-thinker', messages: user('Tell me a story.') }
const WEATHER = {
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
const IN_LISBON = {
  model: 'demo-thinker',
  messages: user('What is the weather in Lisbon?'),
  tools: [WEATHER],
}
const IN_BOTH = { ...IN_LISBON, messages: user('What is the weather in Lisbon and Oslo?') }
const scripted = (mark) => ({ model: 'scripted', messages: user(mark) })

const result = ({ id }) => ({ role: 'tool', tool_call_id: id, content: WEATHER_RESULT })
const argumentsOf = (call) => JSON.parse(call.function.arguments)

const vectors = async (options) => {
  const { data } = await client.embeddings.create({ model: 'demo-embed', ...options })
  return data.map(({ embedding }) => embedding)
}

/** The error that a call raises. */
const raised = async (promise) => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was raised')
}

await sayVerdicts({
  models: async () => {
    const ids = []
    for await (const { id } of client.models.list()) ids.push(id)
    assert(ids.includes('demo-thinker:latest'), ids.join())
    const model = await client.models.retrieve('team/namespaced:v1')
    assert.equal(model.id, 'team/namespaced:v1')
  },

  one_shot: async () => {
    const { choices, usage } = await completions.create(STORY)
    assert.equal(choices.length, 1)
    assert.notEqual(choices[0].message.content, '')
    assert.equal(choices[0].finish_reason, 'stop')
    assert(usage.prompt_tokens > 0 && usage.completion_tokens > 0)
  },

  stream: async () => {
    const whole = await completions.create(STORY)
    const options = { ...STORY, stream: true, stream_options: { include_usage: true } }
    let text = ''
    let usage = null
    for await (const chunk of await completions.create(options)) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    assert.equal(text, whole.choices[0].message.content)
    assert.deepEqual(usage, whole.usage)
    const helper = completions.stream(STORY)
    assert.equal(await helper.finalContent(), text)
    assert.equal((await helper.finalChatCompletion()).choices[0].finish_reason, 'stop')
  },

  reasoning: async () => {
    const whole = await completions.create(STORY)
    let reasoning = ''
    for await (const { choices } of await completions.create({ ...STORY, stream: true })) {
      reasoning += choices[0]?.delta.reasoning_content ?? ''
    }
    assert.notEqual(reasoning, '')
    assert.equal(whole.choices[0].message.reasoning_content, reasoning)
  },

  tools: async () => {
    const { choices } = await completions.create(IN_LISBON)
    const [{ message, finish_reason: reason }] = choices
    assert.equal(reason, 'tool_calls')
    const [call, ...others] = message.tool_calls
    assert.equal(others.length, 0)
    assert.deepEqual(argumentsOf(call), { city: 'Lisbon' })
    const messages = [...IN_LISBON.messages, message, result(call)]
    const answer = await completions.create({ ...IN_LISBON, messages })
    assert.match(answer.choices[0].message.content, /22 °C/)
    await runTools({ stream: false })
  },

  tools_streamed: async () => {
    const stream = completions.stream(IN_LISBON)
    const [{ message, finish_reason: reason }] = (await stream.finalChatCompletion()).choices
    assert.equal(reason, 'tool_calls')
    const [call] = message.tool_calls
    assert.deepEqual(argumentsOf(call), { city: 'Lisbon' })
    const messages = [...IN_LISBON.messages, message, result(call)]
    const answer = completions.stream({ ...IN_LISBON, messages })
    assert.match(await answer.finalContent(), /22 °C/)
    await runTools({ stream: true })
  },

  two_calls: async () => {
    const whole = await completions.create(IN_BOTH)
    holdTwo(whole.choices[0].message.tool_calls)
    const calls = []
    for await (const { choices } of await completions.create({ ...IN_BOTH, stream: true })) {
      for (const { index, id, function: part } of choices[0]?.delta.tool_calls ?? []) {
        calls[index] ??= { id, function: { arguments: '' } }
        calls[index].function.arguments += part.arguments ?? ''
      }
    }
    holdTwo(calls)
  },

  empty_arguments: async () => {
    const ping = zodFunction({ name: 'ping', parameters: z.object({}) })
    const question = { ...scripted('@empty-arguments'), tools: [ping] }
    const { choices } = await completions.parse(question)
    assert.deepEqual(choices[0].message.tool_calls[0].function.parsed_arguments, {})
    const streamed = await completions.stream(question).finalChatCompletion()
    assert.deepEqual(streamed.choices[0].message.tool_calls[0].function.parsed_arguments, {})
  },

  forced_tool: async () => {
    const question = { ...STORY, tools: [WEATHER], tool_choice: 'required' }
    const { choices } = await completions.create(question)
    assert.equal(choices[0].message.tool_calls[0].function.name, 'get_weather')
    assert.equal(typeof argumentsOf(choices[0].message.tool_calls[0]).city, 'string')
    const streamed = await completions.stream(question).finalChatCompletion()
    assert.equal(streamed.choices[0].message.tool_calls[0].function.name, 'get_weather')
  },

  structured: async () => {
    const Booking = z.object({
      name: z.string(),
      day: z.enum(['monday', 'tuesday']),
      guests: z.array(z.string()),
    })
    const question = {
      model: 'demo-thinker',
      messages: user('Book Ada for Monday.'),
      response_format: zodResponseFormat(Booking, 'booking'),
    }
    const { choices } = await completions.parse(question)
    Booking.parse(choices[0].message.parsed)
    const streamed = await completions.stream(question).finalChatCompletion()
    assert.deepEqual(streamed.choices[0].message.parsed, choices[0].message.parsed)
  },

  image: async () => {
    const parts = [
      { type: 'text', text: 'What is in this picture?' },
      { type: 'image_url', image_url: { url: PICTURE } },
    ]
    const { choices } = await completions.create({ model: 'demo-vision', messages: user(parts) })
    assert.match(choices[0].message.content, /3 by 2/)
  },

  logprobs: async () => {
    const question = { ...scripted('@logprobs'), logprobs: true, top_logprobs: 2 }
    const { choices } = await completions.create(question)
    const tokens = choices[0].logprobs.content
    assert.equal(tokens.map(({ token }) => token).join(''), choices[0].message.content)
    assert(tokens.every(({ logprob, top_logprobs: top }) => logprob <= 0 && top.length === 2))
    const streamed = await completions.stream(question).finalChatCompletion()
    assert.deepEqual(streamed.choices[0].logprobs.content, tokens)
  },

  n: async () => {
    const { choices } = await completions.create({ ...STORY, n: 2 })
    assert.deepEqual(
      choices.map(({ index }) => index),
      [0, 1],
    )
    assert(choices.every(({ message }) => message.content !== ''))
    const streamed = await completions.stream({ ...STORY, n: 2 }).finalChatCompletion()
    assert.deepEqual(
      streamed.choices.map(({ index, finish_reason: reason }) => ({ index, reason })),
      [
        { index: 0, reason: 'stop' },
        { index: 1, reason: 'stop' },
      ],
    )
    assert(streamed.choices.every(({ message }) => message.content !== ''))
  },

  sampling: async () => {
    const { choices } = await completions.create({
      ...STORY,
      model: 'demo-writer',
      seed: 7,
      stop: ['.'],
      max_completion_tokens: 3,
    })
    assert.equal(choices[0].finish_reason, 'length')
    assert.doesNotMatch(choices[0].message.content, /\./)
  },

  embeddings: async () => {
    const input = ['one text', 'another']
    // The package asks for base64 by itself and decodes it.
    const both = await vectors({ input })
    assert(both.every((vector) => vector.length > 1 && vector.every(Number.isFinite)))
    assert.deepEqual(await vectors({ input, encoding_format: 'float' }), both)
    assert.deepEqual(await vectors({ input: input.toReversed() }), both.toReversed())
    const [text] = await vectors({ input: input[0], encoding_format: 'base64' })
    assert.equal(Buffer.from(text, 'base64').length, both[0].length * 4)
  },

  completions: async () => {
    const question = { model: 'demo-writer', prompt: 'Once' }
    const { choices } = await client.completions.create(question)
    assert.notEqual(choices[0].text, '')
    let text = ''
    for await (const chunk of await client.completions.create({ ...question, stream: true })) {
      text += chunk.choices[0]?.text ?? ''
    }
    assert.equal(text, choices[0].text)
  },

  unicode: async () => {
    assert.equal(await completions.stream(scripted('@unicode')).finalContent(), UNICODE)
  },

  errors: async () => {
    const once = { maxRetries: 0 }
    const ask = (options, body = {}) =>
      raised(connect({ ...once, ...options }).chat.completions.create({ ...STORY, ...body }))
    const wrong = await ask({ apiKey: 'sk-wrong' })
    assert(wrong instanceof OpenAI.AuthenticationError && wrong.status === 401)
    const narrow = await ask({ apiKey: NARROW_KEY }, { model: 'demo-writer' })
    assert(narrow instanceof OpenAI.PermissionDeniedError && narrow.status === 403)
    const unknown = await ask({}, { model: 'nope' })
    assert(unknown instanceof OpenAI.NotFoundError && unknown.code === 'model_not_found')
    const hot = await ask({}, { temperature: 'hot' })
    assert(hot instanceof OpenAI.BadRequestError && hot.param === 'temperature')
    const large = await ask({}, { messages: user('x'.repeat(300_000)) })
    assert(large instanceof OpenAI.APIError && large.status === 413, String(large))
    await connect({ apiKey: LIMITED_KEY }).chat.completions.create(STORY)
    const limited = await ask({ apiKey: LIMITED_KEY })
    assert(limited instanceof OpenAI.RateLimitError)
    assert(Number(limited.headers.get('retry-after')) > 0)
    const busy = await ask({}, scripted('@busy'))
    assert(busy instanceof OpenAI.InternalServerError && busy.status === 503)
    const late = await ask({ baseURL: BASE_URL_IMPATIENT }, scripted('@silent-for-ever'))
    assert(late instanceof OpenAI.InternalServerError && late.status === 504)
  },

  mid_stream_error: async () => {
    let text = ''
    const read = async () => {
      const question = { ...scripted('@error-mid-stream'), stream: true }
      for await (const { choices } of await completions.create(question)) {
        text += choices[0]?.delta.content ?? ''
      }
    }
    assert((await raised(read())) instanceof OpenAI.APIError)
    assert.equal(text, 'This begins well')
    const helped = completions.stream(scripted('@error-mid-stream')).finalContent()
    assert((await raised(helped)) instanceof OpenAI.APIError)
  },

  abort: async () => {
    const stream = await completions.create({ ...scripted('@endless-broken-off'), stream: true })
    let chunks = 0
    for await (const _ of stream) {
      chunks += 1
      if (chunks === 3) break
    }
    const helper = completions.stream(scripted('@endless-aborted'))
    helper.on('content', (_, text) => text.length > 30 && helper.abort())
    assert((await raised(helper.done())) instanceof OpenAI.APIUserAbortError)
    assert.equal((await askControl('/released?mark=%40endless-broken-off')).status, 200)
    assert.equal((await askControl('/released?mark=%40endless-aborted')).status, 200)
  },

  silence: async () => {
    // Its timeout is for the head of an answer; heartbeats keep what comes after it alive.
    const text = await completions.stream(scripted('@silence'), { timeout: 5000 }).finalContent()
    assert.equal(text, 'Good things take time.')
  },

  retries: async () => {
    const error = await raised(completions.create(scripted('@crash-after-work-once')))
    assert(error instanceof OpenAI.InternalServerError, String(error))
    const { text } = await askControl('/generations?mark=%40crash-after-work-once')
    assert.equal(text, '1')
  },
})

/** The package's own loop: it calls what was asked for and goes on until there is an answer. */
async function runTools({ stream }) {
  const asked = []
  const getWeather = ({ city }) => {
    asked.push(city)
    return WEATHER_RESULT
  }
  const tool = { ...WEATHER.function, function: getWeather, parse: JSON.parse }
  const tools = [{ type: 'function', function: tool }]
  const runner = completions.runTools({ ...IN_LISBON, tools, stream })
  assert.match(await runner.finalContent(), /22 °C/)
  assert.deepEqual(asked, ['Lisbon'])
}

function holdTwo(calls) {
  assert.deepEqual(calls.map(argumentsOf), [{ city: 'Lisbon' }, { city: 'Oslo' }])
  const ids = calls.map(({ id }) => id)
  assert.equal(new Set(ids).size, 2, ids.join())
  assert(ids.every((id) => typeof id === 'string' && id !== ''))
}
