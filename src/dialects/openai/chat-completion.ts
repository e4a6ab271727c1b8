/** Completion → `chat.completion`. */
import { piecesOf, type Completion } from '../../chat/completion.ts'
import type { Logprob } from '../../chat/event.ts'
import type { SeveralCompletions } from '../../chat/several-completions.ts'
import { toOctets } from '../../wire/octets.ts'
import { encodeFinishReason } from './finish-reason.ts'
import { encodeLogprobs } from './logprobs.ts'
import type { ReasoningField } from './reasoning-field.ts'
import { SYSTEM_FINGERPRINT, type Stamp } from './stamp.ts'
import { encodeUsage } from './usage.ts'

/**
 * The whole answer as JSON text, in octets, in pieces to be written one after the other: what was said
 * stands among them as it was gathered, so that a long answer is not held twice. `content` is null when
 * there are only tool calls.
 */
export const encodeChatCompletion = (
  completion: Completion,
  stamp: Stamp,
  reasoningField: ReasoningField,
): readonly string[] =>
  encodeChatCompletions(
    { completions: [completion], usage: completion.finish.usage },
    stamp,
    reasoningField,
  )

/** As {@link encodeChatCompletion}, with a choice for each completion, in their order. */
export const encodeChatCompletions = (
  { completions, usage }: SeveralCompletions,
  stamp: Stamp,
  reasoningField: ReasoningField,
): readonly string[] => {
  const { id, created, model } = stamp
  const counted = encodeUsage(usage)
  const shared = JSON.stringify({
    id,
    object: 'chat.completion',
    created,
    model,
    system_fingerprint: SYSTEM_FINGERPRINT,
  })
  return [
    toOctets(`${shared.slice(0, -1)},"choices":[`),
    ...completions.flatMap((completion, index) => choiceOf(completion, index, reasoningField)),
    counted === null ? ']}' : `],"usage":${JSON.stringify(counted)}}`,
  ]
}

const choiceOf = (
  completion: Completion,
  index: number,
  reasoningField: ReasoningField,
): readonly string[] => {
  const { calls, finish } = completion
  const logprobs = logprobsOf(completion, reasoningField)
  return [
    `${index === 0 ? '' : ','}{"index":${index},"message":{"role":"assistant"`,
    ...contentOf(completion, reasoningField),
    ...reasoningOf(completion, reasoningField),
    ',"refusal":null',
    calls.length > 0 ? `,"tool_calls":${toOctets(JSON.stringify(calls.map(encodeCall)))}` : '',
    '},"logprobs":',
    logprobs.length > 0 ? toOctets(JSON.stringify(encodeLogprobs(logprobs))) : 'null',
    `,"finish_reason":"${encodeFinishReason(finish.reason)}"}`,
  ]
}

const contentOf = (completion: Completion, field: ReasoningField): readonly string[] => {
  const pieces = field === 'think-tags' ? tagged(completion) : piecesOf(completion, 'text')
  const isEmpty = pieces.every((piece) => piece === '')
  return isEmpty && completion.calls.length > 0
    ? [',"content":null']
    : [',"content":"', ...pieces, '"']
}

/** As the stream has it: each block of reasoning in tags of its own. */
const tagged = ({ passages }: Completion): readonly string[] =>
  passages.flatMap(({ type, pieces }) =>
    type === 'reasoning' ? ['<think>', ...pieces, '</think>'] : pieces,
  )

const reasoningOf = (completion: Completion, field: ReasoningField): readonly string[] => {
  if (field !== 'reasoning' && field !== 'reasoning_content') return []
  const pieces = piecesOf(completion, 'reasoning')
  return pieces.length === 0 ? [] : [`,"${field}":"`, ...pieces, '"']
}

const encodeCall = ({ id, name, arguments: args }: Completion['calls'][number]): object => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})

/** Those of all tokens that the client is shown. */
const logprobsOf = (
  { reasoningLogprobs, logprobs }: Completion,
  field: ReasoningField,
): readonly Logprob[] => (field === 'none' ? logprobs : [...reasoningLogprobs, ...logprobs])
