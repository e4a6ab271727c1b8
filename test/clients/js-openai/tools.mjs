/** What becomes of tools, by hand and in the package's own loop. */
import assert from 'node:assert/strict'
import { zodFunction } from 'openai/helpers/zod'
import { z } from 'zod'
import { completions, IN_BOTH, IN_LISBON, scripted, STORY, WEATHER } from './requests.mjs'
import { WEATHER_RESULT } from './say-verdicts.mjs'

export const tools = {
  tools: async () => {
    const { choices } = await completions.create(IN_LISBON)
    const [{ message, finish_reason: reason }] = choices
    assert.equal(reason, 'tool_calls')
    const [call, ...others] = message.tool_calls
    assert.equal(others.length, 0)
    assert.deepEqual(argumentsOf(call), { city: 'Lisbon' })
    const messages = [...IN_LISBON.messages, message, result(call)]
    const answer = await completions.create({ ...IN_LISBON, messages })
    assert.match(answer.choices[0].message.content, /22 °C/)
    await runTools({ stream: false })
  },

  tools_streamed: async () => {
    const stream = completions.stream(IN_LISBON)
    const [{ message, finish_reason: reason }] = (await stream.finalChatCompletion()).choices
    assert.equal(reason, 'tool_calls')
    const [call] = message.tool_calls
    assert.deepEqual(argumentsOf(call), { city: 'Lisbon' })
    const messages = [...IN_LISBON.messages, message, result(call)]
    const answer = completions.stream({ ...IN_LISBON, messages })
    assert.match(await answer.finalContent(), /22 °C/)
    await runTools({ stream: true })
  },

  two_calls: async () => {
    const whole = await completions.create(IN_BOTH)
    holdTwo(whole.choices[0].message.tool_calls)
    const calls = []
    for await (const { choices } of await completions.create({ ...IN_BOTH, stream: true })) {
      for (const { index, id, function: part } of choices[0]?.delta.tool_calls ?? []) {
        calls[index] ??= { id, function: { arguments: '' } }
        calls[index].function.arguments += part.arguments ?? ''
      }
    }
    holdTwo(calls)
  },

  empty_arguments: async () => {
    const ping = zodFunction({ name: 'ping', parameters: z.object({}) })
    const question = { ...scripted('@empty-arguments'), tools: [ping] }
    const { choices } = await completions.parse(question)
    assert.deepEqual(choices[0].message.tool_calls[0].function.parsed_arguments, {})
    const streamed = await completions.stream(question).finalChatCompletion()
    assert.deepEqual(streamed.choices[0].message.tool_calls[0].function.parsed_arguments, {})
  },

  forced_tool: async () => {
    const question = { ...STORY, tools: [WEATHER], tool_choice: 'required' }
    const { choices } = await completions.create(question)
    assert.equal(choices[0].message.tool_calls[0].function.name, 'get_weather')
    assert.equal(typeof argumentsOf(choices[0].message.tool_calls[0]).city, 'string')
    const streamed = await completions.stream(question).finalChatCompletion()
    assert.equal(streamed.choices[0].message.tool_calls[0].function.name, 'get_weather')
  },
}

const result = ({ id }) => ({ role: 'tool', tool_call_id: id, content: WEATHER_RESULT })
const argumentsOf = (call) => JSON.parse(call.function.arguments)

/** The package's own loop: it calls what was asked for and goes on until there is an answer. */
async function runTools({ stream }) {
  const asked = []
  const getWeather = ({ city }) => {
    asked.push(city)
    return WEATHER_RESULT
  }
  const described = { ...WEATHER.function, function: getWeather, parse: JSON.parse }
  const question = { ...IN_LISBON, tools: [{ type: 'function', function: described }] }
  const runner = completions.runTools({ ...question, stream })
  assert.match(await runner.finalContent(), /22 °C/)
  assert.deepEqual(asked, ['Lisbon'])
}

function holdTwo(calls) {
  assert.deepEqual(calls.map(argumentsOf), [{ city: 'Lisbon' }, { city: 'Oslo' }])
  const ids = calls.map(({ id }) => id)
  assert.equal(new Set(ids).size, 2, ids.join())
  assert(ids.every((id) => typeof id === 'string' && id !== ''))
}
