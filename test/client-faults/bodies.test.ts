/** Bodies that are JSON and wrong all the same: refused by name or passed on unchanged, whoever wrote them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeChatRequest } from '../../src/dialects/ollama/chat-request.ts'
import { decodeChatCompletionRequest } from '../../src/dialects/openai/chat-completion-request.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { Failed, type Failure } from '../../src/failure.ts'
import { parseJson } from '../../src/wire/json.ts'
import { LENIENT, STRICT, TRUSTING } from '../support/chat-body.ts'
import { documentAt } from '../support/documents.ts'
import { refusalIn } from '../support/envelope.ts'
import { readAsOllama } from '../support/go-chat-request.ts'
import { keptConnection } from '../support/kept-connection.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, HELLO } from '../support/scripted-ollama.ts'
import { postOf } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama({ script: () => HELLO })
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 } })
  await tolk.catalog.started
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

let before = 0
beforeEach(() => {
  before = chats().length
})

const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat')

/** What the upstream was sent by this test. */
const sent = (): string => {
  const bodies = chats()
    .slice(before)
    .map(({ body }) => body)
  expect(bodies).toHaveLength(1)
  return bodies[0] ?? ''
}

/** Sends these very bytes. */
const post = async (body: string | Uint8Array) => {
  const response = await fetch(`${tolk.url}${CHAT}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : new Blob([Uint8Array.from(body)]),
    signal: AbortSignal.timeout(5000),
  })
  const text = await response.text()
  return { status: response.status, headers: Object.fromEntries(response.headers), body: text }
}

const saying = (content: string, rest = ''): string =>
  `{"model":"m","messages":[{"role":"user","content":${content}}]${rest}}`

const around = (bytes: readonly number[], padding: number): Uint8Array =>
  Buffer.concat([
    Buffer.from(`{"model":"m","messages":[{"role":"user","content":"${'é'.repeat(padding)}`),
    Buffer.from(bytes),
    Buffer.from('"}]}'),
  ])

describe('C-10 a body that is not UTF-8', () => {
  const BAD: readonly (readonly [what: string, bytes: readonly number[]])[] = [
    ['a continuation alone', [0x80]],
    ['a beginning alone', [0xc3]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL', [0xe0, 0x80, 0x80]],
    ['half a pair, encoded', [0xed, 0xa0, 0xbd]],
    ['both halves of a pair, each encoded', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['more than there is', [0xf4, 0x90, 0x80, 0x80]],
    ['no byte of it', [0xff, 0xfe]],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
  ]
  test.each(BAD)('is a 400, however long it is: %s', async (_, bytes) => {
    for (const padding of [0, 400_000]) {
      const answer = await post(around(bytes, padding))
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.body)).toMatchObject({
        error: { code: 'invalid_json', message: expect.stringContaining('not valid UTF-8') },
      })
    }
    expect(chats()).toHaveLength(before)
  })
})

describe('C-10 half of a surrogate pair', () => {
  const HALVES = [
    String.raw`\ud83d`,
    String.raw`\ude00`,
    String.raw`\ude00\ud83d`,
    String.raw`a\ud83db`,
  ]

  test.each(HALVES)('is passed on as the escape that it came as: %s', async (half) => {
    const answer = await post(
      `{"model":"m","messages":[{"role":"system","content":"${half}"},{"role":"user","content":[{"type":"text","text":"${half}"}]},
      {"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\\"a\\":\\"${half.replaceAll('\\', '\\\\')}\\"}"}}]},
      {"role":"tool","tool_call_id":"a","content":"${half}"}],
      "stop":["${half}"],"tools":[{"type":"function","function":{"name":"f","description":"${half}"}}]}`,
    )
    expect(answer.status).toBe(200)
    const body = sent()
    expect(body.split(half).length - 1).toBe(6)
    // Nobody put U+FFFD in its place.
    expect(body).not.toContain('\uFFFD')
  })

  test('in a name that nobody has is a 404 all the same', async () => {
    const answer = await post(saying('"Hi"').replace('"m"', String.raw`"\ud83d"`))
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'model_not_found' } })
  })

  test('a pair that is written as escapes is the character', async () => {
    expect((await post(saying(String.raw`"\ud83e\udd8a"`))).status).toBe(200)
    expect(JSON.parse(sent())).toMatchObject({ messages: [{ content: '🦊' }] })
  })
})

/** A request with all that a client may say, each of its right type. */
const FULL = {
  model: 'm',
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      name: 'u',
      content: [
        { type: 'text', text: 'Look' },
        {
          type: 'image_url',
          image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' },
        },
      ],
    },
    {
      role: 'assistant',
      content: 'I call',
      reasoning_content: 'why',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
    },
    { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'done' }] },
    { role: 'user', content: 'Go on' },
  ],
  stream: true,
  stream_options: { include_usage: true },
  n: 1,
  temperature: 0.5,
  top_p: 0.5,
  top_k: 5,
  min_p: 0.1,
  seed: 7,
  stop: ['a', 'b'],
  max_tokens: 5,
  max_completion_tokens: 5,
  frequency_penalty: 0.1,
  presence_penalty: 0.1,
  logprobs: true,
  top_logprobs: 2,
  reasoning_effort: 'high',
  keep_alive: '5m',
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [
    {
      type: 'function',
      function: {
        name: 'f',
        description: 'd',
        strict: true,
        parameters: { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] },
      },
    },
  ],
  response_format: { type: 'json_object' },
  options: { temperature: 0.5, num_ctx: 4096, stop: ['c'] },
  metadata: { a: 'b' },
  user: 'u',
}

type Path = readonly (string | number)[]

const pathsIn = (value: unknown, path: Path = []): readonly Path[] => {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Array.isArray(value)
    ? value.flatMap((each: unknown, at) => pathsIn(each, [...path, at]))
    : Object.entries(value).flatMap(([key, each]) => pathsIn(each, [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

const PATHS = pathsIn(FULL)

/** What stands in the place of something else; text is JSON as it is on the wire. */
const WRONG = [
  'null',
  'true',
  'false',
  '0',
  '1',
  '-1',
  '1.5',
  '-0',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  '12345678901234567890',
  '3000000000',
  '""',
  '"0"',
  '"true"',
  '"x"',
  '"\\ud83d"',
  '[]',
  '[null]',
  '[[]]',
  '["a"]',
  '[{}]',
  '{}',
  '{"a":1}',
  '{"type":"text"}',
  '{"__proto__":{"a":1}}',
  '{"length":-1}',
  '{"rawJSON":"1"}',
] as const

const HOLE = '\u0000'

/** @returns its JSON, with `wire` where the path leads. */
const withAt = (value: unknown, [step, ...rest]: Path, wire: string): string => {
  const put = (target: unknown, [key, ...deeper]: Path): unknown => {
    if (key === undefined) return HOLE
    if (Array.isArray(target))
      return target.map((each: unknown, at) => (at === key ? put(each, deeper) : each))
    return Object.fromEntries(
      Object.entries(Object(target)).map(([name, each]) => [
        name,
        name === key ? put(each, deeper) : each,
      ]),
    )
  }
  const path: Path = step === undefined ? [] : [step, ...rest]
  return JSON.stringify(put(value, path)).replace(JSON.stringify(HOLE), () => wire)
}

/** What becomes of a body: what Ollama is sent, or why it is not. Throws what would be a 500. */
const meet = (body: string, policy = LENIENT): string | Failure => {
  try {
    const { request } = decodeChatCompletionRequest(parseJson(body), policy)
    return encodeChatRequest(request, 'm', { overflow: 'error' })
  } catch (error) {
    if (error instanceof Failed) return error.failure
    throw error
  }
}

const paramOf = (path: Path): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1)

describe('C-12 a value of the wrong type', () => {
  test.each<[fields: object, param: string]>([
    [{ stream: 'true' }, 'stream'],
    [{ stream: 1 }, 'stream'],
    [{ temperature: '0' }, 'temperature'],
    [{ messages: {} }, 'messages'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: {} }] }] },
      'messages[0].content[0].text',
    ],
    [{ tools: [{ type: 'function', function: { name: 5 } }] }, 'tools[0].function.name'],
    [{ stop: ['a', 5] }, 'stop[1]'],
    [{ stream_options: { include_usage: 'yes' } }, 'stream_options.include_usage'],
  ])('%j is a 400 that names %s', async (fields, param) => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields }
    const answer = await ask(tolk.url, { path: CHAT, body })
    expect(answer.status).toBe(400)
    expect(refusalIn(answer)).toMatchObject({ type: 'invalid_request_error', param })
    expect(chats()).toHaveLength(before)
  })

  test('anywhere is taken as meant, or refused by the name of that very place', () => {
    let refused = 0
    const strange: string[] = []
    for (const path of PATHS) {
      const place = paramOf(path)
      for (const wire of WRONG) {
        const met = meet(withAt(FULL, path, wire))
        if (typeof met === 'string') continue
        refused += 1
        const what = `${place} = ${wire}: ${JSON.stringify(met)}`
        if (!['invalid-request', 'unsupported-parameter'].includes(met.kind)) strange.push(what)
        const param = 'param' in met && met.param !== null ? met.param : ''
        // A part of it, or what it makes the whole of.
        const isThere =
          param !== '' &&
          (param.startsWith(place) || place.startsWith(param) || RELATED.test(param))
        if (!isThere) strange.push(what)
      }
    }
    expect(strange).toEqual([])
    expect(refused).toBeGreaterThan(1000)
  })

  test(
    'with others, a hundred thousand times, is never a fault of ours, nor is Ollama sent what it cannot read',
    { timeout: 120_000 },
    () => {
      const seed = Math.floor(Math.random() * 2 ** 32)
      const random = seeded(seed)
      // Nobody looks at these stacks.
      const { stackTraceLimit } = Error
      Error.stackTraceLimit = 0
      const policies = [LENIENT, TRUSTING, STRICT]
      let accepted = 0
      for (let at = 0; at < 100_000; at++) {
        const chosen = Array.from({ length: 1 + random(3) }, () => random(FIELDS.length))
        const fields = [...new Set(chosen)].map((field) => {
          const ways = FIELDS[field] ?? []
          return ways[random(ways.length)]
        })
        // Of two fields of one name the last counts.
        const body = `{${[LEAST, ...fields].join()}}`
        try {
          const met = meet(body, policies[random(policies.length)])
          if (typeof met !== 'string') continue
          accepted += 1
          if (accepted % 10 === 0) readAsOllama(met)
        } catch (error) {
          throw new Error(`seed ${seed}, case ${at}: ${body}`, { cause: error })
        }
      }
      Error.stackTraceLimit = stackTraceLimit
      expect(accepted).toBeGreaterThan(1000)
    },
  )

  test('over sockets is a 200 or a 4xx in the envelope, never a 500', async () => {
    const client = await keptConnection(tolk.url)
    const statuses = new Set<number>()
    for (let at = 0; at < 300; at++) {
      const ways = FIELDS[at % FIELDS.length] ?? []
      const { status, headers, body } = await client.ask(
        postOf(CHAT, `{${LEAST},${ways[(at * 7) % ways.length]}}`),
      )
      if (status !== 200) refusalIn({ status, headers, body })
      statuses.add(status)
    }
    expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 400, 404])
    client.leave()
  })
})

/** Fields that belong together: one is wrong because of the other. */
const RELATED = /^(?:messages|tools|tool_choice|response_format|top_logprobs|logprobs|stream)/

const LEAST = '"model":"m","messages":[{"role":"user","content":"Hi"}]'

/** Of each field of the request every way to have one thing wrong with it, as `"name":value`. */
const FIELDS: readonly (readonly string[])[] = Object.entries(FULL).map(([key, value]) =>
  pathsIn({ [key]: value }).flatMap((path) =>
    WRONG.map((wire) => withAt({ [key]: value }, path, wire).slice(1, -1)),
  ),
)

/** Mulberry32. */
const seeded = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

describe('C-13 the names that JavaScript has for its own', () => {
  const POISON: readonly (readonly [what: string, json: string])[] = [
    ['__proto__', '"__proto__":{"polluted":1,"stream":true,"include_usage":true}'],
    ['constructor.prototype', '"constructor":{"prototype":{"polluted":1}}'],
    ['prototype', '"prototype":{"polluted":1}'],
    ['toString', '"toString":"polluted","valueOf":"polluted","hasOwnProperty":"polluted"'],
    ['then', '"then":"polluted","toJSON":"polluted"'],
  ]
  const at: Readonly<Record<string, (keys: string) => string>> = {
    'at the top': (keys) => saying('"Hi"', `,${keys}`),
    'in a message': (keys) => `{"model":"m","messages":[{"role":"user","content":"Hi",${keys}}]}`,
    'in a part': (keys) =>
      `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi",${keys}}]}]}`,
    'in stream_options': (keys) => saying('"Hi"', `,"stream_options":{${keys}}`),
    'in options': (keys) => saying('"Hi"', `,"options":{${keys}}`),
    'in metadata': (keys) => saying('"Hi"', `,"metadata":{"a":{"b":{${keys}}}}`),
    'in a tool': (keys) =>
      saying('"Hi"', `,"tools":[{"type":"function",${keys},"function":{"name":"f",${keys}}}]`),
    'in a schema': (keys) =>
      saying(
        '"Hi"',
        `,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{${keys}},${keys}}}}]`,
      ),
    'in a format': (keys) =>
      saying(
        '"Hi"',
        `,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object",${keys}}}}`,
      ),
    'in the arguments of a call': (keys) =>
      `{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":${JSON.stringify(`{${keys}}`)}}}]}]}`,
  }
  const cases = POISON.flatMap(([what, keys]) =>
    Object.entries(at).map(([where, bodyOf]) => [what, where, bodyOf(keys)] as const),
  )

  test.each(cases)('%s %s changes nothing but its own place', async (_, where, body) => {
    const bare: Readonly<Record<string, unknown>> = {}
    const answer = await post(body)
    expect([200, 400]).toContain(answer.status)
    for (const key of ['polluted', 'stream', 'include_usage', 'prototype']) {
      expect(bare[key]).toBeUndefined()
      expect(Reflect.get([], key)).toBeUndefined()
    }
    expect(Object.keys(Object.prototype)).toEqual([])
    if (answer.status === 400) return
    // It was no wish: the answer is whole, as nothing that counts has asked for a stream.
    expect(answer.headers['content-type']).toBe('application/json')
    // Where JSON is the client's own, it is data; nowhere else does it reach the upstream.
    const isData = /schema|format|arguments/.test(where)
    expect(isData ? '' : sent()).not.toContain('polluted')
  })

  test.each(['__proto__', 'constructor'])('no required field is taken from a %s', async (name) => {
    const answer = await post(`{"${name}":${saying('"Hi"')}}`)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ error: { param: 'model' } })
  })
})

describe('C-14 a number that cannot be kept', () => {
  test.each<[field: string, wire: string]>([
    ['seed', '9007199254740992'],
    ['seed', '9007199254740993'],
    ['seed', '12345678901234567890'],
    ['seed', '-9007199254740993'],
    ['seed', '1e400'],
    ['seed', '1e-400'],
    ['max_tokens', '1e400'],
    ['max_tokens', '9007199254740993'],
    ['top_k', '1e400'],
    ['temperature', '1e400'],
    ['temperature', '-1e400'],
    ['temperature', '1e39'],
    ['top_p', '1e400'],
    ['presence_penalty', '-1e400'],
  ])('is a 400 that names it: %s %s', async (field, wire) => {
    const answer = await post(saying('"Hi"', `,"${field}":${wire}`))
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ error: { param: field } })
    expect(chats()).toHaveLength(before)
  })

  test.each<[field: string, wire: string, option: string, value: number]>([
    ['seed', '9007199254740991', 'seed', 9007199254740991],
    ['seed', '-9007199254740991', 'seed', -9007199254740991],
    ['seed', '-0', 'seed', 0],
    ['seed', '7.0', 'seed', 7],
    ['seed', '7e0', 'seed', 7],
    ['temperature', '-0', 'temperature', 0],
    ['temperature', '-0.0', 'temperature', 0],
    // Less than any double can be told from nothing.
    ['temperature', '1e-400', 'temperature', 0],
    ['temperature', '0.1000000000000000055511151231257827', 'temperature', 0.1],
  ])('and what can be kept is: %s %s', async (field, wire, option, value) => {
    expect((await post(saying('"Hi"', `,"${field}":${wire}`))).status).toBe(200)
    const options: unknown = Reflect.get(Object(JSON.parse(sent())), 'options')
    expect(Number(Reflect.get(Object(options), option)) + 0).toBe(value)
  })

  test('in JSON that is passed on keeps every digit', async () => {
    const schema =
      '{"type":"object","properties":{"x":{"type":"number","maximum":12345678901234567890,"minimum":-0.10}}}'
    const body = saying(
      '"Hi"',
      `,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":${schema}}}`,
    )
    expect((await post(body)).status).toBe(200)
    expect(sent()).toContain('"maximum":12345678901234567890')
  })
})

const streamed = async (headers: Readonly<Record<string, string>>) =>
  ask(tolk.url, {
    path: CHAT,
    headers,
    body: { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] },
  })

/** Without what differs from answer to answer. */
const comparable = (text: string): string =>
  text.replaceAll(/"id":"chatcmpl-\w+"|"created":\d+/g, '')

describe('C-21 a client that comes back with Last-Event-ID', () => {
  test('is answered from the beginning, for no event has an id', async () => {
    const plain = await streamed({})
    const again = await streamed({ 'Last-Event-ID': '2' })
    expect(again.status).toBe(200)
    expect(comparable(again.body)).toBe(comparable(plain.body))
    expect(again.body).toContain('"content":"Hel"')
    expect(again.body).not.toMatch(/^(?:id|event|retry):/m)
    expect(JSON.stringify(chats().at(-1)?.headers)).not.toMatch(/last-event-id/i)
  })

  test('as a GET, as EventSource does, is a 405', async () => {
    const answer = await ask(tolk.url, {
      method: 'GET',
      path: CHAT,
      headers: { accept: 'text/event-stream', 'Last-Event-ID': '2' },
    })
    expect(answer.status).toBe(405)
    expect(refusalIn(answer).code).toBe('method_not_allowed')
  })

  test('which is documented', () => {
    expect(documentAt('README.md')).toContain('`Last-Event-ID`')
  })
})
