/** What becomes of tools, by hand and in the SDK's own loop. */
import assert from 'node:assert/strict'
import { generateText, isStepCount, streamText, tool } from 'ai'
import { z } from 'zod'
import { WEATHER_RESULT } from './say-verdicts.mjs'

const STORY = 'Tell me a story.'

export const toolsOf = ({ provider }) => {
  const model = provider.chat('demo-thinker')
  const scripted = (mark) => ({ model: provider.chat('scripted'), prompt: mark })

  /** The SDK's own loop: it calls what was asked for and goes on until there is an answer. */
  const inLisbon = () => {
    const asked = []
    const execute = ({ city }) => {
      asked.push(city)
      return JSON.parse(WEATHER_RESULT)
    }
    const options = { model, tools: weather({ execute }), stopWhen: isStepCount(3) }
    return { ...options, asked, prompt: 'What is the weather in Lisbon?' }
  }

  return {
    tools: async () => {
      const { asked, ...question } = inLisbon()
      const { text, steps } = await generateText(question)
      assert.deepEqual(asked, ['Lisbon'])
      assert.equal(steps[0].finishReason, 'tool-calls')
      assert.match(text, /22 °C/)
    },

    tools_streamed: async () => {
      const { asked, ...question } = inLisbon()
      const streamed = streamText(question)
      const kinds = new Set()
      for await (const { type } of streamed.stream) kinds.add(type)
      assert.deepEqual(asked, ['Lisbon'])
      assert(kinds.has('tool-input-start') && kinds.has('tool-call') && kinds.has('tool-result'))
      const last = (await streamed.steps).at(-1)
      assert.match(last.text, /22 °C/)
    },

    two_calls: async () => {
      const question = {
        model,
        tools: weather(),
        prompt: 'What is the weather in Lisbon and Oslo?',
      }
      for (const calls of [
        (await generateText(question)).toolCalls,
        await streamText(question).toolCalls,
      ]) {
        assert.deepEqual(
          calls.map(({ input }) => input.city),
          ['Lisbon', 'Oslo'],
        )
        assert.equal(new Set(calls.map(({ toolCallId: id }) => id)).size, 2)
      }
    },

    empty_arguments: async () => {
      const ping = tool({ inputSchema: z.object({}) })
      const question = { ...scripted('@empty-arguments'), tools: { ping } }
      assert.deepEqual((await generateText(question)).toolCalls[0].input, {})
      assert.deepEqual((await streamText(question).toolCalls)[0].input, {})
    },

    forced_tool: async () => {
      const question = { model, tools: weather(), toolChoice: 'required', prompt: STORY }
      for (const calls of [
        (await generateText(question)).toolCalls,
        await streamText(question).toolCalls,
      ]) {
        assert.equal(calls[0].toolName, 'get_weather')
        assert.equal(typeof calls[0].input.city, 'string')
      }
    },
  }
}

/** A tool that is called by the SDK, or by hand when it does not execute. */
const weather = (options = {}) => ({
  get_weather: tool({
    description: 'Current weather for a city',
    inputSchema: z.object({ city: z.string() }),
    ...options,
  }),
})
