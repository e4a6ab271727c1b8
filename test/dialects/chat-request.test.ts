import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeChatRequest } from '../../src/dialects/ollama/chat-request.ts'
import {
  decodeChatCompletionRequest,
  type RequestPolicy,
} from '../../src/dialects/openai/chat-completion-request.ts'
import { Failed } from '../../src/failure.ts'
import { parseJson } from '../../src/wire/json.ts'
import { anyChatBody, mutate, mutation, wireOf } from '../support/any-chat-body.ts'
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
        anyChatBody(),
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
