/** The demo models: what they say, and that they say it as a real Ollama would. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createDemoScript, DEMO_MODELS } from '../../src/demo/demo-models.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createStandIn, type StandIn } from '../../src/demo/stand-in.ts'
import { askNative, linesOf, type NativeAnswer } from '../support/native-chat.ts'
import { recording } from '../support/recordings.ts'

let ollama: StandIn

beforeAll(async () => {
  ollama = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(0) })
})
afterAll(() => ollama.close())

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather for a city',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
        days: { type: 'integer' },
      },
      required: ['city'],
    },
  },
}

const say = (model: string, content: string, more: object = {}): Promise<NativeAnswer> =>
  askNative(ollama.url, { model, messages: [{ role: 'user', content }], ...more })

describe('thinks', () => {
  test('unless told not to', async () => {
    expect((await say('demo-thinker', 'Hello')).thinking).toContain('“Hello”')
    expect((await say('demo-thinker', 'Hello', { think: true })).thinking).not.toBe('')
    expect((await say('demo-thinker', 'Hello', { think: false })).thinking).toBe('')
  })

  test('the longer the harder', async () => {
    const [low, medium, high] = await Promise.all(
      ['low', 'medium', 'high'].map((think) => say('demo-thinker', 'Hello', { think })),
    )
    expect(low?.thinking.length).toBeLessThan(medium?.thinking.length ?? 0)
    expect(medium?.thinking.length).toBeLessThan(high?.thinking.length ?? 0)
  })

  test('of what the system message says', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]
    const { thinking } = await askNative(ollama.url, { model: 'demo-thinker', messages })
    expect(thinking).toContain('Be brief.')
  })

  test('only if it can', async () => {
    expect((await say('demo-writer', 'Hello')).thinking).toBe('')
    const { status, last } = await say('demo-writer', 'Hello', { think: true })
    expect(status).toBe(400)
    expect(last.error).toBe('"demo-writer" does not support thinking')
  })
})

describe('answers', () => {
  test('the same request with the same words', async () => {
    const [one, other] = await Promise.all([
      say('demo-thinker', 'What is love?'),
      say('demo-thinker', 'What is love?'),
    ])
    expect(one.content).toContain('What is love?')
    expect({ ...one.last, created_at: '' }).toEqual({ ...other.last, created_at: '' })
    expect(one.content).toBe(other.content)
  })

  test.each(['a  b\n\n c ', 'Zürich 東京 🎉🎉🎉🎉🎉🎉🎉🎉🎉', '<b>&\u2028</b>', 'x'.repeat(100)])(
    'what it is told to say, to the letter: %j',
    async (text) => {
      expect((await say('demo-writer', `Say exactly: ${text}`)).content).toBe(text)
    },
  )

  test('counts', async () => {
    expect((await say('demo-writer', 'Please count to 5')).content).toBe('1, 2, 3, 4, 5.')
  })
})

describe('calls', () => {
  test.each([
    ['What is the weather in Lisbon?', [{ city: 'Lisbon' }]],
    ['Is the weather in New York nice?', [{ city: 'New York' }]],
    ['Compare the weather in Paris and Zürich.', [{ city: 'Paris' }, { city: 'Zürich' }]],
    ['Weather in Oslo in celsius, 3 days', [{ city: 'Oslo', unit: 'celsius', days: 3 }]],
    ['Use the tool.', [{ city: 'Lisbon' }]],
    ['Tell me a story.', []],
  ])('the offered tool when the question wants it: %s', async (question, calls) => {
    const answer = await say('demo-thinker', question, { tools: [WEATHER] })
    expect(answer.calls).toEqual(calls.map((args) => ({ name: 'get_weather', arguments: args })))
    expect(answer.last).toMatchObject({ done: true, done_reason: 'stop' })
  })

  test('after a word if it thinks, else without one', async () => {
    const question = 'Weather in Rome?'
    expect((await say('demo-thinker', question, { tools: [WEATHER] })).content).toContain('Rome')
    expect((await say('demo-vision', question, { tools: [WEATHER] })).content).toBe('')
  })

  test('with an id of its own for each', async () => {
    const { lines } = await say('demo-thinker', 'Weather in Paris and Rome', { tools: [WEATHER] })
    const ids = lines.flatMap(({ message }) => message?.tool_calls ?? []).map(({ id }) => id)
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(2)
    for (const id of ids) expect(id).toMatch(/^call_[a-z0-9]{8}$/)
  })

  test('no tool twice: a result is passed on', async () => {
    const messages = [
      { role: 'user', content: 'Weather in Oslo?' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'a', function: { name: 'get_weather', arguments: { city: 'Oslo' } } }],
      },
      { role: 'tool', tool_name: 'get_weather', tool_call_id: 'a', content: '{"sky":"clear"}' },
    ]
    const answer = await askNative(ollama.url, {
      model: 'demo-thinker',
      messages,
      tools: [WEATHER],
    })
    expect(answer.calls).toEqual([])
    expect(answer.content).toBe('Here is what get_weather says: sky clear.')
  })

  test('none if it cannot', async () => {
    const { status, last } = await say('demo-writer', 'Weather?', { tools: [WEATHER] })
    expect(status).toBe(400)
    expect(last.error).toBe('registry.ollama.ai/library/demo-writer:latest does not support tools')
  })
})

describe('sees', () => {
  const PIXEL =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const messages = [{ role: 'user', content: 'What is this?', images: [PIXEL] }]

  test("a picture's type and size", async () => {
    const answer = await askNative(ollama.url, { model: 'demo-vision', messages })
    expect(answer.content).toBe('I see a PNG picture, 1 by 1 pixels.')
    expect(answer.last.prompt_eval_count).toBeGreaterThan(768)
  })

  test('nothing if it cannot: an error of the runner, as recorded', async () => {
    const { status, last } = await askNative(ollama.url, { model: 'demo-writer', messages })
    const recorded = linesOf(recording('chat/generic-think/bad-status').bytes.toString('utf8'))
    expect(status).toBe(500)
    expect(last.error).toBe(recorded[0]?.error)
  })
})

describe('follows', () => {
  test.each(DEMO_MODELS.map(({ name }) => name))('a schema: %s', async (name) => {
    const format = {
      type: 'object',
      properties: { city: { type: 'string' }, warm: { type: 'boolean' } },
      required: ['city', 'warm'],
      additionalProperties: false,
    }
    const { content } = await say(name, 'Is it warm in Faro?', { format })
    expect(JSON.parse(content)).toEqual({ city: 'Faro', warm: true })
  })

  test('the wish for any JSON', async () => {
    const { content } = await say('demo-thinker', 'Hello', { format: 'json' })
    expect(z.looseObject({}).parse(JSON.parse(content))).toHaveProperty('answer')
  })
})

describe('heeds', () => {
  test('num_predict', async () => {
    const { last, lines } = await say('demo-writer', 'A story', { options: { num_predict: 3 } })
    expect(last).toMatchObject({ done_reason: 'length', eval_count: 3 })
    expect(lines).toHaveLength(4)
  })

  test('num_predict in the middle of a call: the call is never said', async () => {
    const options = { num_predict: 3 }
    const { calls, last } = await say('demo-vision', 'Weather?', { tools: [WEATHER], options })
    expect(calls).toEqual([])
    expect(last.done_reason).toBe('length')
  })

  test('stop strings, the first of them', async () => {
    const { content, last } = await say('demo-writer', 'count to 30', {
      options: { stop: ['20', '7'] },
    })
    expect(content).toBe('1, 2, 3, 4, 5, 6, ')
    expect(last.done_reason).toBe('stop')
  })

  test('the window, when nothing may be cut', async () => {
    const long = 'word '.repeat(9000)
    const { status, last } = await say('demo-writer', long, { truncate: false })
    expect(status).toBe(400)
    expect(last.error).toContain('"n_ctx":8192')
    expect((await say('demo-writer', long)).status).toBe(200)
    const small = { truncate: false, options: { num_ctx: 4 } }
    expect((await say('demo-writer', 'Hello', small)).last.error).toContain('"n_ctx":4')
  })
})

describe('speaks in the shapes of the recordings', () => {
  /** The keys of a value, in order, and of what is in it. */
  const shapeOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
    if (typeof value !== 'object' || value === null) return typeof value
    return Object.entries(value).map(([key, inner]) =>
      key === 'arguments' ? [key] : [key, shapeOf(inner)],
    )
  }
  const shapes = (text: string): ReadonlySet<string> =>
    new Set(
      text
        .split('\n')
        .filter((one) => one !== '')
        .map((one) => JSON.stringify(shapeOf(JSON.parse(one)))),
    )

  test.each<[string, { prompt?: string; model?: string; [field: string]: unknown }]>([
    ['chat/plain/hello', {}],
    ['chat/qwen-think/think-text', { model: 'demo-thinker' }],
    [
      'chat/generic-tools/call-bigint',
      { model: 'demo-vision', prompt: 'Weather in Rome', tools: [WEATHER] },
    ],
    [
      'chat/generic-think/think-text-call',
      { model: 'demo-thinker', prompt: 'Weather in Rome', tools: [WEATHER] },
    ],
    ['chat/generic-think/logprobs', { logprobs: true, top_logprobs: 2 }],
    [
      'chat/generic-think/one-shot',
      {
        model: 'demo-thinker',
        prompt: 'Weather in Rome',
        tools: [WEATHER],
        stream: false,
      },
    ],
    ['chat/generic-think/load', { messages: [] }],
  ])('%s', async (name, { prompt = 'Hello', ...more }) => {
    const { bytes, response } = recording(name)
    const answer = await say('demo-writer', prompt, more)
    expect(answer.headers['content-type']).toBe(response.contentType)
    expect([...shapes(answer.body)]).toEqual([...shapes(bytes.toString('utf8'))])
  })
})

test('takes its time at a human pace', async () => {
  const steps = createDemoScript(1)({
    body: { model: 'm', messages: [{ role: 'user', content: 'Hello' }] },
    name: 'm',
    model: createModel({ name: 'm:latest' }),
  })
  const pauses: number[] = []
  for await (const step of steps) if ('pause' in step) pauses.push(step.pause)
  const [reading, ...tokens] = pauses
  expect(reading).toBeGreaterThan(100)
  expect(tokens.length).toBeGreaterThan(20)
  expect(Math.min(...tokens)).toBeGreaterThanOrEqual(30)
  expect(Math.max(...tokens)).toBeLessThanOrEqual(60)
})
