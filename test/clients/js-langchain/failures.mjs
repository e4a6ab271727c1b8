/** What goes wrong, ends early, or takes its time. */
import assert from 'node:assert/strict'
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai'
import { chat, gathered, scripted, STORY } from './models.mjs'
import { askControl, Cannot, raised } from './say-verdicts.mjs'

const { BASE_URL_IMPATIENT, LIMITED_KEY, NARROW_KEY } = process.env

const RETRIES =
  'A stream is not run again; `invoke` sends every answer of 500 and more again, up to six times whatever `x-should-retry` says, until it is given `maxRetries: 0`.'

/** What a model raises without retries, held against its type and status. */
const failing = async (type, status, model, options, question = STORY) => {
  const error = await raised(chat(model, { maxRetries: 0, ...options }).invoke(question))
  assert(error instanceof type, String(error))
  assert.equal(error.status, status)
  return error
}

export const failures = {
  errors: async () => {
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
}
