/** The scenarios in the idiom of the AI SDK, whichever provider brings the models. */
import assert from 'node:assert/strict'
import {
  APICallError,
  embedMany,
  generateText,
  isStepCount,
  Output,
  StreamProviderError,
  streamText,
  tool,
} from 'ai'
import { z } from 'zod'
import { askControl, Cannot, PICTURE, UNICODE, WEATHER_RESULT } from './say-verdicts.mjs'

const { BASE_URL_IMPATIENT, LIMITED_KEY, NARROW_KEY } = process.env

const STORY = 'Tell me a story.'

/** A tool that is called by the SDK, or by hand when it does not execute. */
const weather = (options = {}) => ({
  get_weather: tool({
    description: 'Current weather for a city',
    inputSchema: z.object({ city: z.string() }),
    ...options,
  }),
})

/**
 * @param connect a provider's chat models, `connect(options)(name)`, with other options than the usual ones.
 * @param provider its models of each kind by name: `chat`, `completion`, `embedding`.
 * @param shows what the provider has a way to show; its own scenario for each, or the reason why not.
 */
export const scenariosOf = ({ connect, provider, shows }) => {
  const model = provider.chat('demo-thinker')
  const scripted = (mark) => ({ model: provider.chat('scripted'), prompt: mark })

  /** The SDK's own loop: it calls what was asked for and goes on until there is an answer. */
  const inLisbon = () => {
    const asked = []
    const execute = ({ city }) => {
      asked.push(city)
      return JSON.parse(WEATHER_RESULT)
    }
    const options = { model, tools: weather({ execute }), stopWhen: isStepCount(3) }
    return { ...options, asked, prompt: 'What is the weather in Lisbon?' }
  }

  return {
    models: () => {
      throw new Cannot('The AI SDK has no call that lists or retrieves models.')
    },

    one_shot: async () => {
      const { text, finishReason, usage } = await generateText({ model, prompt: STORY })
      assert.notEqual(text, '')
      assert.equal(finishReason, 'stop')
      assert(usage.inputTokens > 0 && usage.outputTokens > 0)
    },

    stream: async () => {
      const whole = await generateText({ model, prompt: STORY })
      const streamed = streamText({ model, prompt: STORY })
      let text = ''
      for await (const part of streamed.textStream) text += part
      assert.equal(text, whole.text)
      assert.equal(await streamed.finishReason, 'stop')
      const { inputTokens, outputTokens } = await streamed.usage
      assert.deepEqual(
        [inputTokens, outputTokens],
        [whole.usage.inputTokens, whole.usage.outputTokens],
      )
    },

    reasoning: shown(shows.reasoning, async () => {
      const whole = await generateText({ model, prompt: STORY })
      assert.notEqual(whole.reasoningText ?? '', '')
      assert.equal(await streamText({ model, prompt: STORY }).reasoningText, whole.reasoningText)
    }),

    tools: async () => {
      const { asked, ...question } = inLisbon()
      const { text, steps } = await generateText(question)
      assert.deepEqual(asked, ['Lisbon'])
      assert.equal(steps[0].finishReason, 'tool-calls')
      assert.match(text, /22 °C/)
    },

    tools_streamed: async () => {
      const { asked, ...question } = inLisbon()
      const streamed = streamText(question)
      const kinds = new Set()
      for await (const { type } of streamed.stream) kinds.add(type)
      assert.deepEqual(asked, ['Lisbon'])
      assert(kinds.has('tool-input-start') && kinds.has('tool-call') && kinds.has('tool-result'))
      const last = (await streamed.steps).at(-1)
      assert.match(last.text, /22 °C/)
    },

    two_calls: async () => {
      const question = {
        model,
        tools: weather(),
        prompt: 'What is the weather in Lisbon and Oslo?',
      }
      for (const calls of [
        (await generateText(question)).toolCalls,
        await streamText(question).toolCalls,
      ]) {
        assert.deepEqual(
          calls.map(({ input }) => input.city),
          ['Lisbon', 'Oslo'],
        )
        assert.equal(new Set(calls.map(({ toolCallId: id }) => id)).size, 2)
      }
    },

    empty_arguments: async () => {
      const ping = tool({ inputSchema: z.object({}) })
      const question = { ...scripted('@empty-arguments'), tools: { ping } }
      assert.deepEqual((await generateText(question)).toolCalls[0].input, {})
      assert.deepEqual((await streamText(question).toolCalls)[0].input, {})
    },

    forced_tool: async () => {
      const question = { model, tools: weather(), toolChoice: 'required', prompt: STORY }
      for (const calls of [
        (await generateText(question)).toolCalls,
        await streamText(question).toolCalls,
      ]) {
        assert.equal(calls[0].toolName, 'get_weather')
        assert.equal(typeof calls[0].input.city, 'string')
      }
    },

    structured: async () => {
      const Booking = z.object({
        name: z.string(),
        day: z.enum(['monday', 'tuesday']),
        guests: z.array(z.string()),
      })
      const output = Output.object({ schema: Booking })
      const question = { model, output, prompt: 'Book Ada for Monday.' }
      const whole = await generateText(question)
      Booking.parse(whole.output)
      assert.deepEqual(await streamText(question).output, whole.output)
    },

    image: async () => {
      const content = [
        { type: 'text', text: 'What is in this picture?' },
        { type: 'file', mediaType: 'image/png', data: PICTURE },
      ]
      const messages = [{ role: 'user', content }]
      const { text } = await generateText({ model: provider.chat('demo-vision'), messages })
      assert.match(text, /3 by 2/)
    },

    logprobs: shown(shows.logprobs, async () => {
      const whole = await generateText({ ...scripted('@logprobs'), ...shows.logprobs.options })
      const tokens = shows.logprobs.read(whole.providerMetadata)
      assert.equal(tokens.map(({ token }) => token).join(''), whole.text)
      assert(tokens.every(({ logprob, top_logprobs: top }) => logprob <= 0 && top.length === 2))
      const streamed = streamText({ ...scripted('@logprobs'), ...shows.logprobs.options })
      assert.deepEqual(shows.logprobs.read(await streamed.providerMetadata), tokens)
    }),

    n: () => {
      throw new Cannot('The AI SDK asks for one choice; it has no setting for more.')
    },

    sampling: async () => {
      const { text, finishReason } = await generateText({
        model: provider.chat('demo-writer'),
        prompt: STORY,
        seed: 7,
        stopSequences: ['.'],
        maxOutputTokens: 3,
      })
      assert.equal(finishReason, 'length')
      assert.doesNotMatch(text, /\./)
    },

    embeddings: async () => {
      const embedding = provider.embedding('demo-embed')
      const values = ['one text', 'another']
      const { embeddings } = await embedMany({ model: embedding, values })
      assert(embeddings.every((vector) => vector.length > 1 && vector.every(Number.isFinite)))
      const reversed = await embedMany({ model: embedding, values: values.toReversed() })
      assert.deepEqual(reversed.embeddings, embeddings.toReversed())
    },

    completions: async () => {
      const question = { model: provider.completion('demo-writer'), prompt: 'Once' }
      const { text } = await generateText(question)
      assert.notEqual(text, '')
      assert.equal(await streamText(question).text, text)
    },

    unicode: async () => {
      assert.equal(await streamText(scripted('@unicode')).text, UNICODE)
    },

    errors: async () => {
      const ask = (name, options, settings = {}) =>
        raised(
          generateText({
            model: connect(options)(name),
            prompt: STORY,
            maxRetries: 0,
            ...settings,
          }),
        )
      const failing = async (status, ...question) => {
        const error = await ask(...question)
        assert(APICallError.isInstance(error), String(error))
        assert.equal(error.statusCode, status)
        return error
      }
      await failing(401, 'demo-thinker', { apiKey: 'sk-wrong' })
      await failing(403, 'demo-writer', { apiKey: NARROW_KEY })
      const unknown = await failing(404, 'nope')
      assert.equal(unknown.data.error.code, 'model_not_found')
      const large = await failing(400, 'demo-thinker', {}, { seed: 2 ** 60 })
      assert.equal(large.data.error.param, 'seed')
      await failing(413, 'demo-thinker', {}, { prompt: 'x'.repeat(300_000) })
      await generateText({ model: connect({ apiKey: LIMITED_KEY })('demo-thinker'), prompt: STORY })
      const limited = await failing(429, 'demo-thinker', { apiKey: LIMITED_KEY })
      assert(Number(limited.responseHeaders['retry-after']) > 0 && limited.isRetryable)
      await failing(503, 'scripted', {}, { prompt: '@busy' })
      await failing(
        504,
        'scripted',
        { baseURL: BASE_URL_IMPATIENT },
        { prompt: '@silent-for-ever' },
      )
    },

    mid_stream_error: async () => {
      const errors = []
      const onError = ({ error }) => errors.push(error)
      const streamed = streamText({ ...scripted('@error-mid-stream'), onError })
      let text = ''
      for await (const part of streamed.stream) {
        if (part.type === 'text-delta') text += part.text
        if (part.type === 'error') errors.push(part.error)
      }
      assert.equal(text, 'This begins well')
      assert.equal(errors.length, 2)
      assert(
        errors.every((error) => StreamProviderError.isInstance(error)),
        String(errors[0]),
      )
      assert.equal(await streamed.finishReason, 'error')
    },

    abort: async () => {
      const leaving = new AbortController()
      const { signal: abortSignal } = leaving
      const streamed = streamText({ ...scripted('@endless-aborted'), abortSignal })
      let chunks = 0
      let wasAborted = false
      for await (const { type } of streamed.stream) {
        if (type === 'text-delta') chunks += 1
        if (chunks === 3) leaving.abort()
        if (type === 'abort') wasAborted = true
      }
      assert(wasAborted)
      assert.equal((await askControl('/released?mark=%40endless-aborted')).status, 200)
    },

    silence: async () => {
      assert.equal(await streamText(scripted('@silence')).text, 'Good things take time.')
    },

    retries: async () => {
      const streamed = streamText({ ...scripted('@crash-after-work-streamed'), onError: () => {} })
      await streamed.consumeStream()
      const inStream = await askControl('/generations?mark=%40crash-after-work-streamed')
      assert.equal(inStream.text, '1')
      await raised(generateText(scripted('@crash-after-work-whole')))
      const whole = await askControl('/generations?mark=%40crash-after-work-whole')
      if (whole.text === '3') throw new Cannot(RETRIES)
      assert.equal(whole.text, '1')
    },
  }
}

const RETRIES =
  'A stream is not run again; `generateText` sends every answer of 500 and more again, whatever `x-should-retry` says, until it is given `maxRetries: 0`.'

const shown = (way, scenario) =>
  typeof way === 'string'
    ? () => {
        throw new Cannot(way)
      }
    : scenario

/** The error that a call raises. */
const raised = async (promise) => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was raised')
}
