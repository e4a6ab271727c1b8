/** What becomes of tools. */
import assert from 'node:assert/strict'
import { HumanMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { z } from 'zod'
import { bothWays, gathered, scripted, STORY, thinker } from './models.mjs'
import { WEATHER_RESULT } from './say-verdicts.mjs'

const IN_BOTH = 'What is the weather in Lisbon and Oslo?'

const getWeather = tool(() => WEATHER_RESULT, {
  name: 'get_weather',
  description: 'Current weather for a city',
  schema: z.object({ city: z.string() }),
})

export const tools = {
  tools: () => roundTrip((model, messages) => model.invoke(messages)),

  tools_streamed: () => roundTrip((model, messages) => gathered(model.stream(messages))),

  two_calls: async () => {
    for (const { tool_calls: calls } of await bothWays(thinker.bindTools([getWeather]), IN_BOTH)) {
      assert.deepEqual(
        calls.map(({ args }) => args),
        [{ city: 'Lisbon' }, { city: 'Oslo' }],
      )
      assert.equal(new Set(calls.map(({ id }) => id)).size, 2)
    }
  },

  empty_arguments: async () => {
    const ping = tool(() => 'pong', { name: 'ping', description: 'Pings', schema: z.object({}) })
    const model = scripted.bindTools([ping])
    for (const { tool_calls: calls } of await bothWays(model, '@empty-arguments')) {
      assert.deepEqual(calls[0].args, {})
    }
  },

  forced_tool: async () => {
    const model = thinker.bindTools([getWeather], { tool_choice: 'required' })
    for (const { tool_calls: calls } of await bothWays(model, STORY)) {
      assert.equal(calls[0].name, 'get_weather')
      assert.equal(typeof calls[0].args.city, 'string')
    }
  },
}

/** A call, its result, the answer. */
async function roundTrip(ask) {
  const model = thinker.bindTools([getWeather])
  const messages = [new HumanMessage('What is the weather in Lisbon?')]
  const asking = await ask(model, messages)
  const [call, ...others] = asking.tool_calls
  assert.deepEqual(call.args, { city: 'Lisbon' })
  assert.equal(others.length, 0)
  const answer = await ask(model, [...messages, asking, await getWeather.invoke(call)])
  assert.match(answer.text, /22 °C/)
}
