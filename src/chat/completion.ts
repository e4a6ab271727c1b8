/** Completion: folds the events of a turn into the one message it said. */
import type { Failure } from '../failure.ts'
import type { ChatEvent, Finish, Logprob, Reasoning, Text, ToolCall } from './event.ts'

/** What was said of one kind without a break. */
export type Passage = { readonly type: 'reasoning' | 'text'; readonly text: string }

/** A whole turn. What the model did not say is an empty string or list. */
export type Completion = {
  readonly reasoning: string
  readonly text: string
  /** Reasoning and text in the order they were said. */
  readonly passages: readonly Passage[]
  readonly calls: readonly ToolCall[]
  /** Of the reasoning's tokens, apart: who is not shown the reasoning is not shown its tokens. */
  readonly reasoningLogprobs: readonly Logprob[]
  /** Of all other tokens. */
  readonly logprobs: readonly Logprob[]
  readonly finish: Finish
}

/** Gathers a turn as it is said; linear in its length. */
export class CompletionFold {
  readonly #passages: { type: Passage['type']; pieces: string[] }[] = []
  readonly #calls: ToolCall[] = []
  readonly #reasoningLogprobs: Logprob[] = []
  readonly #logprobs: Logprob[] = []
  #last: ChatEvent['type'] | null = null

  /** @returns the turn's end when this batch held it: the whole completion, or why there is none. */
  add(batch: readonly ChatEvent[]): Completion | Failure | null {
    for (const event of batch) {
      if (event.type === 'failure') return event.failure
      const logprobs = event.type === 'reasoning' ? this.#reasoningLogprobs : this.#logprobs
      for (const logprob of event.logprobs ?? []) logprobs.push(logprob)
      if (event.type === 'finish') return this.#completed(event)
      if (event.type === 'tool-call') this.#calls.push(event)
      else this.#say(event)
      this.#last = event.type
    }
    return null
  }

  #say({ type, text }: Reasoning | Text): void {
    const passage = this.#passages.at(-1)
    if (passage !== undefined && this.#last === type) passage.pieces.push(text)
    else this.#passages.push({ type, pieces: [text] })
  }

  #completed(finish: Finish): Completion {
    const passages = this.#passages.map(({ type, pieces }) => ({ type, text: pieces.join('') }))
    return {
      reasoning: textOf(passages, 'reasoning'),
      text: textOf(passages, 'text'),
      passages,
      calls: this.#calls,
      reasoningLogprobs: this.#reasoningLogprobs,
      logprobs: this.#logprobs,
      finish,
    }
  }
}

const textOf = (passages: readonly Passage[], kind: Passage['type']): string =>
  passages
    .filter(({ type }) => type === kind)
    .map(({ text }) => text)
    .join('')

/** The turn a completion was, in the plain order: for a client that streams from a model that does not. */
export const retold = (completion: Completion): readonly ChatEvent[] => {
  const { reasoning, text, calls, reasoningLogprobs, logprobs, finish } = completion
  const { reason, usage } = finish
  return [
    ...(reasoning === ''
      ? []
      : [withLogprobs({ type: 'reasoning', text: reasoning }, reasoningLogprobs)]),
    ...(text === '' ? [] : [withLogprobs({ type: 'text', text }, logprobs)]),
    ...calls.map(({ id, name, arguments: args }) => ({
      type: 'tool-call' as const,
      id,
      name,
      arguments: args,
    })),
    withLogprobs({ type: 'finish', reason, usage }, text === '' ? logprobs : []),
  ]
}

const withLogprobs = <Event extends Reasoning | Text | Finish>(
  event: Event,
  logprobs: readonly Logprob[],
): Event => (logprobs.length === 0 ? event : { ...event, logprobs })
