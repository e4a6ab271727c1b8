/** SeveralCompletions → `text_completion`, a choice for each. */
import { piecesOf, type Completion } from '../../chat/completion.ts'
import type { SeveralCompletions } from '../../chat/several-completions.ts'
import { toOctets } from '../../wire/octets.ts'
import { CompletionLogprobs } from './completion-logprobs.ts'
import { encodeFinishReason } from './finish-reason.ts'
import { besideText, type ReasoningField } from './reasoning-field.ts'
import { SYSTEM_FINGERPRINT, type Stamp } from './stamp.ts'
import { encodeUsage } from './usage.ts'

/**
 * The whole answer as JSON text, in octets, in pieces to be written one after the other. Reasoning stands
 * beside the text, as in a stream.
 */
export const encodeCompletion = (
  { completions, usage: total }: SeveralCompletions,
  stamp: Stamp,
  reasoningField: ReasoningField,
): readonly string[] => {
  const { id, created, model } = stamp
  const usage = encodeUsage(total)
  const shared = JSON.stringify({
    id,
    object: 'text_completion',
    created,
    model,
    system_fingerprint: SYSTEM_FINGERPRINT,
  })
  return [
    toOctets(`${shared.slice(0, -1)},"choices":[`),
    ...completions.flatMap((completion, index) => [
      index === 0 ? '' : ',',
      ...encodeChoice(completion, index, reasoningField),
    ]),
    usage === null ? ']}' : `],"usage":${JSON.stringify(usage)}}`,
  ]
}

const encodeChoice = (
  completion: Completion,
  index: number,
  field: ReasoningField,
): readonly string[] => {
  const { logprobs, finish } = completion
  const encoded = logprobs.length > 0 ? toOctets(new CompletionLogprobs().encode(logprobs)) : 'null'
  return [
    '{"text":"',
    ...piecesOf(completion, 'text'),
    '"',
    ...reasoningOf(completion, field),
    `,"index":${index},"logprobs":${encoded},"finish_reason":"${encodeFinishReason(finish.reason)}"}`,
  ]
}

const reasoningOf = (completion: Completion, field: ReasoningField): readonly string[] => {
  const name = besideText(field)
  const pieces = piecesOf(completion, 'reasoning')
  return name === 'none' || pieces.length === 0 ? [] : [`,"${name}":"`, ...pieces, '"']
}
