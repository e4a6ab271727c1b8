/** What goes wrong, ends early, or takes its time. */
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { completions, connect, scripted, STORY, user } from './requests.mjs'
import { askControl, raised } from './say-verdicts.mjs'

const { BASE_URL_IMPATIENT, LIMITED_KEY, NARROW_KEY } = process.env

export const failures = {
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
}
