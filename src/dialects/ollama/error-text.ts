/** Ollama tells its errors apart by their text alone: this is the table of those texts. */
import type { Ability, Failure } from '../../failure.ts'
import { cleaned } from './private-text.ts'
import type { RunnerError } from './runner-error.ts'

/** Where a text came from. */
export type Context = {
  readonly status: number
  readonly model: string
  readonly retryAfter?: string | undefined
}

/** What a text means; `runner` is what the runner said, where it was the runner. */
export const decodeText = (text: string, runner: RunnerError | null, context: Context): Failure => {
  if (
    runner?.type === 'exceed_context_size_error' ||
    text.startsWith('the prompt is longer than')
  ) {
    return contextExceeded(runner)
  }
  for (const [pattern, read] of READINGS) {
    const match = pattern.exec(text)
    if (match !== null) return read(match, { ...context, text })
  }
  return rejected(context.status, text, {})
}

/** An error that nothing more is known of than its status; its text is shown cleaned. */
export const rejected = (
  status: number,
  text: string,
  { code }: { readonly code?: string },
): Failure => ({
  kind: 'upstream-rejected',
  status,
  message: cleaned(text) || 'The upstream refused the request and did not say why.',
  ...(code !== undefined && { code }),
})

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
    /^the input length exceeds the context length/,
    () => ({
      kind: 'context-exceeded',
      param: 'input',
      message:
        'A text is longer than the context window that the model is served with. ' +
        'Cut it into shorter ones, or have the window enlarged (numCtx).',
    }),
  ],
  [/^embedding contains NaN/, (_match, { text }) => rejected(502, text, {})],
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
    case 'embedding':
    case 'embeddings':
      return unsupported('embeddings', 'model', model)
    case 'insert':
      return unsupported('suffix', 'suffix', model)
    case 'chat':
    case 'generate':
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
    embeddings: 'cannot make embeddings',
    tools: 'cannot call tools',
    images: 'cannot see images',
    audio: 'cannot hear audio',
    suffix: 'was not made to fill a gap in a text',
  }[ability]
  const message = `${name} ${lacks}. GET /v1/models shows what each model can do.`
  return { kind: 'unsupported-by-model', ability, param, message }
}

const contextExceeded = (runner: RunnerError | null): Failure => {
  const { promptTokens, window } = runner ?? {}
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

/** A load's error text is a chain of causes, the last of which says most. */
const lastClause = (text: string): string => {
  const line = cleaned(text).replace(/[.\s]+$/, '')
  const clause = line.replace(/^.*?exit status \d+:?\s*/, '')
  return clause === '' ? 'its runner ended at once' : clause
}

const invalid = (param: string, message: string): Failure => ({
  kind: 'invalid-request',
  message,
  param,
  code: 'invalid_value',
})
