/** What a model says, as events, written as one reads it. */
import type { ChatEvent, Logprob, Reasoning, Text } from '../../src/chat/event.ts'
import { fromEscaped, toEscaped } from '../../src/wire/escaped.ts'

export const text = (said: string, logprobs?: readonly Logprob[]): Text => ({
  type: 'text',
  ...words(said, logprobs),
})

export const reasoning = (said: string, logprobs?: readonly Logprob[]): Reasoning => ({
  type: 'reasoning',
  ...words(said, logprobs),
})

/** All text of a turn; reasoning is left out. */
export const textOf = (events: readonly ChatEvent[]): string =>
  events.map((event) => (event.type === 'text' ? fromEscaped(event.escaped) : '')).join('')

const words = (said: string, logprobs?: readonly Logprob[]) => ({
  escaped: toEscaped(said),
  ...(logprobs !== undefined && { logprobs }),
})
