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
  if (status >= 300 && status < 400) return redirected
  const error = errorIn(parsed(body))
  const context = { status: error?.status ?? status, model, retryAfter }
  return error === null ? decodeStatus(context) : decodeSaid(error, context)
}

/**
 * Reads the failure out of one parsed NDJSON line; `null` when the line is no error. Such an error
 * comes with status 200 (contract § 1.7): its text alone says what happened, and where that says
 * nothing of a status, a broken answer is a bad gateway.
 */
export const decodeErrorLine = (line: unknown): Failure | null => {
  const error = errorIn(line)
  if (error === null) return null
  const status = error.status ?? 502
  // Work was done already: who is told to come back later would have it done again.
  if (status === 429 || status === 503) return rejected(status, error.text, {})
  return decodeSaid(error, { status, model: '' })
}

/** An error that says nothing of its own: Ollama's empty 403, an error page of something in between. */
const decodeStatus = ({ status, retryAfter }: Context): Failure => {
  switch (status) {
    case 401:
      return credentialRefused
    case 403:
      return hostRefused
    case 429:
    case 503:
      return overloaded(retryAfter)
    default:
      return notOllama(status)
  }
}

const decodeSaid = (error: OllamaError, context: Context): Failure => {
  const { status, retryAfter } = context
  if (error.signin) return notSignedIn
  if (status === 401) return credentialRefused
  if (status === 403) return rejected(403, error.text, { code: 'permission_denied' })
  if (status === 429 || status === 503) return overloaded(retryAfter)
  return decodeText(error, context)
}

type OllamaError = {
  readonly text: string
  /** What llama-server said, where Ollama passes that on. */
  readonly inner: Nested | null
  readonly status?: number
  readonly signin: boolean
}

/** `{"error":"text"}`; the remote-stub route adds `StatusCode`, cloud models `signin_url` (§ 2.3). */
const errorIn = (value: unknown): OllamaError | null => {
  if (!isObject(value) || value['error'] == null) return null
  const { error, StatusCode: status, signin_url: signinUrl } = value
  const inner = typeof error === 'string' ? nestedIn(error) : nestedOf(error)
  const outer = typeof error === 'string' ? error.slice(0, MAX_TEXT) : ''
  return {
    text: inner?.message ?? outer,
    inner,
    ...(typeof status === 'number' && status >= 400 && status <= 599 && { status }),
    signin: signinUrl !== undefined,
  }
}

/** An error is a sentence; what it quotes of a log or a prompt may be megabytes. UTF-16 code units. */
const MAX_TEXT = 8192

const decodeText = ({ text, inner }: OllamaError, context: Context): Failure => {
  if (inner?.type === 'exceed_context_size_error' || text.startsWith('the prompt is longer than')) {
    return contextExceeded(inner)
  }
  for (const [pattern, read] of READINGS) {
    const match = pattern.exec(text)
    if (match !== null) return read(match, { ...context, text })
  }
  return rejected(context.status, text, {})
}

type Context = {
  readonly status: number
  readonly model: string
  readonly retryAfter?: string | undefined
}

type Reading = (match: RegExpExecArray, context: Context & { readonly text: string }) => Failure

/** Ollama tells its errors apart by their text alone (contract § 2.2); the first pattern that fits counts. */
const READINGS: readonly (readonly [RegExp, Reading])[] = [
  [
    /^model ['"](.*?)['"] not found/,
    ([, name = ''], { model }) => ({
      kind: 'model-not-found',
      model: model === '' ? cleaned(name) : model,
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
      invalid(
        `options.${cleaned(option)}`,
        `Option '${cleaned(option)}' must be ${cleaned(rule)}.`,
      ),
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
    /out[ -]of[ -]memory|unable to allocate|failed to allocate|requires .{1,60} but only .{1,60} (?:is|are) available|cudaMalloc/i,
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
const nestedIn = (text: string): Nested | null => {
  const go = /map\[code:\d+ message:(.*) type:(\S*?)\]/s.exec(text.slice(0, MAX_TEXT))
  if (go !== null) return { message: go[1] ?? '', type: go[2] ?? '' }
  // A hint about memory may follow the JSON on a line of its own.
  return text.startsWith('{') ? nestedOf(parsed(jsonSlice(text, []) ?? '')) : null
}

const nestedOf = (body: unknown): Nested | null => {
  const error = isObject(body) && isObject(body['error']) ? body['error'] : body
  if (!isObject(error) || typeof error['message'] !== 'string') return null
  const { message, n_prompt_tokens: prompt, n_ctx: window, type } = error
  return {
    message: message.slice(0, MAX_TEXT),
    type: typeof type === 'string' ? type : '',
    ...(typeof prompt === 'number' && { promptTokens: prompt }),
    ...(typeof window === 'number' && { window }),
  }
}

/**
 * Takes out of an upstream's text what is no client's business: registry names, addresses, paths,
 * anything after the first line. At most 300 characters.
 */
const cleaned = (text: string): string =>
  PRIVATE.reduce((rest, [pattern, stand]) => rest.replace(pattern, stand), firstLine(text))
    .slice(0, 300)
    .trim()

/** Cut between words, so that no half of an address goes unrecognised. */
const firstLine = (text: string): string => {
  const line = text.split('\n', 1)[0] ?? ''
  return line.length <= 1000 ? line : line.slice(0, 1000).replace(/\S*$/, '')
}

const PRIVATE: readonly (readonly [RegExp, string])[] = [
  [/registry\.ollama\.ai(?:\/library)?\/?/gi, ''],
  [/\b[a-z][a-z\d+.-]{1,20}:\/\/\S+/gi, '…'],
  [/\blookup \S+/g, 'lookup …'],
  // A path: two steps anywhere, or one that begins a word.
  [/(?:\b[a-z]:)?(?:[\\/][\w.@~+-]+){2,}[\\/]?/gi, '…'],
  [/(?<=^|[\s"'(=:])[\\/][\w.@~+-]+/g, '…'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '…'],
  [/\[[\da-f:.]{2,45}(?:%\w+)?\](?::\d+)?/gi, '…'],
  [/(?<![\w:])(?:[\da-f]{0,4}:){2,7}[\da-f]{1,4}(?!\w|:\w)/gi, '…'],
  [/\b[\w-]+(?:\.[\w-]+)+:\d+\b|\b[\w-]+:\d{4,5}\b/g, '…'],
  [/\b0x[\da-f]{6,}\b/gi, '…'],
]

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
