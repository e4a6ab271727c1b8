/** Completion → `chat.completion`. */
import type { Completion, Passage } from '../../chat/completion.ts'
import type { Logprob } from '../../chat/event.ts'
import { encodeFinishReason } from './finish-reason.ts'
import { encodeLogprobs } from './logprobs.ts'
import type { ReasoningField } from './reasoning-field.ts'
import { SYSTEM_FINGERPRINT, type Stamp } from './stamp.ts'
import { encodeUsage } from './usage.ts'

/** The whole answer as JSON text. `content` is null when there are only tool calls. */
export const encodeChatCompletion = (
  completion: Completion,
  stamp: Stamp,
  reasoningField: ReasoningField,
): string => {
  const { calls, finish } = completion
  const logprobs = logprobsOf(completion, reasoningField)
  const usage = encodeUsage(finish.usage)
  return JSON.stringify({
    id: stamp.id,
    object: 'chat.completion',
    created: stamp.created,
    model: stamp.model,
    system_fingerprint: SYSTEM_FINGERPRINT,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          ...contentOf(completion, reasoningField),
          refusal: null,
          ...(calls.length > 0 && {
            tool_calls: calls.map(({ id, name, arguments: args }) => ({
              id,
              type: 'function',
              function: { name, arguments: args },
            })),
          }),
        },
        logprobs: logprobs.length > 0 ? encodeLogprobs(logprobs) : null,
        finish_reason: encodeFinishReason(finish.reason),
      },
    ],
    ...(usage !== null && { usage }),
  })
}

const contentOf = (
  { text, reasoning, passages, calls }: Completion,
  field: ReasoningField,
): object => {
  const content = field === 'think-tags' ? passages.map(tagged).join('') : text
  return {
    content: content === '' && calls.length > 0 ? null : content,
    ...((field === 'reasoning' || field === 'reasoning_content') &&
      reasoning !== '' && { [field]: reasoning }),
  }
}

/** As the stream has it: each block of reasoning in tags of its own. */
const tagged = ({ type, text }: Passage): string =>
  type === 'reasoning' ? `<think>${text}</think>` : text

/** Those of all tokens that the client is shown. */
const logprobsOf = (
  { reasoningLogprobs, logprobs }: Completion,
  field: ReasoningField,
): readonly Logprob[] => (field === 'none' ? logprobs : [...reasoningLogprobs, ...logprobs])
