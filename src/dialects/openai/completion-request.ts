/** The body of `POST /v1/completions` → PromptRequest, one for all its prompts. */
import { z } from 'zod'
import type { PromptRequest } from '../../chat/prompt.ts'
import { accept, isJsonObject } from '../../wire/json.ts'
import type { RequestPolicy } from './chat-completion-request.ts'
import { compiled, integer } from './field.ts'
import { headerNames, ignoredFields } from './ignored-fields.ts'
import { decodeKeepAlive, keepAlive } from './keep-alive.ts'
import { decodeOptions, ollamaOptions, windowField } from './ollama-options.ts'
import { decodeEffort, READ_OF_REASONING, reasoningEffort } from './reasoning-effort.ts'
import { decodeReasoningField, type ReasoningField, reasoningField } from './reasoning-field.ts'
import { invalid, missing, refuseIgnored, unsupported } from './refusal.ts'
import { decodeFormat, ignoredFormats, READ_OF_FORMAT, responseFormat } from './response-format.ts'
import { decodeSampling, sampling } from './sampling.ts'
import {
  decodeIncludeUsage,
  ignoredStreamOptions,
  READ_OF_STREAM_OPTIONS,
  streamOptions,
} from './stream-options.ts'

const choices = integer(1, Number.MAX_SAFE_INTEGER).nullish()

const schema = z.object({
  model: z
    .string()
    .refine((name) => name.trim() !== '', { error: 'expected the name of a model.' }),
  prompt: z.unknown(),
  suffix: z.string().nullish(),
  echo: z.boolean().nullish(),
  n: choices,
  best_of: choices,
  /** How many alternatives of each token; 0 for the token alone. */
  logprobs: integer(0, 5).nullish(),
  stream: z.boolean().nullish(),
  ...streamOptions,
  /** Ollama's own: false has the model's template make a message of the prompt. */
  raw: z.boolean().nullish(),
  keep_alive: keepAlive,
  ...sampling,
  ...ollamaOptions,
  ...reasoningEffort,
  ...reasoningField,
  ...responseFormat,
})

const compiledSchema = compiled(schema)

const KNOWN: ReadonlySet<string> = new Set(Object.keys(schema.shape))
const READ = new Map([...READ_OF_REASONING, ...READ_OF_FORMAT, ...READ_OF_STREAM_OPTIONS])

/** What is asked of each prompt, and how the answer is to be given. */
export type CompletionRequest = {
  readonly request: Omit<PromptRequest, 'prompt'>
  /** At least one; each has a choice of its own, in this order. */
  readonly prompts: readonly string[]
  /** Whether each text begins with its prompt. */
  readonly echo: boolean
  readonly stream: boolean
  readonly includeUsage: boolean
  /** The client's own wish, before the operator's default. */
  readonly reasoningField?: ReasoningField
  /** Names of what the client asked for in vain; safe in a header. */
  readonly ignored: readonly string[]
}

/**
 * A prompt is raw unless the client says `raw: false`: whoever still asks this endpoint wants a text gone on
 * with, and writes the model's marks himself. With a suffix it is the model's template that knows the marks.
 *
 * @param body as `parseJson` reads it.
 * @throws Failed `invalid-request` or `unsupported-parameter`, naming the param.
 */
export const decodeCompletionRequest = (
  body: unknown,
  { strict, allowLoadOptions }: Pick<RequestPolicy, 'strict' | 'allowLoadOptions'>,
): CompletionRequest => {
  const wire = accept(compiledSchema(), body)
  refuseChoices(wire)
  const prompts = decodePrompts(wire.prompt)
  const suffix = wire.suffix == null || wire.suffix === '' ? undefined : wire.suffix
  if (wire.raw === true && suffix !== undefined) throw invalid('suffix', RAW_SUFFIX)
  const raw = suffix === undefined && wire.raw !== false
  const echo = wire.echo ?? false
  if (echo && wire.logprobs != null) throw unsupported('logprobs', ECHOED_LOGPROBS)
  const format = decodeFormat(wire)
  const effort = decodeEffort(wire)
  // A model thinks where its template has it think.
  const thinks = !raw && suffix === undefined
  const field = decodeReasoningField(wire)
  const stay = decodeKeepAlive(wire, allowLoadOptions)
  const { options, numCtx, ...denied } = decodeOptions(wire, allowLoadOptions)
  const ignored = [
    ...(isJsonObject(body) ? ignoredFields(body, KNOWN, READ) : []),
    ...ignoredFormats(wire),
    ...(field === 'think-tags' ? ['reasoning_field'] : []),
    ...ignoredStreamOptions(wire),
    ...denied.ignored,
    ...stay.ignored,
  ]
  if (strict) refuseIgnored(ignored)
  // Never refused, as with a model that cannot think; and not to think is what happens there.
  const isIdle = !thinks && effort !== undefined && effort.effort !== false
  const askedAs = {
    ...(effort !== undefined && { effort: effort.field }),
    ...(numCtx !== undefined && { numCtx: windowField(wire) }),
  }
  return {
    request: {
      model: wire.model,
      raw,
      ...(suffix !== undefined && { suffix }),
      sampling: decodeSampling(wire),
      ...(format !== undefined && { format }),
      ...(thinks && effort !== undefined && { effort: effort.effort }),
      ...(wire.logprobs != null && { logprobs: { top: wire.logprobs } }),
      ...(options !== undefined && { options }),
      ...(numCtx !== undefined && { numCtx }),
      ...(stay.keepAlive !== undefined && { keepAlive: stay.keepAlive }),
      ...(Object.keys(askedAs).length > 0 && { askedAs }),
    },
    prompts,
    echo,
    stream: wire.stream ?? false,
    includeUsage: decodeIncludeUsage(wire),
    ...(field !== undefined && { reasoningField: field }),
    ignored: headerNames(isIdle ? [...ignored, effort.field] : ignored),
  }
}

const refuseChoices = ({ n, best_of: candidates }: z.infer<typeof schema>): void => {
  if (n != null && n > 1) throw unsupported('n', ONE_CHOICE)
  if (candidates != null && candidates > 1) throw unsupported('best_of', ONE_CANDIDATE)
}

const decodePrompts = (prompt: unknown): readonly string[] => {
  if (prompt == null) throw missing('prompt')
  if (typeof prompt === 'string') {
    if (prompt === '') throw invalid('prompt', EMPTY)
    return [prompt]
  }
  if (!Array.isArray(prompt)) throw invalid('prompt', EXPECTED)
  if (prompt.length === 0) throw invalid('prompt', 'expected at least one text.')
  if (prompt.length > MOST_PROMPTS) {
    throw invalid('prompt', `expected at most ${MOST_PROMPTS} texts.`)
  }
  const wires: readonly unknown[] = prompt
  const prompts: string[] = []
  for (const [index, text] of wires.entries()) {
    if (typeof text === 'number' || Array.isArray(text)) throw unsupported('prompt', TOKENS)
    if (typeof text !== 'string') throw invalid(`prompt[${index}]`, EXPECTED)
    if (text === '') throw invalid(`prompt[${index}]`, EMPTY)
    prompts.push(text)
  }
  return prompts
}

/** Each is a turn of the model's, and they are answered one after another. */
const MOST_PROMPTS = 1000

const EXPECTED = 'expected a text, or a list of texts.'
const EMPTY = 'expected a text that is not empty: Ollama answers nothing to an empty one.'
const TOKENS =
  'Token numbers cannot be read here: they are those of another tokenizer than the model has. ' +
  'Send the texts themselves.'
const RAW_SUFFIX =
  "a gap is filled with the help of the model's template: leave 'raw' out, or write the model's " +
  'own marks into the prompt.'
const ECHOED_LOGPROBS =
  "The log probabilities of a prompt's tokens cannot be had from Ollama: leave out 'echo' or 'logprobs'."
const ONE_CHOICE =
  'A prompt has one choice here: send n as 1, or the prompt several times in a list.'
const ONE_CANDIDATE = 'tolk compares no candidates: send best_of as 1, or leave it out.'
