/** What the scenarios ask, and with which client. */
import OpenAI from 'openai'

const { API_KEY, BASE_URL } = process.env
export const connect = (options = {}) =>
  new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, ...options })
export const client = connect()
export const { completions } = client.chat

export const user = (content) => [{ role: 'user', content }]
export const STORY = { model: 'demo-thinker', messages: user('Tell me a story.') }
export const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather for a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
  },
}
export const IN_LISBON = {
  model: 'demo-thinker',
  messages: user('What is the weather in Lisbon?'),
  tools: [WEATHER],
}
export const IN_BOTH = { ...IN_LISBON, messages: user('What is the weather in Lisbon and Oslo?') }
export const scripted = (mark) => ({ model: 'scripted', messages: user(mark) })
