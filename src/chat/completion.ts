/** Completion: folds the events of a turn into the one message it said. */
import type { Failure } from '../failure.ts'
import type { ChatEvent, Finish, Logprob, Reasoning, Text, ToolCall } from './event.ts'

/** What was said of one kind without a break, escaped, in pieces to be joined. */
export type Passage = {
  readonly type: 'reasoning' | 'text'
  readonly pieces: readonly string[]
}

/** A whole turn. */
export type Completion = {
  /** Reasoning and text in the order they were said. */
  readonly passages: readonly Passage[]
  readonly calls: readonly ToolCall[]
  /** Of the reasoning's tokens, apart: who is not shown the reasoning is not shown its tokens. */
  readonly reasoningLogprobs: readonly Logprob[]
  /** Of all other tokens. */
  readonly logprobs: readonly Logprob[]
  readonly finish: Finish
}

/**
 * So many tokens are joined into one piece: a token by itself is a string object of several times its
 * size, and keeps the line alive that it was cut from.
 */
const TOKENS_IN_A_PIECE = 512

type Gathering = { readonly type: Passage['type']; readonly pieces: string[]; tokens: string[] }

/**
 * What a call or a log probability is counted as beside its text, characters: each stands in JSON of its
 * own, and in memory as an object or two.
 */
const OBJECT_LENGTH = 64

/** Gathers a turn as it is said: linear in its length, and hardly larger. */
export class CompletionFold {
  readonly #passages: Gathering[] = []
  readonly #calls: ToolCall[] = []
  readonly #reasoningLogprobs: Logprob[] = []
  readonly #logprobs: Logprob[] = []
  #last: ChatEvent['type'] | null = null
  /** How much more may be said. */
  #room: number
  readonly #most: number

  /** @param most how long a turn may be, characters of JSON; one that is longer fails. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#room = most
  }

  /** @returns the turn's end when this batch held it: the whole completion, or why there is none. */
  add(batch: readonly ChatEvent[]): Completion | Failure | null {
    for (const event of batch) {
      if (event.type === 'failure') return event.failure
      const logprobs = event.type === 'reasoning' ? this.#reasoningLogprobs : this.#logprobs
      for (const logprob of event.logprobs ?? []) {
        logprobs.push(logprob)
        this.#room -= lengthOf(logprob)
      }
      if (event.type === 'finish') return this.#completed(event)
      if (event.type === 'tool-call') this.#call(event)
      else this.#say(event)
      this.#last = event.type
    }
    return this.#room < 0 ? tooLong(this.#most) : null
  }

  #call(call: ToolCall): void {
    this.#room -= OBJECT_LENGTH + call.id.length + call.name.length + call.arguments.length
    this.#calls.push(call)
  }

  #say({ type, escaped }: Reasoning | Text): void {
    this.#room -= escaped.length
    let passage = this.#passages.at(-1)
    if (passage === undefined || this.#last !== type) {
      passage = { type, pieces: [], tokens: [] }
      this.#passages.push(passage)
    }
    passage.tokens.push(escaped)
    if (passage.tokens.length === TOKENS_IN_A_PIECE) join(passage)
  }

  #completed(finish: Finish): Completion {
    for (const passage of this.#passages) join(passage)
    return {
      passages: this.#passages.map(({ type, pieces }) => ({ type, pieces })),
      calls: this.#calls,
      reasoningLogprobs: this.#reasoningLogprobs,
      logprobs: this.#logprobs,
      finish,
    }
  }
}

const lengthOf = ({ token, top }: Logprob): number =>
  top.reduce((sum, each) => sum + each.token.length, token.length) +
  OBJECT_LENGTH * (1 + top.length)

const tooLong = (most: number): Failure => ({
  kind: 'upstream-malformed',
  message:
    `The answer grew beyond ${most} bytes, more than tolk keeps of one that is given whole. Ask for ` +
    "'stream': true, or for fewer tokens, or have the upstream's maxResponseBytes raised.",
})

const join = (passage: Gathering): void => {
  if (passage.tokens.length === 0) return
  passage.pieces.push(passage.tokens.join(''))
  passage.tokens = []
}

/** All that was said of a kind, escaped, in pieces; none when nothing was. */
export const piecesOf = (
  { passages }: Pick<Completion, 'passages'>,
  kind: Passage['type'],
): readonly string[] => passages.flatMap(({ type, pieces }) => (type === kind ? pieces : []))

/** The turn a completion was, in the plain order: for a client that streams from a model that does not. */
export const retold = (completion: Completion): readonly ChatEvent[] => {
  const { calls, reasoningLogprobs, logprobs, finish } = completion
  const { reason, usage } = finish
  const reasoning = piecesOf(completion, 'reasoning').join('')
  const text = piecesOf(completion, 'text').join('')
  return [
    ...(reasoning === ''
      ? []
      : [withLogprobs({ type: 'reasoning', escaped: reasoning }, reasoningLogprobs)]),
    ...(text === '' ? [] : [withLogprobs({ type: 'text', escaped: text }, logprobs)]),
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
