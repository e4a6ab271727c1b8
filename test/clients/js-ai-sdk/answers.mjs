/** What answers hold. */
import assert from 'node:assert/strict'
import { embedMany, generateText, Output, streamText } from 'ai'
import { z } from 'zod'
import { Cannot, PICTURE, UNICODE } from './say-verdicts.mjs'

const STORY = 'Tell me a story.'

export const answersOf = ({ provider, shows }) => {
  const model = provider.chat('demo-thinker')
  const scripted = (mark) => ({ model: provider.chat('scripted'), prompt: mark })

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
      return 'It asks for floats, and has no setting for base64.'
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
  }
}

const shown = (way, scenario) =>
  typeof way === 'string'
    ? () => {
        throw new Cannot(way)
      }
    : scenario
