/** What answers hold. */
import assert from 'node:assert/strict'
import { zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { client, completions, scripted, STORY, user } from './requests.mjs'
import { PICTURE, UNICODE } from './say-verdicts.mjs'

export const answers = {
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
}

const vectors = async (options) => {
  const { data } = await client.embeddings.create({ model: 'demo-embed', ...options })
  return data.map(({ embedding }) => embedding)
}
