/** The models that the scenarios ask, and how. */
import { ChatOpenAI } from '@langchain/openai'

export const { API_KEY, BASE_URL } = process.env
export const configuration = { baseURL: BASE_URL }
export const chat = (model, options = {}) =>
  new ChatOpenAI({ model, apiKey: API_KEY, configuration, ...options })
export const thinker = chat('demo-thinker')
export const scripted = chat('scripted')

export const STORY = 'Tell me a story.'

/** A streamed answer put together again, as LangChain does it. */
export const gathered = async (streaming) => {
  let whole
  for await (const chunk of await streaming) whole = whole?.concat(chunk) ?? chunk
  return whole
}

/** Both ways to ask. */
export const bothWays = async (model, question) => [
  await model.invoke(question),
  await gathered(model.stream(question)),
]
