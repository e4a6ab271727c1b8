import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeChatRequest } from '../../src/dialects/ollama/chat-request.ts'
import {
  decodeChatCompletionRequest,
  type RequestPolicy,
} from '../../src/dialects/openai/chat-completion-request.ts'
import { Failed } from '../../src/failure.ts'
import { parseJson } from '../../src/wire/json.ts'
import { LENIENT, requestOf, STRICT, TRUSTING } from '../support/chat-body.ts'
import { readAsOllama } from '../support/go-chat-request.ts'
import { chatRecordings, type ChatRecordingBody, recording } from '../support/recordings.ts'

const SERVING = { overflow: 'error' } as const

/** What of the wire's text reaches Ollama, or `null` where the client is told that it is wrong. */
const sent = (text: string, policy: RequestPolicy = LENIENT): string | null => {
  try {
    const { request } = decodeChatCompletionRequest(parseJson(text), policy)
    return encodeChatRequest(request, 'upstream', SERVING)
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    const { failure } = error
    if (failure.kind === 'unsupported-parameter') return null
    if (failure.kind === 'invalid-request' && !ZOD_SAYS.test(failure.message)) return null
    throw error
  }
}

/** Sentences that are not ours. */
const ZOD_SAYS = /(?:: Too (?:big|small)|Invalid (?:input|option|string|key)|Unrecognized)/

const recorded = chatRecordings().filter(
  ({ body }) => body.stream === true && body.messages.length > 0,
)

describe('an OpenAI request, as Ollama gets it', () => {
  test.each(recorded.map(({ name, body }) => [name, body] as const))(
    'is what was recorded as %s',
    (_name, body) => {
      const request = requestOf(asOpenAi(body))
      expect(JSON.parse(encodeChatRequest(request, body.model, SERVING))).toEqual(body)
    },
  )

  test('was recorded often enough to mean something', () => {
    expect(recorded.length).toBeGreaterThan(80)
  })

  test('keeps every digit, wherever JSON is passed on', () => {
    const integer = fc.bigInt({ min: -(2n ** 120n), max: 2n ** 120n })
    fc.assert(
      fc.property(integer, integer, integer, (id, most, fixed) => {
        const args = `{"id":${id},"more":[{"id":${id}}]}`
        const schema = `{"type":"object","properties":{"id":{"type":"integer","maximum":${most},"enum":[${most}]}},"$defs":{"a":{"const":${fixed}}}}`
        const text = sent(
          `{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant",
          "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":${JSON.stringify(args)}}}]}],
          "format":${schema},"options":{"mystery":${fixed}}}`,
          TRUSTING,
        )
        expect(text).toContain(`"arguments":${args}`)
        expect(text).toContain(`"format":${schema}`)
        expect(text).toContain(`"mystery":${fixed}`)
      }),
    )
  })
})

describe('our model of how Ollama reads', () => {
  test.each(recorded.map(({ name, body }) => [name, body] as const))('takes %s', (_name, body) => {
    expect(() => readAsOllama(JSON.stringify(body))).not.toThrow()
  })

  test.each([
    ['errors/bad-arguments', 'arguments'],
    ['errors/bad-format', 'format'],
    ['errors/bad-image', 'images'],
    ['errors/bad-option', 'options.temperature'],
    ['errors/bad-stop', 'options.stop'],
    ['errors/bad-think', 'think'],
    ['errors/bad-top-logprobs', 'top_logprobs'],
  ])('refuses what Ollama refused in %s, for its %s', (name, where) => {
    const { request, response } = recording(name)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(() => readAsOllama(JSON.stringify(request.body))).toThrow(where)
  })
})

describe('whatever a client sends', () => {
  const policy = fc.constantFrom(LENIENT, LENIENT, TRUSTING, TRUSTING, STRICT)

  test('is accepted or refused by name, and nothing else, if it is any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), policy, (body, rules) => {
        const text = sent(JSON.stringify(body), rules)
        expect(() => text === null || readAsOllama(text)).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })

  test('is read by Ollama without complaint, if we accept it', () => {
    let accepted = 0
    fc.assert(
      fc.property(
        body(),
        fc.array(mutation(), { maxLength: 2 }),
        policy,
        (valid, changes, rules) => {
          const text = sent(wireOf(changes.reduce(mutate, valid)), rules)
          if (text === null) return
          accepted += 1
          readAsOllama(text)
        },
      ),
      { numRuns: 2_000 },
    )
    expect(accepted).toBeGreaterThan(500)
  })
})

/** The recorded native request, as an OpenAI client would have put it. */
const asOpenAi = ({
  stream,
  think,
  format,
  options,
  truncate: _ours,
  ...rest
}: ChatRecordingBody): object => ({
  ...rest,
  stream,
  ...(think === undefined ? {} : { reasoning_effort: think === false ? 'none' : think }),
  ...(format === undefined
    ? {}
    : format === 'json'
      ? { response_format: { type: 'json_object' } }
      : { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: format } } }),
  ...(options === undefined ? {} : openAiOptions(options)),
})

const openAiOptions = ({
  num_predict: limit,
  ...rest
}: Readonly<Record<string, unknown>>): object => ({
  ...rest,
  ...(limit === undefined ? {} : { max_completion_tokens: limit }),
})

/** Numbers no double holds stand in as text until the very end: `JSON.stringify` could not write them. */
const ODD_NUMBER = /"@number:([^"]+)"/g

const wireOf = (value: unknown): string => JSON.stringify(value).replaceAll(ODD_NUMBER, '$1')

/** Any JSON, and more often what someone tripped over. */
const anything = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      '@number:9007199254740993',
      '@number:0.1000000000000000055511151231257827',
      -0,
      1e300,
      '',
      'none',
      '\ud800',
      {},
      [],
      [[]],
      [null],
    ),
  )

const odd = (): fc.Arbitrary<unknown> =>
  fc.constantFrom(
    '@number:1e400',
    '@number:-1e400',
    '@number:1e-400',
    'data:image/png;base64,AAAA',
    'https://example.com/a.png',
    'required',
  )

/** Schemas of right and wrong keywords: all that JSON allows and more than JSON Schema does. */
const schema = (): fc.Arbitrary<unknown> =>
  fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.boolean(),
      anything(),
      fc.record(
        {
          type: fc.oneof(fc.constantFrom('object', 'string', ['string', 'null']), anything()),
          description: fc.oneof(fc.string(), anything()),
          enum: fc.oneof(fc.array(anything()), anything()),
          required: fc.oneof(fc.array(fc.string()), anything()),
          properties: fc.oneof(
            fc.dictionary(fc.string(), tie('schema'), { maxKeys: 3 }),
            anything(),
          ),
          anyOf: fc.oneof(fc.array(tie('schema'), { maxLength: 3 }), anything()),
          items: tie('schema'),
          $defs: anything(),
          oneOf: fc.array(tie('schema'), { maxLength: 2 }),
          allOf: fc.oneof(fc.array(tie('schema'), { maxLength: 2 }), anything()),
          $ref: fc.oneof(fc.constantFrom('#', '#/$defs/a', '#/properties/a'), anything()),
          const: anything(),
          nullable: fc.oneof(fc.boolean(), anything()),
          Type: anything(),
          REQUIRED: anything(),
          'de\u017fcription': anything(),
          default: anything(),
        },
        { requiredKeys: [] },
      ),
    ),
  })).schema

const objectSchema = (): fc.Arbitrary<unknown> =>
  schema().map((inner) => (typeof inner === 'object' && !Array.isArray(inner) ? inner : {}))

const content = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.string(),
    fc.constant(null),
    fc.array(
      fc.oneof(
        fc.record({ type: fc.constant('text'), text: fc.string() }),
        fc.record({
          type: fc.constant('image_url'),
          image_url: fc.base64String({ minLength: 4 }).map((digits) => ({
            url: `data:image/png;base64,${digits}`,
          })),
        }),
        fc.record({
          type: fc.constant('input_audio'),
          input_audio: fc.record({
            data: fc.base64String({ minLength: 4 }),
            format: fc.constantFrom('wav', 'mp3'),
          }),
        }),
      ),
      { maxLength: 3 },
    ),
  )

const call = (): fc.Arbitrary<unknown> =>
  fc.record({
    id: fc.constantFrom('a', 'b', ''),
    type: fc.constant('function'),
    function: fc.record({
      name: fc.constantFrom('f', 'g'),
      arguments: fc.oneof(
        fc.dictionary(fc.string(), anything(), { maxKeys: 3 }).map(wireOf),
        fc.constantFrom('', '{}', '{"id":12345678901234567890}'),
      ),
    }),
  })

const message = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.record({ role: fc.constantFrom('system', 'developer'), content: fc.string() }),
    fc.record({ role: fc.constant('user'), content: content() }),
    fc.record(
      {
        role: fc.constant('assistant'),
        content: fc.string(),
        reasoning_content: fc.string(),
        tool_calls: fc.array(call(), { maxLength: 2 }),
      },
      { requiredKeys: ['role'] },
    ),
    fc.record(
      {
        role: fc.constantFrom('tool', 'function'),
        content: content(),
        tool_call_id: fc.constantFrom('a', 'z'),
        name: fc.constantFrom('f', 'h'),
      },
      { requiredKeys: ['role'] },
    ),
  )

const body = (): fc.Arbitrary<unknown> =>
  fc.record(
    {
      model: fc.constant('native'),
      messages: fc.array(message(), { minLength: 1, maxLength: 4 }),
      stream: fc.boolean(),
      temperature: fc.double({ noNaN: true, min: 0, max: 2 }),
      max_tokens: fc.integer({ min: 1 }),
      seed: fc.integer(),
      stop: fc.oneof(fc.string(), fc.array(fc.string())),
      top_k: fc.integer(),
      think: fc.constantFrom(true, false, 'low', 'max'),
      reasoning_effort: fc.constantFrom('none', 'minimal', 'high', 'ultra'),
      keep_alive: fc.oneof(fc.integer(), fc.constantFrom('5m', '-1', '1h30m', '300')),
      num_ctx: fc.integer({ min: 1, max: 2 ** 20 }),
      options: fc.record(
        {
          temperature: fc.double({ noNaN: true, min: 0, max: 2 }),
          num_ctx: fc.integer({ min: 1, max: 2 ** 20 }),
          num_gpu: fc.integer(),
          use_mmap: fc.boolean(),
          stop: fc.oneof(fc.string(), fc.array(fc.string())),
          mystery: anything(),
        },
        { requiredKeys: [] },
      ),
      format: fc.oneof(fc.constantFrom('json', ''), objectSchema()),
      response_format: fc.oneof(
        fc.constantFrom({ type: 'text' }, { type: 'json_object' }),
        objectSchema().map((inner) => ({ type: 'json_schema', json_schema: { schema: inner } })),
      ),
      tools: fc.array(
        fc.record({
          type: fc.constant('function'),
          function: fc.record(
            {
              name: fc.constantFrom('f', 'g'),
              description: fc.string(),
              parameters: objectSchema(),
            },
            { requiredKeys: ['name'] },
          ),
        }),
        { maxLength: 3 },
      ),
      tool_choice: fc.constantFrom('auto', 'none'),
      logprobs: fc.constant(true),
      top_logprobs: fc.integer({ min: 0, max: 20 }),
    },
    { requiredKeys: ['model', 'messages', 'logprobs'] },
  )

/** Puts a value somewhere into a body: each step picks one of the places there are. */
type Mutation = { readonly steps: readonly number[]; readonly value: unknown }

const mutation = (): fc.Arbitrary<Mutation> =>
  fc.record({
    steps: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
    value: fc.oneof(anything(), odd()),
  })

const mutate = (target: unknown, { steps: [step, ...rest], value }: Mutation): unknown => {
  if (step === undefined || typeof target !== 'object' || target === null) return value
  const next = { steps: rest, value }
  if (Array.isArray(target)) {
    const at = target.length === 0 ? 0 : step % target.length
    return target.map((inner: unknown, index) => (index === at ? mutate(inner, next) : inner))
  }
  const entries = Object.entries(target)
  const at = entries.length === 0 ? 0 : step % entries.length
  return Object.fromEntries(
    entries.map(([key, inner], index) => [key, index === at ? mutate(inner, next) : inner]),
  )
}
