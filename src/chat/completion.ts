/** Completion: folds the events of a turn into the one message it said. */
import type { Failure } from '../failure.ts'
import type { ChatEvent, Finish, Logprob, ToolCall } from './event.ts'

/** A whole turn. What the model did not say is an empty string or list. */
export type Completion = {
  readonly reasoning: string
  readonly text: string
  readonly calls: readonly ToolCall[]
  readonly logprobs: readonly Logprob[]
  readonly finish: Finish
}

/** Gathers a turn as it is said; linear in its length. */
export class CompletionFold {
  readonly #reasoning: string[] = []
  readonly #text: string[] = []
  readonly #calls: ToolCall[] = []
  readonly #logprobs: Logprob[] = []

  /** @returns the turn's end when this batch held it: the whole completion, or why there is none. */
  add(batch: readonly ChatEvent[]): Completion | Failure | null {
    for (const event of batch) {
      if (event.type === 'failure') return event.failure
      if (event.logprobs !== undefined) this.#logprobs.push(...event.logprobs)
      switch (event.type) {
        case 'reasoning':
          this.#reasoning.push(event.text)
          break
        case 'text':
          this.#text.push(event.text)
          break
        case 'tool-call':
          this.#calls.push(event)
          break
        case 'finish':
          return this.#completed(event)
      }
    }
    return null
  }

  #completed(finish: Finish): Completion {
    return {
      reasoning: this.#reasoning.join(''),
      text: this.#text.join(''),
      calls: this.#calls,
      logprobs: this.#logprobs,
      finish,
    }
  }
}

/** The turn a completion was, in the plain order: for a client that streams from a model that does not. */
export const retold = (completion: Completion): readonly ChatEvent[] => {
  const { reasoning, text, calls, logprobs, finish } = completion
  const events: ChatEvent[] = []
  if (reasoning !== '') events.push({ type: 'reasoning', text: reasoning })
  if (text !== '') {
    events.push(logprobs.length > 0 ? { type: 'text', text, logprobs } : { type: 'text', text })
  }
  events.push(
    ...calls.map(({ id, name, arguments: args }) => ({
      type: 'tool-call' as const,
      id,
      name,
      arguments: args,
    })),
  )
  const { reason, usage } = finish
  events.push(
    text === '' && logprobs.length > 0
      ? { type: 'finish', reason, usage, logprobs }
      : { type: 'finish', reason, usage },
  )
  return events
}
