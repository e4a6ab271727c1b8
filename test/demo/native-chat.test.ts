/** What a wrong translation would send is refused, in Ollama's words where they were recorded. */
import { expect, test } from 'vitest'
import { checkChat } from '../../src/demo/native-chat.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'

const MODELS = [
  createModel({ name: 'm:latest' }),
  createModel({ name: 'able:latest', abilities: ['completion', 'tools', 'thinking'] }),
  createModel({ name: 'embed:latest', abilities: ['embedding'] }),
  createModel({ name: 'team/m:v1' }),
]

const user = { role: 'user', content: 'x' }
const tool = (parameters: object) => ({ type: 'function', function: { name: 'f', parameters } })
const called = (args: unknown) => ({
  role: 'assistant',
  content: '',
  tool_calls: [{ function: { name: 'f', arguments: args } }],
})
const OBJECT = "Value looks like object, but can't find closing '}' symbol"

test.each<[string, object, number, string]>([
  ['no model', { model: ' ' }, 400, 'model is required'],
  ['a bad name', { model: 'a//b' }, 400, 'invalid model name'],
  ['an unknown model', { model: 'x:1b' }, 404, "model 'x:1b' not found"],
  [
    'array content',
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] },
    400,
    'json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string',
  ],
  ['string arguments', { messages: [called('{"a":1}')] }, 400, OBJECT],
  ['array arguments', { messages: [called([])] }, 400, OBJECT],
  [
    'a data URL',
    { messages: [{ ...user, images: ['data:image/png;base64,AAAA'] }] },
    400,
    'illegal base64 data at input byte 4',
  ],
  [
    'base64url',
    { messages: [{ ...user, images: ['AA-_'] }] },
    400,
    'illegal base64 data at input byte 2',
  ],
  [
    'unpadded base64',
    { messages: [{ ...user, images: ['AAA'] }] },
    400,
    'illegal base64 data at input byte 3',
  ],
  [
    'stream as text',
    { stream: 'yes' },
    400,
    'json: cannot unmarshal string into Go struct field ChatRequest.stream of type bool',
  ],
  [
    'think as a number',
    { think: 1 },
    400,
    'think must be a boolean or string ("high", "medium", "low", "max", true, or false)',
  ],
  ['think where there is none', { think: 'low' }, 400, '"m" does not support thinking'],
  [
    'tools where there are none',
    { model: 'team/M:v1', tools: [tool({})] },
    400,
    'registry.ollama.ai/team/M:v1 does not support tools',
  ],
  ['a chat with an embedder', { model: 'embed' }, 400, '"embed" does not support chat'],
  [
    'a list of types for parameters',
    { model: 'able', tools: [tool({ type: ['object'] })] },
    400,
    'json: cannot unmarshal array into Go struct field ChatRequest.tools.function.parameters.type of type string',
  ],
  ['keep_alive without a unit', { keep_alive: '-1' }, 400, 'time: missing unit in duration "-1"'],
  ['keep_alive as a boolean', { keep_alive: true }, 400, 'Unsupported type: true'],
  ['a bare stop', { options: { stop: 'x' } }, 500, 'option "stop" must be of type array'],
  [
    'stops of numbers',
    { options: { stop: [1] } },
    500,
    'option "stop" must be of type an array of strings',
  ],
  ['top_logprobs below 0', { top_logprobs: -1 }, 400, 'top_logprobs must be between 0 and 20'],
  [
    'a format that is none',
    { format: [] },
    500,
    'invalid format: "[]"; expected "json" or a valid JSON Schema object',
  ],
])('%s', (_, wrong, status, error) => {
  const body = JSON.stringify({ model: 'm', messages: [user], ...wrong })
  expect(checkChat(body, MODELS)).toMatchObject({ error: { status, body: { error } } })
})

test.each<[string, object]>([
  ['null for what may be absent', { tools: null, options: null, think: null, keep_alive: null }],
  ['think: false where there is no thinking', { think: false }],
  ['unknown fields and roles', { surprise: 1, messages: [{ role: 'developer', content: null }] }],
  ['unknown and null options', { options: { mirostat: 'x', seed: null, num_predict: 1.5 } }],
  ['durations', { keep_alive: '1h30m' }],
  ['a number of seconds', { keep_alive: -1 }],
  ['zero', { keep_alive: '0' }],
  ['a name with its tag in another case', { model: 'M:Latest' }],
  [
    'object arguments and a result',
    { messages: [called({ a: 1 }), { role: 'tool', content: '' }] },
  ],
  ['two pads of base64', { messages: [{ ...user, images: ['AA==', 'AAA='] }] }],
  ['a recursive tool', { model: 'able', tools: [tool({ properties: { a: { anyOf: [{}] } } })] }],
])('accepts %s', (_, right) => {
  const body = JSON.stringify({ model: 'm', messages: [user], ...right })
  expect(checkChat(body, MODELS)).toHaveProperty('model')
})

const empty = (more: object) =>
  checkChat(JSON.stringify({ model: 'm', messages: [], ...more }), MODELS)

test('loads without messages, and unloads with keep_alive 0', () => {
  expect(empty({})).toMatchObject({ error: { status: 200, body: { done_reason: 'load' } } })
  expect(empty({ keep_alive: 0 })).toMatchObject({
    error: { status: 200, body: { done_reason: 'unload' } },
  })
})
