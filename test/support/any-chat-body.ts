/** Bodies of `POST /v1/chat/completions` that nobody chose, and changes of them. */
import fc from 'fast-check'

/** Numbers no double holds stand in as text until the very end: `JSON.stringify` could not write them. */
const ODD_NUMBER = /"@number:([^"]+)"/g

/** The body as it is on the wire. */
export const wireOf = (value: unknown): string => JSON.stringify(value).replaceAll(ODD_NUMBER, '$1')

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

/** A body that a client could mean, of any fields, for a model named `native`; for {@link wireOf}. */
export const anyChatBody = (): fc.Arbitrary<unknown> =>
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
export type Mutation = { readonly steps: readonly number[]; readonly value: unknown }

export const mutation = (): fc.Arbitrary<Mutation> =>
  fc.record({
    steps: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
    value: fc.oneof(anything(), odd()),
  })

export const mutate = (target: unknown, { steps: [step, ...rest], value }: Mutation): unknown => {
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
