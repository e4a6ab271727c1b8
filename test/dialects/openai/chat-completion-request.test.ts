import { describe, expect, test } from 'vitest'
import { decodeChatCompletionRequest } from '../../../src/dialects/openai/chat-completion-request.ts'
import {
  accepted,
  faultOf,
  GENEROUS,
  LENIENT,
  refused,
  requestOf,
  STRICT,
  TRUSTING,
} from '../../support/chat-body.ts'

describe('a chat completion request', () => {
  test('asks for nothing that the client did not ask for', () => {
    expect(accepted({})).toEqual({
      request: {
        model: 'native',
        messages: [{ role: 'user', text: 'Hello', media: [] }],
        tools: [],
        maxCalls: Number.POSITIVE_INFINITY,
        sampling: {},
      },
      stream: false,
      includeUsage: false,
      choices: 1,
      usedCallIds: new Set(),
      ignored: [],
    })
  })

  test('takes null for absent in every field that it knows but model and messages', () => {
    const nulls = Object.fromEntries(
      (
        'stream stream_options n logprobs top_logprobs keep_alive max_completion_tokens max_tokens ' +
        'temperature top_p top_k min_p repeat_penalty frequency_penalty presence_penalty seed stop options ' +
        'num_ctx reasoning_effort reasoning think thinking chat_template_kwargs reasoning_field ' +
        'include_reasoning response_format format tools functions tool_choice function_call ' +
        'parallel_tool_calls user metadata store service_tier safety_identifier prompt_cache_key ' +
        'prompt_cache_retention verbosity logit_bias prediction modalities audio web_search_options'
      )
        .split(' ')
        .map((name) => [name, null]),
    )
    expect(accepted(nulls)).toEqual(accepted({}))
    expect(accepted(nulls, STRICT)).toEqual(accepted({}))
  })

  test.each([
    ['[]', 'invalid_type', null],
    ['5', 'invalid_type', null],
    ['null', 'invalid_type', null],
    ['"hello"', 'invalid_type', null],
    ['{"model":null}', 'invalid_type', 'model'],
    ['{"model":""}', 'invalid_value', 'model'],
    ['{"model":"  "}', 'invalid_value', 'model'],
    ['{"model":["m"]}', 'invalid_type', 'model'],
    ['{"messages":[]}', 'invalid_value', 'messages'],
    ['{"messages":{}}', 'invalid_type', 'messages'],
    ['{"messages":null}', 'invalid_type', 'messages'],
    ['{"stream":"true"}', 'invalid_type', 'stream'],
    ['{"stream":1}', 'invalid_type', 'stream'],
    ['{"stream_options":true}', 'invalid_type', 'stream_options'],
    ['{"stream_options":{"include_usage":1}}', 'invalid_type', 'stream_options.include_usage'],
    ['{"n":0}', 'invalid_value', 'n'],
    ['{"n":1.5}', 'invalid_type', 'n'],
    ['{"n":2}', 'invalid_value', 'n'],
    ['{"logprobs":5}', 'invalid_type', 'logprobs'],
    ['{"logprobs":true,"top_logprobs":21}', 'invalid_value', 'top_logprobs'],
    ['{"logprobs":true,"top_logprobs":-1}', 'invalid_value', 'top_logprobs'],
    ['{"logprobs":false,"top_logprobs":2}', 'invalid_value', 'top_logprobs'],
    ['{"top_logprobs":2}', 'invalid_value', 'top_logprobs'],
  ])('refuses %s as %s, naming %s', (wire, code, param) => {
    expect(faultOf(wire)).toEqual([code, param])
  })

  test.each(['model', 'messages'])('misses %s where it is not there', (name) => {
    const { [name]: _gone, ...rest }: Record<string, unknown> = {
      model: 'native',
      messages: [{ role: 'user', content: 'Hello' }],
    }
    expect(() => decodeChatCompletionRequest(rest, LENIENT)).toThrow(
      expect.objectContaining({
        failure: {
          kind: 'invalid-request',
          message: `Missing required parameter: '${name}'.`,
          param: name,
          code: 'missing_required_parameter',
        },
      }),
    )
  })

  test('never says "Invalid input", and names what it found', () => {
    expect(refused({ temperature: '0' })).toEqual({
      kind: 'invalid-request',
      message: "Invalid type for 'temperature': expected a number, but got a string instead.",
      param: 'temperature',
      code: 'invalid_type',
    })
  })

  test('tells how the answer is wanted', () => {
    expect(accepted({ stream: true, stream_options: { include_usage: true } })).toMatchObject({
      stream: true,
      includeUsage: true,
    })
    expect(accepted({ stream: true, stream_options: {} })).toMatchObject({ includeUsage: false })
  })

  test('takes stream_options beside an answer that is not streamed', () => {
    expect(accepted({ stream_options: { include_usage: true } })).toMatchObject({
      stream: false,
      includeUsage: true,
    })
  })

  test.each([
    [{ logprobs: true }, { top: 0 }],
    [{ logprobs: true, top_logprobs: 0 }, { top: 0 }],
    [{ logprobs: true, top_logprobs: 20 }, { top: 20 }],
    [{ logprobs: false, top_logprobs: 0 }, undefined],
    [{ logprobs: false }, undefined],
  ])('reads %j as log probabilities %j', (fields, logprobs) => {
    expect(requestOf(fields).logprobs).toEqual(logprobs)
  })

  test('takes one choice', () => {
    expect(requestOf({ n: 1 })).toEqual(requestOf({}))
  })

  test.each([
    [{}, 1],
    [{ n: null }, 1],
    [{ n: 1 }, 1],
    [{ n: 2 }, 2],
    [{ n: 4 }, 4],
  ])('reads %j as %i choices, which are no part of what a model is asked', (fields, choices) => {
    const { choices: read, request } = accepted(fields, GENEROUS)
    expect(read).toBe(choices)
    expect(request).toEqual(requestOf({}))
  })

  test('refuses more choices than the operator gives, and says how many that are', () => {
    expect(refused({ n: 5 }, GENEROUS)).toMatchObject({
      kind: 'invalid-request',
      param: 'n',
      code: 'invalid_value',
      message: expect.stringContaining('at most 4'),
    })
  })

  test('keeps the digits of what it passes on', () => {
    const schema = '{"type":"object","const":12345678901234567890}'
    const tool = `{"type":"function","function":{"name":"f","parameters":${schema}}}`
    expect(JSON.stringify(requestOf(`{"format":${schema}}`).format)).toBe(schema)
    const { tools } = requestOf(`{"tools":[${tool}]}`)
    expect(JSON.stringify(tools[0]?.parameters)).toBe(schema)
  })

  test.each([
    [{ reasoning_effort: 'high' }, { effort: 'reasoning_effort' }],
    [{ reasoning: { effort: 'high' } }, { effort: 'reasoning.effort' }],
    [{ reasoning: { enabled: true } }, { effort: 'reasoning.enabled' }],
    [{ think: true }, { effort: 'think' }],
    [{ thinking: { type: 'enabled' } }, { effort: 'thinking' }],
    [
      { chat_template_kwargs: { enable_thinking: true } },
      { effort: 'chat_template_kwargs.enable_thinking' },
    ],
    [{ num_ctx: 4096, options: { num_ctx: 8192 } }, { numCtx: 'num_ctx' }],
    [
      { options: { num_ctx: 4096 }, think: 'low' },
      { effort: 'think', numCtx: 'options.num_ctx' },
    ],
    [{ temperature: 1 }, undefined],
  ])('remembers how %j was asked for: %j', (fields, askedAs) => {
    expect(requestOf(fields, TRUSTING).askedAs).toEqual(askedAs)
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'is not swayed by a key called %s',
    (key) => {
      const trap = `{"${key}":{"polluted":true}}`
      const wire = `{"${key}":{"polluted":true},"options":${trap},"reasoning":${trap},"format":${trap},
        "messages":[{"role":"assistant","content":"","${key}":{"polluted":true},
          "tool_calls":[{"id":"${key}","function":{"name":"${key}","arguments":${trap}}}]},
          {"role":"tool","content":"x","tool_call_id":"${key}"}]}`
      const { request } = accepted(wire, TRUSTING)
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
      expect(request.messages.at(-1)).toMatchObject({ callId: key, name: key })
      expect(request.sampling).toEqual({})
      expect(request.effort).toBeUndefined()
    },
  )
})

const user = { role: 'user', content: 'Weather?' }
const call = {
  id: 'call_1',
  type: 'function',
  function: { name: 'weather', arguments: '{"city":"Oslo"}' },
}
const answer = { role: 'tool', tool_call_id: 'call_1', content: '3 °C' }

/** Bodies in the shape that these clients send, their habits included. */
describe('nothing is held against', () => {
  test.each<[client: string, fields: object, ignored: readonly string[]]>([
    [
      "openai's JavaScript, which is given its own answer again",
      {
        messages: [
          { role: 'developer', content: 'Be brief' },
          user,
          {
            role: 'assistant',
            content: null,
            refusal: null,
            annotations: [],
            audio: null,
            function_call: null,
            reasoning_content: 'Oslo.',
            tool_calls: [{ ...call, index: 0, custom: null }],
          },
          answer,
        ],
        stream: true,
        stream_options: { include_usage: true, include_obfuscation: false },
        store: false,
        n: 1,
        service_tier: 'auto',
        parallel_tool_calls: true,
        prompt_cache_key: 'a',
      },
      [],
    ],
    [
      "openai's Python with extra_body, which arrives at the top",
      {
        extra: { a: 1 },
        top_k: 20,
        min_p: 0.05,
        think: false,
        keep_alive: '10m',
        options: { repeat_last_n: 64 },
        temperature: 0.699999988079071044921875,
      },
      ['extra'],
    ],
    [
      'LangChain',
      {
        messages: [
          { role: 'system', content: 'Be brief' },
          { role: 'user', name: 'Ann', content: [{ type: 'text', text: 'Weather?' }] },
          { role: 'assistant', content: '', tool_calls: [call] },
          { ...answer, content: [{ type: 'text', text: '3 °C' }] },
        ],
        n: 1,
        temperature: 0.7,
        max_completion_tokens: 256,
        frequency_penalty: 0,
        presence_penalty: 0,
        logit_bias: {},
        logprobs: false,
        tool_choice: 'auto',
        stop: null,
      },
      [],
    ],
    [
      "Vercel's AI SDK, which sends reasoning again",
      {
        messages: [
          user,
          { role: 'assistant', content: '', reasoning_content: 'Oslo.', tool_calls: [call] },
          { role: 'tool', tool_call_id: 'call_1', content: '{"type":"text","value":"3 °C"}' },
        ],
        tools: [{ type: 'function', function: { name: 'weather', parameters: {}, strict: true } }],
        tool_choice: 'auto',
        reasoning_effort: 'medium',
        response_format: { type: 'text' },
        stream: true,
      },
      [],
    ],
    [
      'LiteLLM, which sends what other vendors understand',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Weather?', cache_control: { type: 'ephemeral' } },
              {
                type: 'image_url',
                image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' },
              },
            ],
          },
          {
            role: 'assistant',
            content: 'Cold',
            reasoning_content: 'Oslo.',
            thinking_blocks: [{ type: 'thinking', thinking: 'Oslo.', signature: 'x' }],
            provider_specific_fields: {},
          },
          user,
        ],
        thinking: { type: 'enabled', budget_tokens: 1024 },
        metadata: { trace: 'a' },
        user: 'ann',
      },
      ['thinking.budget_tokens'],
    ],
    [
      'Open WebUI',
      {
        stream: true,
        params: {},
        features: { web_search: false },
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'Hi' }],
      },
      ['params', 'features'],
    ],
    [
      'OpenRouter clients, which send reasoning_details again',
      {
        messages: [
          user,
          {
            role: 'assistant',
            content: 'Cold',
            reasoning: 'Oslo.',
            reasoning_details: [
              { type: 'reasoning.text', text: 'Oslo.', index: 0 },
              { type: 'reasoning.encrypted', data: 'x' },
            ],
          },
          user,
        ],
        reasoning: { effort: 'high', exclude: false },
        include_reasoning: true,
      },
      [],
    ],
  ])('%s', (_client, fields, ignored) => {
    expect(accepted(fields).ignored).toEqual(ignored)
  })
})
