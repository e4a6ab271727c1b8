/** What goes wrong, ends early, or takes its time. */
import assert from 'node:assert/strict'
import { APICallError, generateText, StreamProviderError, streamText } from 'ai'
import { askControl, Cannot, raised } from './say-verdicts.mjs'

const { BASE_URL_IMPATIENT, LIMITED_KEY, NARROW_KEY } = process.env

const STORY = 'Tell me a story.'

const RETRIES =
  'A stream is not run again; `generateText` sends every answer of 500 and more again, whatever `x-should-retry` says, until it is given `maxRetries: 0`.'

export const failuresOf = ({ connect, provider }) => {
  const scripted = (mark) => ({ model: provider.chat('scripted'), prompt: mark })

  return {
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
