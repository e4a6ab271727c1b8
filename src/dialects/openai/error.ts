/** Failure → status and OpenAI error object, one row per kind: leave one out and it does not compile. */
import type { Failure } from '../../failure.ts'

/** OpenAI's error object, as in `{"error": …}`. */
export type OpenAiError = {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

/** What is said about a failure: before the head with a status, after it in-band without one. */
export type ErrorReply = {
  readonly status: number
  readonly error: OpenAiError
  readonly headers: Readonly<Record<string, string>>
}

/** Puts a failure into OpenAI's words. */
export const encodeError = (failure: Failure): ErrorReply => {
  const { status, type, code, message, param = null, headers = {} } = rowOf(failure.kind, failure)
  return {
    status,
    error: { message, type, param, code },
    headers: isSentAgain(status) ? { ...headers, ...retrying(headers, failure) } : headers,
  }
}

type Row = {
  readonly status: number
  readonly type: string
  readonly code: string | null
  readonly message: string
  readonly param?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

type FailureOf = { readonly [F in Failure as F['kind']]: F }

type Rows = { readonly [Kind in keyof FailureOf]: (failure: FailureOf[Kind]) => Row }

const rowOf = <Kind extends keyof FailureOf>(kind: Kind, failure: FailureOf[Kind]): Row =>
  ROWS[kind](failure)

const INVALID = 'invalid_request_error'
const SERVER = 'server_error'

const ROWS: Rows = {
  'invalid-request': ({ message, param, code }) => ({
    status: 400,
    type: INVALID,
    code: code ?? null,
    message,
    param,
  }),
  'unsupported-parameter': ({ message, param }) => ({
    status: 400,
    type: INVALID,
    code: 'unsupported_parameter',
    message,
    param,
  }),
  'unsupported-by-model': ({ ability, message, param }) => ({
    status: 400,
    type: INVALID,
    code: `${ability}_not_supported`,
    message,
    param,
  }),
  'context-exceeded': ({ message, param = 'messages' }) => ({
    status: 400,
    type: INVALID,
    code: 'context_length_exceeded',
    message,
    param,
  }),
  unauthorized: ({ message }) => ({
    status: 401,
    type: INVALID,
    code: 'invalid_api_key',
    message,
    headers: { 'www-authenticate': 'Bearer' },
  }),
  forbidden: ({ message, param }) => ({
    status: 403,
    type: INVALID,
    code: 'permission_denied',
    message,
    param,
  }),
  'unknown-url': ({ message }) => ({ status: 404, type: INVALID, code: 'unknown_url', message }),
  'method-not-allowed': ({ message, allow }) => ({
    status: 405,
    type: INVALID,
    code: 'method_not_allowed',
    message,
    headers: { allow: allow.join(', ') },
  }),
  'model-not-found': ({ model, suggestions }) => ({
    status: 404,
    type: INVALID,
    code: 'model_not_found',
    message: modelNotFound(model, suggestions),
    param: 'model',
  }),
  'request-timeout': ({ message }) => ({
    status: 408,
    type: INVALID,
    code: 'request_timeout',
    message,
  }),
  'too-large': ({ limitBytes }) => ({
    status: 413,
    type: INVALID,
    code: 'request_too_large',
    message: `The request body is larger than ${limitBytes} bytes. Send less, or have limits.maxBodyBytes raised.`,
  }),
  'headers-too-large': ({ message }) => ({
    status: 431,
    type: INVALID,
    code: 'request_headers_too_large',
    message,
  }),
  'unsupported-media-type': ({ message }) => ({
    status: 415,
    type: INVALID,
    code: 'unsupported_media_type',
    message,
  }),
  'rate-limited': ({ message, retryAfterMs }) => ({
    status: 429,
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    message,
    headers: retryAfter(retryAfterMs),
  }),
  guessing: ({ message, retryAfterMs }) => ({
    status: 429,
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    message,
    headers: retryAfter(retryAfterMs),
  }),
  overloaded: ({ message, retryAfterMs }) => ({
    status: 503,
    type: SERVER,
    code: 'overloaded',
    message,
    headers: retryAfter(retryAfterMs ?? 1000),
  }),
  draining: () => ({
    status: 503,
    type: SERVER,
    code: 'draining',
    message: 'This server is about to stop. Send the request again; another one will take it.',
    headers: retryAfter(1000),
  }),
  'upstream-rejected': ({ status, message, code }) => ({
    status: status >= 400 && status <= 599 ? status : 502,
    type: status >= 400 && status < 500 ? INVALID : SERVER,
    code: code ?? 'upstream_error',
    message,
  }),
  'upstream-auth': ({ message }) => ({
    status: 502,
    type: SERVER,
    code: 'upstream_auth_error',
    message,
  }),
  'model-failed': ({ status, message, code }) => ({
    status: status >= 500 && status <= 599 ? status : 502,
    type: SERVER,
    code,
    message,
  }),
  'upstream-unreachable': ({ reason, retryAfterMs }) => ({
    status: retryAfterMs === undefined ? 502 : 503,
    type: SERVER,
    ...UNREACHABLE[reason],
    ...(retryAfterMs !== undefined && { headers: retryAfter(retryAfterMs) }),
  }),
  'upstream-timeout': ({ phase, waitedMs }) => ({
    status: 504,
    type: SERVER,
    code: 'upstream_timeout',
    message: `The upstream ${SILENCE[phase]} for ${Math.round(waitedMs / 100) / 10} s, and tolk gave up.`,
  }),
  'upstream-malformed': ({ message }) => ({
    status: 502,
    type: SERVER,
    code: 'upstream_bad_response',
    message,
  }),
  'upstream-truncated': () => ({
    status: 502,
    type: SERVER,
    code: 'upstream_stream_interrupted',
    message:
      'The upstream ended its answer before it was complete. What came so far is a beginning.',
  }),
  'client-closed': () => ({
    status: 499,
    type: INVALID,
    code: 'client_closed_request',
    message: 'The client closed the connection.',
  }),
  internal: () => ({
    status: 500,
    type: SERVER,
    code: 'internal_error',
    message:
      'Something went wrong inside tolk; its log says what, under the request id of this answer.',
  }),
}

const UNREACHABLE = {
  refused: {
    code: 'upstream_unreachable',
    message: 'Nothing listens where the upstream should be. Is Ollama running there?',
  },
  dns: { code: 'upstream_dns_error', message: "The upstream's name cannot be resolved." },
  tls: {
    code: 'upstream_tls_error',
    message:
      "No secure connection to the upstream: its certificate is not trusted, or it does not speak TLS. Its operator has to check the upstream's tls.ca and scheme.",
  },
  'connect-timeout': {
    code: 'upstream_unreachable',
    message: 'The upstream did not accept a connection in time.',
  },
  reset: {
    code: 'upstream_unreachable',
    message:
      'The upstream closed the connection before it answered. If it always does, its base URL may ' +
      'need https.',
  },
} as const

const SILENCE = {
  'first-line': 'did not begin to answer',
  'next-line': 'fell silent in the middle of its answer',
  answer: 'was still answering',
} as const

const modelNotFound = (model: string, suggestions: readonly string[]): string => {
  const hint =
    suggestions.length === 0
      ? 'GET /v1/models lists those there are.'
      : `Did you mean ${suggestions.map((name) => `'${name}'`).join(' or ')}? GET /v1/models lists all.`
  return `The model '${model.slice(0, 200)}' does not exist here. ${hint}`
}

const retryAfter = (ms: number): Readonly<Record<string, string>> => ({
  'retry-after': String(Math.max(1, Math.ceil(ms / 1000))),
  'retry-after-ms': String(Math.ceil(ms)),
})

/** Before a connection stood, nothing can have been generated; a certificate will not mend itself. */
const NOTHING_RAN: ReadonlySet<string> = new Set(['refused', 'dns', 'connect-timeout'])

/** Statuses that the openai SDKs send again by themselves (measured with openai 6.49). */
const isSentAgain = (status: number): boolean =>
  status >= 500 || status === 408 || status === 409 || status === 429

/**
 * The SDKs run what failed up to three times unless told not to: a generation that took minutes and
 * failed must not be run again. Only what certainly did no work, or names a time, may be.
 */
const retrying = (headers: Readonly<Record<string, string>>, failure: Failure) => {
  const safe =
    // A wrong key does not become right by waiting.
    ('retry-after' in headers && failure.kind !== 'guessing') ||
    (failure.kind === 'upstream-unreachable' && NOTHING_RAN.has(failure.reason))
  return { 'x-should-retry': String(safe) }
}
