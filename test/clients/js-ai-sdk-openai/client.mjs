/** The AI SDK with the provider for OpenAI itself, in chat mode, pointed elsewhere. */
import { createOpenAI } from '@ai-sdk/openai'
import { sayVerdicts } from './say-verdicts.mjs'
import { scenariosOf } from './scenarios.mjs'

const { API_KEY: apiKey, BASE_URL: baseURL } = process.env
const connect = (options) => createOpenAI({ apiKey, baseURL, ...options }).chat
const provider = createOpenAI({ apiKey, baseURL })

await sayVerdicts(
  scenariosOf({
    connect,
    provider,
    shows: {
      reasoning:
        'OpenAI tells no reasoning in chat completions, so this provider does not look for it.',
      logprobs: {
        options: { providerOptions: { openai: { logprobs: 2 } } },
        read: ({ openai }) => openai.logprobs,
      },
    },
  }),
)
