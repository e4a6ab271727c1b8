/** What answers hold. */
import assert from 'node:assert/strict'
import { HumanMessage } from '@langchain/core/messages'
import { OpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { z } from 'zod'
import {
  API_KEY,
  bothWays,
  chat,
  configuration,
  gathered,
  scripted,
  STORY,
  thinker,
} from './models.mjs'
import { Cannot, PICTURE, UNICODE } from './say-verdicts.mjs'

const embeddings = (options = {}) =>
  new OpenAIEmbeddings({ model: 'demo-embed', apiKey: API_KEY, configuration, ...options })

export const answers = {
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
    return 'Streamed, only its callbacks hear of which choice a piece is.'
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
}
