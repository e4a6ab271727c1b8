/** The body of `POST /v1/chat/completions` → ChatRequest. */
import { z } from 'zod'
import type { ChatRequest } from '../../chat/request.ts'
import type { Failed } from '../../failure.ts'
import { accept, isJsonObject } from '../../wire/json.ts'
import { allOf, type Steps } from '../../wire/steps.ts'
import { decodeMessages, messages } from './chat-message.ts'
import { compiled, integer } from './field.ts'
import { headerNames, ignoredFields } from './ignored-fields.ts'
import { decodeKeepAlive, keepAlive } from './keep-alive.ts'
import { decodeOptions, ollamaOptions, windowField } from './ollama-options.ts'
import { decodeEffort, READ_OF_REASONING, reasoningEffort } from './reasoning-effort.ts'
import { decodeReasoningField, type ReasoningField, reasoningField } from './reasoning-field.ts'
import { invalid, refuseIgnored } from './refusal.ts'
import {
  decodeFormat,
  formatField,
  ignoredFormats,
  READ_OF_FORMAT,
  responseFormat,
} from './response-format.ts'
import { decodeSampling, sampling } from './sampling.ts'
import {
  decodeIncludeUsage,
  ignoredStreamOptions,
  READ_OF_STREAM_OPTIONS,
  streamOptions,
} from './stream-options.ts'
import { chosen, decodeToolChoice, toolChoice } from './tool-choice.ts'
import { decodeTools, toolDefinitions } from './tool-definitions.ts'

const schema = z.object({
  model: z
    .string()
    .refine((name) => name.trim() !== '', { error: 'expected the name of a model.' }),
  messages,
  stream: z.boolean().nullish(),
  ...streamOptions,
  n: integer(1, Number.MAX_SAFE_INTEGER).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: integer(0, 20).nullish(),
  keep_alive: keepAlive,
  ...sampling,
  ...ollamaOptions,
  ...reasoningEffort,
  ...reasoningField,
  ...responseFormat,
  ...toolDefinitions,
  ...toolChoice,
})

const compiledSchema = compiled(schema)

const KNOWN: ReadonlySet<string> = new Set(Object.keys(schema.shape))
const READ = new Map([...READ_OF_REASONING, ...READ_OF_FORMAT, ...READ_OF_STREAM_OPTIONS])

/** What the operator lets clients do. */
export type RequestPolicy = {
  /** Refuse what would be ignored. */
  readonly strict: boolean
  /** Let clients set what makes Ollama load a model anew: `num_ctx`, `options.num_gpu`, any `keep_alive`, … */
  readonly allowLoadOptions: boolean
  /** The most that `n` may be; 1 where it is not said. */
  readonly maxChoices?: number
  /** Whether pictures may be somewhere else than in the request. */
  readonly mayFetch?: boolean
}

/** A ChatRequest, and how its answer is to be given. */
export type ChatCompletionRequest = {
  readonly request: ChatRequest
  readonly stream: boolean
  readonly includeUsage: boolean
  /** How many answers are wanted, each a choice of its own. */
  readonly choices: number
  /** The client's own wish, before the operator's default. */
  readonly reasoningField?: ReasoningField
  /** Ids of the calls in the conversation: new calls get others. */
  readonly usedCallIds: ReadonlySet<string>
  /** Names of what the client asked for in vain; safe in a header. */
  readonly ignored: readonly string[]
}

/**
 * @param body as `parseJson` reads it.
 * @throws Failed `invalid-request` or `unsupported-parameter`, naming the param.
 */
export const decodeChatCompletionRequest = (
  body: unknown,
  policy: RequestPolicy,
): ChatCompletionRequest => allOf(decodeInSteps(body, policy))

/** As {@link decodeChatCompletionRequest}: 10 MB of history take 50 ms. */
export function* decodeInSteps(
  body: unknown,
  { strict, allowLoadOptions, maxChoices = 1, mayFetch = false }: RequestPolicy,
): Steps<ChatCompletionRequest> {
  const wire = accept(compiledSchema(), body)
  const choices = wire.n ?? 1
  if (choices > maxChoices) throw tooManyChoices(maxChoices)
  const choice = decodeToolChoice(wire)
  const { maxCalls, mustCall } = choice
  const tools = chosen(yield* decodeTools(wire), choice)
  const wish = decodeFormat(wire)
  // A schema leaves no room for a call, so a model held to one never calls (field § 5).
  const toolsWin =
    tools.length > 0 && (typeof wish === 'object' || (mustCall && wish !== undefined))
  const format = toolsWin ? undefined : wish
  const effort = decodeEffort(wire)
  const stay = decodeKeepAlive(wire, allowLoadOptions)
  const field = decodeReasoningField(wire)
  const { options, numCtx, ...denied } = decodeOptions(wire, allowLoadOptions)
  const conversation = yield* decodeMessages(wire.messages, mayFetch)
  const ignored = [
    ...(isJsonObject(body) ? ignoredFields(body, KNOWN, READ) : []),
    ...ignoredStreamOptions(wire),
    ...ignoredFormats(wire),
    ...(toolsWin ? [formatField(wire)] : []),
    ...denied.ignored,
    ...stay.ignored,
  ]
  if (strict) refuseIgnored(ignored)
  return {
    request: {
      model: wire.model,
      messages: conversation.messages,
      tools,
      maxCalls,
      ...(mustCall && { mustCall }),
      sampling: decodeSampling(wire),
      ...(format !== undefined && { format }),
      ...(effort !== undefined && { effort: effort.effort }),
      ...logprobsOf(wire),
      ...(options !== undefined && { options }),
      ...(numCtx !== undefined && { numCtx }),
      ...(stay.keepAlive !== undefined && { keepAlive: stay.keepAlive }),
      ...askedAs(effort?.field, numCtx === undefined ? undefined : windowField(wire)),
    },
    stream: wire.stream ?? false,
    includeUsage: decodeIncludeUsage(wire),
    choices,
    ...(field !== undefined && { reasoningField: field }),
    usedCallIds: conversation.usedCallIds,
    ignored: headerNames(ignored),
  }
}

const tooManyChoices = (most: number): Failed =>
  invalid(
    'n',
    `this server gives at most ${most}. Ask again for more, or have limits.maxChoices raised.`,
  )

const askedAs = (
  effort: string | undefined,
  numCtx: string | undefined,
): Pick<ChatRequest, 'askedAs'> =>
  effort === undefined && numCtx === undefined
    ? {}
    : {
        askedAs: {
          ...(effort !== undefined && { effort }),
          ...(numCtx !== undefined && { numCtx }),
        },
      }

const logprobsOf = (wire: z.infer<typeof schema>): Pick<ChatRequest, 'logprobs'> => {
  const top = wire.top_logprobs ?? 0
  if (wire.logprobs === true) return { logprobs: { top } }
  if (top > 0) throw invalid('top_logprobs', "it is allowed only where 'logprobs' is true.")
  return {}
}
