/** The scenarios in the idiom of LangChain: ChatOpenAI, OpenAI for completions, OpenAIEmbeddings. */
import assert from 'node:assert/strict'
import { HumanMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai'
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai'
import { z } from 'zod'
import {
  askControl,
  Cannot,
  PICTURE,
  sayVerdicts,
  UNICODE,
  WEATHER_RESULT,
} from './say-verdicts.mjs'

const { API_KEY, BASE_URL, BASE_URL_IMPATIENT, LIMITED_KEY, NARROW_KEY } = process.env
const configuration = { baseURL: BASE_URL }
const chat = (model, options = {}) =>
  new ChatOpenAI({ model, apiKey: API_KEY, configuration, ...options })
const thinker = chat('demo-thinker')
const scripted = chat('scripted')
const embeddings = (options = {}) =>
  new OpenAIEmbeddings({ model: 'demo-embed', apiKey: API_KEY, configuration, ...options })

const RETRIES =
  'A stream is not run again; `invoke` sends every answer of 500 and more again, up to six times whatever `x-should-retry` says, until it is given `maxRetries: 0`.'

const STORY = 'Tell me a story.'
const IN_BOTH = 'What is the weather in Lisbon and Oslo?'

const getWeather = tool(() => WEATHER_RESULT, {
  name: 'get_weather',
  description: 'Current weather for a city',
  schema: z.object({ city: z.string() }),
})

/** A streamed answer put together again, as LangChain does it. */
const gathered = async (streaming) => {
  let whole
  for await (const chunk of await streaming) whole = whole?.concat(chunk) ?? chunk
  return whole
}

/** Both ways to ask. */
const bothWays = async (model, question) => [
  await model.invoke(question),
  await gathered(model.stream(question)),
]

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
  models: () => {
    throw new Cannot('LangChain has no call that lists or retrieves models.')
  },

  one_shot: async () => {
    const { text, response_metadata: facts, usage_metadata: usage } = await thinker.invoke(STORY)
    assert.notEqual(text, '')
    assert.equal(facts.finish_reason, 'stop')
    assert(usage.input_tokens > 0 && usage.output_tokens > 0)
  },

  stream: async () => {
    const [whole, streamed] = await bothWays(thinker, STORY)
    assert.equal(streamed.text, whole.text)
    assert.equal(streamed.usage_metadata.total_tokens, whole.usage_metadata.total_tokens)
  },

  reasoning: async () => {
    const [whole, streamed] = await bothWays(thinker, STORY)
    assert.notEqual(whole.additional_kwargs.reasoning_content ?? '', '')
    assert.equal(
      streamed.additional_kwargs.reasoning_content,
      whole.additional_kwargs.reasoning_content,
    )
  },

  tools: () => roundTrip((model, messages) => model.invoke(messages)),

  tools_streamed: () => roundTrip((model, messages) => gathered(model.stream(messages))),

  two_calls: async () => {
    for (const { tool_calls: calls } of await bothWays(thinker.bindTools([getWeather]), IN_BOTH)) {
      assert.deepEqual(
        calls.map(({ args }) => args),
        [{ city: 'Lisbon' }, { city: 'Oslo' }],
      )
      assert.equal(new Set(calls.map(({ id }) => id)).size, 2)
    }
  },

  empty_arguments: async () => {
    const ping = tool(() => 'pong', { name: 'ping', description: 'Pings', schema: z.object({}) })
    const model = scripted.bindTools([ping])
    for (const { tool_calls: calls } of await bothWays(model, '@empty-arguments')) {
      assert.deepEqual(calls[0].args, {})
    }
  },

  forced_tool: async () => {
    const model = thinker.bindTools([getWeather], { tool_choice: 'required' })
    for (const { tool_calls: calls } of await bothWays(model, STORY)) {
      assert.equal(calls[0].name, 'get_weather')
      assert.equal(typeof calls[0].args.city, 'string')
    }
  },

  structured: async () => {
    const Booking = z.object({
      name: z.string(),
      day: z.enum(['monday', 'tuesday']),
      guests: z.array(z.string()),
    })
    for (const method of ['jsonSchema', 'functionCalling']) {
      const model = thinker.withStructuredOutput(Booking, { method, name: 'booking' })
      Booking.parse(await model.invoke('Book Ada for Monday.'))
    }
  },

  image: async () => {
    const content = [
      { type: 'text', text: 'What is in this picture?' },
      { type: 'image_url', image_url: { url: PICTURE } },
    ]
    const { text } = await chat('demo-vision').invoke([new HumanMessage({ content })])
    assert.match(text, /3 by 2/)
  },

  logprobs: async () => {
    const model = chat('scripted', { logprobs: true, topLogprobs: 2 })
    for (const { text, response_metadata: facts } of await bothWays(model, '@logprobs')) {
      const tokens = facts.logprobs.content
      assert.equal(tokens.map(({ token }) => token).join(''), text)
      assert(tokens.every(({ logprob, top_logprobs: top }) => logprob <= 0 && top.length === 2))
    }
  },

  n: async () => {
    const model = chat('demo-thinker', { n: 2 })
    const [choices] = (await model.generate([[new HumanMessage(STORY)]])).generations
    assert.equal(choices.length, 2)
    assert(choices.every(({ text }) => text !== ''))
    const texts = ['', '']
    // The chunks of a stream are one message; only callbacks hear which choice a piece is of.
    const handleLLMNewToken = (piece, { completion }) => {
      texts[completion] += piece
    }
    await gathered(model.stream(STORY, { callbacks: [{ handleLLMNewToken }] }))
    assert.deepEqual(texts.toSorted(), choices.map(({ text }) => text).toSorted())
  },

  sampling: async () => {
    const model = chat('demo-writer', { maxTokens: 3, modelKwargs: { seed: 7 }, stop: ['.'] })
    const { text, response_metadata: facts } = await model.invoke(STORY)
    assert.equal(facts.finish_reason, 'length')
    assert.doesNotMatch(text, /\./)
  },

  embeddings: async () => {
    const texts = ['one text', 'another']
    const vectors = await embeddings().embedDocuments(texts)
    assert(vectors.every((vector) => vector.length > 1 && vector.every(Number.isFinite)))
    const floats = embeddings({ encodingFormat: 'float' })
    assert.deepEqual(await floats.embedDocuments(texts), vectors)
    assert.deepEqual(await embeddings().embedQuery(texts[1]), vectors[1])
  },

  completions: async () => {
    const model = new OpenAI({ model: 'demo-writer', apiKey: API_KEY, configuration })
    const text = await model.invoke('Once')
    assert.notEqual(text, '')
    assert.equal(await gathered(model.stream('Once')), text)
  },

  unicode: async () => {
    assert.equal((await gathered(scripted.stream('@unicode'))).text, UNICODE)
  },

  errors: async () => {
    const failing = async (type, status, model, options, question = STORY) => {
      const error = await raised(chat(model, { maxRetries: 0, ...options }).invoke(question))
      assert(error instanceof type, String(error))
      assert.equal(error.status, status)
      return error
    }
    await failing(AuthenticationError, 401, 'demo-thinker', { apiKey: 'sk-wrong' })
    await failing(PermissionDeniedError, 403, 'demo-writer', { apiKey: NARROW_KEY })
    await failing(NotFoundError, 404, 'nope')
    const hot = await failing(BadRequestError, 400, 'demo-thinker', { temperature: 'hot' })
    assert.equal(hot.param, 'temperature')
    await failing(APIError, 413, 'demo-thinker', {}, 'x'.repeat(300_000))
    await chat('demo-thinker', { apiKey: LIMITED_KEY }).invoke(STORY)
    const limited = await failing(RateLimitError, 429, 'demo-thinker', { apiKey: LIMITED_KEY })
    assert(limited.retryAfterMs > 0)
    await failing(InternalServerError, 503, 'scripted', {}, '@busy')
    const impatient = { configuration: { baseURL: BASE_URL_IMPATIENT } }
    await failing(InternalServerError, 504, 'scripted', impatient, '@silent-for-ever')
  },

  mid_stream_error: async () => {
    let text = ''
    const read = async () => {
      for await (const chunk of await scripted.stream('@error-mid-stream')) text += chunk.text
    }
    assert((await raised(read())) instanceof APIError)
    assert.equal(text, 'This begins well')
  },

  abort: async () => {
    let chunks = 0
    for await (const _ of await scripted.stream('@endless-broken-off')) {
      chunks += 1
      if (chunks === 3) break
    }
    assert.equal((await askControl('/released?mark=%40endless-broken-off')).status, 200)
    const leaving = new AbortController()
    const read = async () => {
      const { signal } = leaving
      for await (const _ of await scripted.stream('@endless-aborted', { signal })) {
        chunks += 1
        if (chunks === 6) leaving.abort()
      }
    }
    await raised(read())
    assert.equal((await askControl('/released?mark=%40endless-aborted')).status, 200)
  },

  silence: async () => {
    // Its timeout is for the head of an answer; heartbeats keep what comes after it alive.
    const { text } = await gathered(chat('scripted', { timeout: 5000 }).stream('@silence'))
    assert.equal(text, 'Good things take time.')
  },

  retries: async () => {
    await raised(gathered(scripted.stream('@crash-after-work-streamed')))
    const inStream = await askControl('/generations?mark=%40crash-after-work-streamed')
    assert.equal(inStream.text, '1')
    // Its six retries take two minutes; the first tells enough.
    const signal = AbortSignal.timeout(5000)
    await raised(scripted.invoke('@crash-after-work-whole', { signal }))
    const whole = await askControl('/generations?mark=%40crash-after-work-whole')
    if (whole.text !== '1') throw new Cannot(RETRIES)
  },
})

/** A call, its result, the answer. */
async function roundTrip(ask) {
  const model = thinker.bindTools([getWeather])
  const messages = [new HumanMessage('What is the weather in Lisbon?')]
  const asking = await ask(model, messages)
  const [call, ...others] = asking.tool_calls
  assert.deepEqual(call.args, { city: 'Lisbon' })
  assert.equal(others.length, 0)
  const answer = await ask(model, [...messages, asking, await getWeather.invoke(call)])
  assert.match(answer.text, /22 °C/)
}
