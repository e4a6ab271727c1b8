import { describe, expect, test } from 'vitest'
import { encodeError } from '../../../src/dialects/openai/error.ts'
import type { Failure } from '../../../src/failure.ts'
import { errorObject } from '../../support/read-stream.ts'

type Expected = {
  readonly failure: Failure
  readonly status: number
  readonly type: 'invalid_request_error' | 'server_error' | 'rate_limit_error'
  readonly code: string | null
  readonly param?: string
  readonly message: string | RegExp
  readonly headers?: Readonly<Record<string, string>>
}

type EveryKind = { readonly [Kind in Failure['kind']]: readonly Expected[] }

const message = 'What happened, and what to do.'
const never = { 'x-should-retry': 'false' }
const always = { 'x-should-retry': 'true' }
const after = (seconds: number, ms = seconds * 1000) => ({
  'retry-after': String(seconds),
  'retry-after-ms': String(ms),
  ...always,
})

const EVERY_KIND: EveryKind = {
  'invalid-request': [
    {
      failure: { kind: 'invalid-request', message, param: 'messages[0].content' },
      status: 400,
      type: 'invalid_request_error',
      code: null,
      param: 'messages[0].content',
      message,
    },
    {
      failure: { kind: 'invalid-request', message, param: null, code: 'invalid_json' },
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_json',
      message,
    },
  ],
  'unsupported-parameter': [
    {
      failure: { kind: 'unsupported-parameter', message, param: 'n' },
      status: 400,
      type: 'invalid_request_error',
      code: 'unsupported_parameter',
      param: 'n',
      message,
    },
  ],
  'unsupported-by-model': (['chat', 'tools', 'images', 'audio'] as const).map((ability) => ({
    failure: { kind: 'unsupported-by-model', ability, message, param: 'messages' },
    status: 400,
    type: 'invalid_request_error',
    code: `${ability}_not_supported`,
    param: 'messages',
    message,
  })),
  'context-exceeded': [
    {
      failure: { kind: 'context-exceeded', message, promptTokens: 601, window: 64 },
      status: 400,
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
      param: 'messages',
      message,
    },
  ],
  unauthorized: [
    {
      failure: { kind: 'unauthorized', message },
      status: 401,
      type: 'invalid_request_error',
      code: 'invalid_api_key',
      message,
      headers: { 'www-authenticate': 'Bearer' },
    },
  ],
  forbidden: [
    {
      failure: { kind: 'forbidden', message, param: 'model' },
      status: 403,
      type: 'invalid_request_error',
      code: 'permission_denied',
      param: 'model',
      message,
    },
  ],
  'unknown-url': [
    {
      failure: { kind: 'unknown-url', message },
      status: 404,
      type: 'invalid_request_error',
      code: 'unknown_url',
      message,
    },
  ],
  'method-not-allowed': [
    {
      failure: { kind: 'method-not-allowed', message, allow: ['GET', 'HEAD'] },
      status: 405,
      type: 'invalid_request_error',
      code: 'method_not_allowed',
      message,
      headers: { allow: 'GET, HEAD' },
    },
  ],
  'model-not-found': [
    {
      failure: { kind: 'model-not-found', model: 'gpt-4o', suggestions: [] },
      status: 404,
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
      message: "The model 'gpt-4o' does not exist here. GET /v1/models lists those there are.",
    },
    {
      failure: { kind: 'model-not-found', model: 'qwen', suggestions: ['qwen3:4b', 'qwen2.5:7b'] },
      status: 404,
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
      message:
        "The model 'qwen' does not exist here. Did you mean 'qwen3:4b' or 'qwen2.5:7b'? GET /v1/models lists all.",
    },
    {
      failure: { kind: 'model-not-found', model: 'x'.repeat(5000), suggestions: [] },
      status: 404,
      type: 'invalid_request_error',
      code: 'model_not_found',
      param: 'model',
      message: /^.{200,300}$/,
    },
  ],
  'request-timeout': [
    {
      failure: { kind: 'request-timeout', message },
      status: 408,
      type: 'invalid_request_error',
      code: 'request_timeout',
      message,
      headers: never,
    },
  ],
  'too-large': [
    {
      failure: { kind: 'too-large', limitBytes: 1024 },
      status: 413,
      type: 'invalid_request_error',
      code: 'request_too_large',
      message: /larger than 1024 bytes.*limits\.maxBodyBytes/,
    },
  ],
  'headers-too-large': [
    {
      failure: { kind: 'headers-too-large', message },
      status: 431,
      type: 'invalid_request_error',
      code: 'request_headers_too_large',
      message,
    },
  ],
  'unsupported-media-type': [
    {
      failure: { kind: 'unsupported-media-type', message },
      status: 415,
      type: 'invalid_request_error',
      code: 'unsupported_media_type',
      message,
    },
  ],
  'rate-limited': [
    {
      failure: { kind: 'rate-limited', message, retryAfterMs: 2500 },
      status: 429,
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
      message,
      headers: after(3, 2500),
    },
    {
      failure: { kind: 'rate-limited', message, retryAfterMs: 0.5 },
      status: 429,
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
      message,
      headers: after(1, 1),
    },
  ],
  guessing: [
    {
      failure: { kind: 'guessing', message, retryAfterMs: 2500 },
      status: 429,
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
      message,
      headers: { ...after(3, 2500), ...never },
    },
  ],
  overloaded: [
    {
      failure: { kind: 'overloaded', message },
      status: 503,
      type: 'server_error',
      code: 'overloaded',
      message,
      headers: after(1),
    },
    {
      failure: { kind: 'overloaded', message, retryAfterMs: 7000 },
      status: 503,
      type: 'server_error',
      code: 'overloaded',
      message,
      headers: after(7),
    },
  ],
  draining: [
    {
      failure: { kind: 'draining' },
      status: 503,
      type: 'server_error',
      code: 'draining',
      message: /Send the request again/,
      headers: after(1),
    },
  ],
  'upstream-rejected': [
    {
      failure: { kind: 'upstream-rejected', status: 400, message },
      status: 400,
      type: 'invalid_request_error',
      code: 'upstream_error',
      message,
    },
    {
      failure: { kind: 'upstream-rejected', status: 403, message, code: 'permission_denied' },
      status: 403,
      type: 'invalid_request_error',
      code: 'permission_denied',
      message,
    },
    // The SDKs send a 408 and a 409 again by themselves, too.
    ...[408, 409].map((status) => ({
      failure: { kind: 'upstream-rejected', status, message } as const,
      status,
      type: 'invalid_request_error' as const,
      code: 'upstream_error',
      message,
      headers: never,
    })),
    {
      failure: { kind: 'upstream-rejected', status: 500, message },
      status: 500,
      type: 'server_error',
      code: 'upstream_error',
      message,
      headers: never,
    },
    ...[200, 0, 302, 600, 999].map((status) => ({
      failure: { kind: 'upstream-rejected', status, message } as const,
      status: 502,
      type: 'server_error' as const,
      code: 'upstream_error',
      message,
      headers: never,
    })),
  ],
  'upstream-auth': [
    {
      failure: { kind: 'upstream-auth', message },
      status: 502,
      type: 'server_error',
      code: 'upstream_auth_error',
      message,
      headers: never,
    },
  ],
  'model-failed': [
    {
      failure: { kind: 'model-failed', status: 500, message, code: 'model_out_of_memory' },
      status: 500,
      type: 'server_error',
      code: 'model_out_of_memory',
      message,
      headers: never,
    },
    {
      failure: { kind: 'model-failed', status: 200, message, code: 'model_crashed' },
      status: 502,
      type: 'server_error',
      code: 'model_crashed',
      message,
      headers: never,
    },
  ],
  'upstream-unreachable': (
    [
      ['refused', 'upstream_unreachable', always, /Is Ollama running/],
      ['dns', 'upstream_dns_error', always, /name cannot be resolved/],
      ['tls', 'upstream_tls_error', never, /tls\.ca/],
      ['connect-timeout', 'upstream_unreachable', always, /did not accept a connection/],
      ['reset', 'upstream_unreachable', never, /closed the connection/],
    ] as const
  ).map(([reason, code, headers, says]) => ({
    failure: { kind: 'upstream-unreachable', reason },
    status: 502,
    type: 'server_error',
    code,
    message: says,
    headers,
  })),
  'upstream-timeout': (
    [
      ['first-line', /did not begin to answer for 900 s/],
      ['next-line', /fell silent in the middle of its answer for 900 s/],
      ['answer', /was still answering for 900 s/],
    ] as const
  ).map(([phase, says]) => ({
    failure: { kind: 'upstream-timeout', phase, waitedMs: 900_000 },
    status: 504,
    type: 'server_error',
    code: 'upstream_timeout',
    message: says,
    headers: never,
  })),
  'upstream-malformed': [
    {
      failure: { kind: 'upstream-malformed', message },
      status: 502,
      type: 'server_error',
      code: 'upstream_bad_response',
      message,
      headers: never,
    },
  ],
  'upstream-truncated': [
    {
      failure: { kind: 'upstream-truncated' },
      status: 502,
      type: 'server_error',
      code: 'upstream_stream_interrupted',
      message: /ended its answer before it was complete/,
      headers: never,
    },
  ],
  'client-closed': [
    {
      failure: { kind: 'client-closed' },
      status: 499,
      type: 'invalid_request_error',
      code: 'client_closed_request',
      message: 'The client closed the connection.',
    },
  ],
  internal: [
    {
      failure: { kind: 'internal' },
      status: 500,
      type: 'server_error',
      code: 'internal_error',
      message: /its log says what/,
      headers: never,
    },
  ],
}

describe('every kind of failure has its row', () => {
  test.for(Object.values(EVERY_KIND).flat())(
    '$failure.kind is $status $code',
    ({ failure, status, type, code, param = null, message: says, headers = {} }) => {
      const { error, ...reply } = encodeError(failure)
      expect(reply).toEqual({ status, headers })
      expect(error).toMatchObject({ type, code, param })
      expect(error.message).toMatch(says)
    },
  )
})

test.for(Object.values(EVERY_KIND).flat())(
  '$failure.kind, $status $code: the object has these four keys and no others',
  ({ failure }) => {
    expect(errorObject.parse(encodeError(failure).error)).toEqual(encodeError(failure).error)
  },
)

test('whatever the SDKs would send again is told whether to', () => {
  const told = Object.values(EVERY_KIND)
    .flat()
    .map(({ failure }) => encodeError(failure))
    .filter(({ status }) => status >= 500 || [408, 409, 429].includes(status))
    .map(({ headers }) => headers['x-should-retry'])
  expect(new Set(told)).toEqual(new Set(['true', 'false']))
})

test('work that was done is never done again', () => {
  const kinds = [
    'model-failed',
    'upstream-timeout',
    'upstream-truncated',
    'upstream-malformed',
    'internal',
  ] as const
  for (const { failure } of kinds.flatMap((kind) => EVERY_KIND[kind])) {
    expect(encodeError(failure).headers).toEqual(never)
  }
})

test('an upstream that was not even tried is a 503 that says why, and when to come back', () => {
  const failure = { kind: 'upstream-unreachable', reason: 'dns', retryAfterMs: 1000 } as const
  expect(encodeError(failure)).toMatchObject({
    status: 503,
    error: { code: 'upstream_dns_error', message: expect.stringMatching(/cannot be resolved/) },
    headers: { 'retry-after': '1', 'x-should-retry': 'true' },
  })
})
