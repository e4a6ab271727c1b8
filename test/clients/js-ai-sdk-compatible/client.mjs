/** The AI SDK with the provider for whatever speaks as OpenAI does. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { sayVerdicts } from './say-verdicts.mjs'
import { scenariosOf } from './scenarios.mjs'

const { API_KEY: apiKey, BASE_URL: baseURL } = process.env
const create = (options = {}) =>
  createOpenAICompatible({
    name: 'tolk',
    apiKey,
    baseURL,
    includeUsage: true,
    supportsStructuredOutputs: true,
    ...options,
  })
const { chatModel: chat, completionModel: completion, embeddingModel: embedding } = create()

await sayVerdicts(
  scenariosOf({
    connect: (options) => create(options).chatModel,
    provider: { chat, completion, embedding },
    shows: {
      reasoning: {},
      logprobs: 'This provider neither asks for log probabilities nor shows them.',
    },
  }),
)
