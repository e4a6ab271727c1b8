/** An upstream's answer → what a client gets of it, streamed and whole: the pure middle, without edges. */
import { CompletionFold, type Completion } from '../../src/chat/completion.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import { Turn } from '../../src/chat/turn.ts'
import { ChatResponseDecoder } from '../../src/dialects/ollama/chat-response.ts'
import { ChunkEncoder } from '../../src/dialects/openai/chat-completion-chunk.ts'
import { encodeChatCompletion } from '../../src/dialects/openai/chat-completion.ts'
import { encodeError } from '../../src/dialects/openai/error.ts'
import type { ReasoningField } from '../../src/dialects/openai/reasoning-field.ts'
import type { Failure } from '../../src/failure.ts'
import { fromOctets } from '../../src/wire/octets.ts'

/** What the request asked for that the answer depends on. */
export type Asked = {
  readonly model?: string
  readonly reasoningField?: ReasoningField
  readonly includeUsage?: boolean
  readonly maxCalls?: number
  readonly usedCallIds?: readonly string[]
  readonly offered?: readonly string[]
}

export type WholeAnswer = { readonly status: number; readonly body: string }

/** The events of a turn as they are to be said, one batch for each slice of octets, and one for the end. */
export const hear = (
  slices: Iterable<string>,
  asked: Asked = {},
): readonly (readonly ChatEvent[])[] => {
  const decoder = new ChatResponseDecoder(16 * 1024 * 1024)
  const turn = turnOf(asked)
  const batches = Array.from(slices, (slice) => turn.order(decoder.feed(slice)))
  return [...batches, turn.order(decoder.end())]
}

/** The frames that a streaming client gets, one text for each batch. */
export const stream = (
  batches: readonly (readonly ChatEvent[])[],
  asked: Asked = {},
): readonly string[] => streamOctets(batches, asked).map(fromOctets)

/** The same, as it stands on the wire. */
export const streamOctets = (
  batches: readonly (readonly ChatEvent[])[],
  { model = 'm', reasoningField = 'reasoning_content', includeUsage = false }: Asked = {},
): readonly string[] => {
  const encoder = new ChunkEncoder({ stamp: stampOf(model), reasoningField, includeUsage })
  return batches.map((batch) => encoder.encode(batch))
}

/** The whole turn, or why there is none. */
export const fold = (batches: readonly (readonly ChatEvent[])[]): Completion | Failure => {
  const completions = new CompletionFold()
  for (const batch of batches) {
    const end = completions.add(batch)
    if (end !== null) return end
  }
  throw new Error('the turn has no last word')
}

/** What a client that does not stream gets. */
export const answerOf = (
  end: Completion | Failure,
  { model = 'm', reasoningField = 'reasoning_content' }: Asked = {},
): WholeAnswer => {
  if (!('kind' in end)) {
    return { status: 200, body: fromOctets(wholeOctets(end, { model, reasoningField })) }
  }
  const { status, error } = encodeError(end)
  return { status, body: JSON.stringify({ error }) }
}

/** A whole answer as it stands on the wire. */
export const wholeOctets = (
  completion: Completion,
  { model = 'm', reasoningField = 'reasoning_content' }: Asked = {},
): string => encodeChatCompletion(completion, stampOf(model), reasoningField).join('')

const stampOf = (model: string) => ({ id: 'chatcmpl-0', created: 0, model })

const turnOf = ({
  maxCalls = Number.POSITIVE_INFINITY,
  usedCallIds = [],
  offered = [],
}: Asked): Turn => {
  let minted = 0
  return new Turn({
    maxCalls,
    offered,
    usedCallIds: new Set(usedCallIds),
    mintCallId: () => `call_minted_${minted++}`,
  })
}
