/** Ollama's errors → Failure: a status and a body before the first line, an `error` line after it. */
import type { Ability, Failure } from '../../failure.ts'
import { jsonSlice } from '../../wire/json-slice.ts'

/** What an error answer brings: its status, its body text, and its `Retry-After` if any. */
export type ErrorReply = {
  readonly status: number
  readonly body: string
  readonly retryAfter?: string | undefined
}

/**
 * Reads an answer whose status is not 200. `model` is the name that was asked for: it takes the place
 * of the fully qualified one in Ollama's texts.
 */
export const decodeError = ({ status, body, retryAfter }: ErrorReply, model: string): Failure => {
  const error = errorIn(parsed(body))
  if (status === 401) return error?.signin === true ? notSignedIn : credentialRefused
  if (status === 403 && error === null) return hostRefused
  if (status >= 300 && status < 400) return redirected
  if (error === null) return notOllama(status)
  if (status === 403) return rejected(403, error.text, { code: 'permission_denied' })
  if (status === 429 || status === 503) return overloaded(retryAfter)
  return decodeText(error.text, error.status ?? status, model)
}

/**
 * Reads the failure out of one parsed NDJSON line; `null` when the line is no error. Such an error
 * comes with status 200 (contract § 1.7): its text alone says what happened, and where that says
 * nothing of a status, a broken answer is a bad gateway.
 */
export const decodeErrorLine = (line: unknown): Failure | null => {
  const error = errorIn(line)
  return error === null ? null : decodeText(error.text, error.status ?? 502, '')
}

type OllamaError = { readonly text: string; readonly status?: number; readonly signin?: boolean }

/** `{"error":"text"}`; the remote-stub route adds `StatusCode`, cloud models `signin_url` (§ 2.3). */
const errorIn = (value: unknown): OllamaError | null => {
  if (!isObject(value) || value['error'] == null) return null
  const error = value['error']
  const status = value['StatusCode']
  return {
    text: typeof error === 'string' ? error : JSON.stringify(error),
    ...(typeof status === 'number' && { status }),
    signin: value['signin_url'] !== undefined,
  }
}

const decodeText = (outer: string, status: number, model: string): Failure => {
  const inner = nested(outer)
  const text = inner?.message ?? outer
  if (inner?.type === 'exceed_context_size_error' || /^the prompt is longer than/.test(text)) {
    return contextExceeded(inner)
  }
  for (const [pattern, read] of READINGS) {
    const match = pattern.exec(text)
    if (match !== null) return read(match, { text, status, model })
  }
  return rejected(status, text, {})
}

type Context = { readonly text: string; readonly status: number; readonly model: string }
type Reading = (match: RegExpExecArray, context: Context) => Failure

/** Ollama tells its errors apart by their text alone (contract § 2.2); the first pattern that fits counts. */
const READINGS: readonly (readonly [RegExp, Reading])[] = [
  [
    /^model ['"](.*?)['"] not found/,
    ([, name = ''], { model }) => ({
      kind: 'model-not-found',
      model: model === '' ? name : model,
      suggestions: [],
    }),
  ],
  [
    /does not support ([a-z]+)/,
    ([, what = ''], { model, status }) => incapable(what, model, status),
  ],
  [
    /image input is not supported|does not support images?|missing mmproj/i,
    (_match, { model }) => unsupported('images', 'messages', model),
  ],
  [/audio input is not supported/i, (_match, { model }) => unsupported('audio', 'messages', model)],
  [
    /^option "([^"]*)" must be (.*)/,
    ([, option = '', rule = '']) =>
      invalid(`options.${option}`, `Option '${option}' must be ${rule}.`),
  ],
  [/^invalid format/, () => invalid('response_format', FORMAT_RULE)],
  [/^invalid think value|^think must be/, () => invalid('reasoning_effort', THINK_RULE)],
  [
    /^top_logprobs must be/,
    () => invalid('top_logprobs', "'top_logprobs' must be between 0 and 20."),
  ],
  [
    /^illegal base64/,
    () => invalid('messages', 'An image is not valid base64: send it as a data: URL.'),
  ],
  [/^invalid model name/, () => invalid('model', 'This is not a valid model name.')],
  [
    /out[ -]of[ -]memory|unable to allocate|failed to allocate|requires .* but only .* (?:is|are) available|cudaMalloc/i,
    (_match, { status }) => ({
      kind: 'model-failed',
      code: 'model_out_of_memory',
      status,
      message:
        'The model could not be loaded: the upstream has not enough free memory for it. ' +
        'Use a smaller model or quantization, a smaller context window, or unload other models.',
    }),
  ],
  [
    /llama-server process has terminated|timed out waiting for llama-server|error starting llama-server|error loading model|may be incompatible with your version|unable to load model|unknown model architecture/i,
    (_match, { text, status }) => ({
      kind: 'model-failed',
      code: 'model_load_failed',
      status,
      message:
        `The model could not be loaded: ${lastClause(text)}. ` +
        "Try `ollama run` with it on the upstream's machine, and read the upstream's log.",
    }),
  ],
  [
    /failed to parse JSON|error parsing tool call|incomplete .* tool call/i,
    (_match, { status }) => ({
      kind: 'model-failed',
      code: 'tool_parse_error',
      status,
      message:
        'The model wrote a tool call that the upstream could not read. ' +
        'Ask again; if it happens often, use a model with better tool calling.',
    }),
  ],
  [
    /model runner has unexpectedly stopped|an error was encountered while running the model|error reading llama-server response/i,
    (_match, { status }) => ({
      kind: 'model-failed',
      code: 'model_crashed',
      status,
      message:
        "The model's runner stopped in the middle of its work. This may be due to resource " +
        "limits: read the upstream's log, then ask again.",
    }),
  ],
]

const FORMAT_RULE =
  "'response_format' must be json_object, or a json_schema that is a valid schema."
const THINK_RULE =
  "'reasoning_effort' must be one of none, minimal, low, medium, high, xhigh, or max."

const incapable = (what: string, model: string, status: number): Failure => {
  const name = model === '' ? 'This model' : `The model '${model}'`
  switch (what) {
    case 'tools':
      return unsupported('tools', 'tools', model)
    case 'vision':
    case 'image':
    case 'images':
      return unsupported('images', 'messages', model)
    case 'audio':
      return unsupported('audio', 'messages', model)
    case 'chat':
    case 'completion':
      return unsupported('chat', 'model', model)
    case 'thinking':
      return invalid('reasoning_effort', `${name} cannot think: leave 'reasoning_effort' out.`)
    default:
      return rejected(status, `${name} does not support ${what}.`, {})
  }
}

/** One sentence for each ability; GET /v1/models shows what each model can do. */
const unsupported = (ability: Ability, param: string, model: string): Failure => {
  const name = model === '' ? 'This model' : `The model '${model}'`
  const lacks = {
    chat: 'cannot chat: it makes embeddings',
    tools: 'cannot call tools',
    images: 'cannot see images',
    audio: 'cannot hear audio',
  }[ability]
  const message = `${name} ${lacks}. GET /v1/models shows what each model can do.`
  return { kind: 'unsupported-by-model', ability, param, message }
}

const contextExceeded = (inner: Nested | null): Failure => {
  const { promptTokens, window } = inner ?? {}
  const counts =
    promptTokens === undefined || window === undefined
      ? 'The prompt is longer than the context window that the model is served with.'
      : `The prompt has ${promptTokens} tokens, but the model is served with a context window of ${window}.`
  return {
    kind: 'context-exceeded',
    message: `${counts} Shorten the messages, or have the window enlarged (numCtx).`,
    ...(promptTokens !== undefined && { promptTokens }),
    ...(window !== undefined && { window }),
  }
}

type Nested = {
  readonly message: string
  readonly type: string
  readonly promptTokens?: number
  readonly window?: number
}

/** llama-server's own error inside the string: as JSON, or mid-stream in Go's map syntax (§ 2.4). */
const nested = (text: string): Nested | null => {
  const go = /map\[code:\d+ message:(.*) type:(\S*?)\]/s.exec(text)
  if (go !== null) return { message: go[1] ?? '', type: go[2] ?? '' }
  if (!text.startsWith('{')) return null
  // A hint about memory may follow the JSON on a line of its own.
  const body = parsed(jsonSlice(text, []) ?? '')
  const error = isObject(body) ? (isObject(body['error']) ? body['error'] : body) : null
  if (error === null || typeof error['message'] !== 'string') return null
  const { n_prompt_tokens: prompt, n_ctx: window, type } = error
  return {
    message: error['message'],
    type: typeof type === 'string' ? type : '',
    ...(typeof prompt === 'number' && { promptTokens: prompt }),
    ...(typeof window === 'number' && { window }),
  }
}

/**
 * Takes out of an upstream's text what is no client's business: registry names, paths, addresses,
 * anything after the first line. At most 300 characters.
 */
const cleaned = (text: string): string =>
  (text.split('\n', 1)[0] ?? '')
    .replace(/registry\.ollama\.ai\/(?:library\/)?/g, '')
    .replace(/\bhttps?:\/\/\S+/g, '…')
    .replace(/(?:[A-Za-z]:)?(?:[\\/][\w.@~+-]+){2,}[\\/]?/g, '…')
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\[[0-9a-f:]{3,}\](?::\d+)?/gi, '…')
    .replace(/\b0x[0-9a-f]{6,}\b/gi, '…')
    .slice(0, 300)
    .trim()

/** A load's error text is a chain of causes, the last of which says most. */
const lastClause = (text: string): string => {
  const line = cleaned(text).replace(/[.\s]+$/, '')
  const clause = line.replace(/^.*?exit status \d+:?\s*/, '')
  return clause === '' ? 'its runner ended at once' : clause
}

const rejected = (status: number, text: string, { code }: { readonly code?: string }): Failure => ({
  kind: 'upstream-rejected',
  status,
  message: cleaned(text) || 'The upstream refused the request and did not say why.',
  ...(code !== undefined && { code }),
})

const invalid = (param: string, message: string): Failure => ({
  kind: 'invalid-request',
  message,
  param,
  code: 'invalid_value',
})

const overloaded = (retryAfter: string | undefined): Failure => ({
  kind: 'overloaded',
  message: 'The upstream has too many requests waiting. Try again in a moment.',
  ...(retryAfter !== undefined && { retryAfterMs: seconds(retryAfter) * 1000 }),
})

/** `Retry-After` in whole seconds from 1 to 60, whatever was sent; a date is not worth a clock. */
const seconds = (retryAfter: string): number =>
  Math.min(60, Math.max(1, /^\d+$/.test(retryAfter.trim()) ? Number(retryAfter) : 1))

const notSignedIn: Failure = {
  kind: 'upstream-auth',
  message:
    'The upstream is not signed in to Ollama’s cloud, where this model runs. ' +
    'Its operator has to run `ollama signin` there.',
}
const credentialRefused: Failure = {
  kind: 'upstream-auth',
  message:
    'The upstream refused the credential that tolk is configured with. ' +
    "Its operator has to check the upstream's apiKey or auth in tolk's configuration.",
}
const hostRefused: Failure = {
  kind: 'upstream-auth',
  message:
    'The upstream refused the request without a word, as Ollama does for a Host or Origin that it ' +
    'does not know. Its operator has to set OLLAMA_HOST=0.0.0.0 there, or let tolk reach it by an ' +
    'address or a local name.',
}
const redirected: Failure = {
  kind: 'upstream-malformed',
  message:
    "The upstream answered with a redirect, which is not followed. Tolk's configuration has to name " +
    'the final base URL.',
}

/** An error page of something in between, or another server altogether: its body is not repeated. */
const notOllama = (status: number): Failure =>
  status >= 500
    ? rejected(status, `The upstream answered with status ${status} and no reason.`, {})
    : {
        kind: 'upstream-malformed',
        message:
          `The upstream answered with status ${status} and no error that Ollama would send. ` +
          'Is its base URL that of an Ollama?',
      }

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
