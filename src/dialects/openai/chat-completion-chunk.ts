/** ChatEvent → `chat.completion.chunk` frames, the error event and the `[DONE]` included. */
import type {
  ChatEvent,
  Finish,
  Logprob,
  Reasoning,
  Text,
  ToolCall,
  Usage,
} from '../../chat/event.ts'
import type { Failure } from '../../failure.ts'
import type { Encoder } from '../../wire/codec.ts'
import { toOctets } from '../../wire/octets.ts'
import { frame, FRAME_END, FRAME_START } from '../../wire/sse.ts'
import { encodeError } from './error.ts'
import { encodeFinishReason } from './finish-reason.ts'
import { encodeLogprobs } from './logprobs.ts'
import type { ReasoningField } from './reasoning-field.ts'
import { SYSTEM_FINGERPRINT, type Stamp } from './stamp.ts'
import { encodeUsage } from './usage.ts'

export type ChunkOptions = {
  readonly stamp: Stamp
  readonly reasoningField: ReasoningField
  /** `stream_options.include_usage`: a last chunk with usage, and `usage: null` on all others. */
  readonly includeUsage: boolean
  /** Its index, of one of several choices: what ends the answer is not its own then. Absent: the only one. */
  readonly choice?: number
}

/**
 * Writes one turn, in the order of a `Turn`. A chunk's delta holds one kind: role, reasoning, content,
 * tool calls, or nothing beside the finish reason.
 */
export class ChunkEncoder implements Encoder<ChatEvent> {
  readonly #reasoningField: ReasoningField
  readonly #includeUsage: boolean
  readonly #isAlone: boolean
  readonly #head: string
  readonly #tail: string
  readonly #beforeDelta: string
  /** A token's frame is its text between two of these: all else of it is written once a turn. */
  readonly #beforeText: string
  readonly #beforeReasoning: string
  readonly #afterWords: string
  /** The kind of the event before; `null` until the role is said, then `role` until anything else is. */
  #last: ChatEvent['type'] | 'role' | null = null
  #calls = 0

  constructor({ stamp, reasoningField, includeUsage, choice }: ChunkOptions) {
    const { id, created, model } = stamp
    const shared = JSON.stringify({
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      system_fingerprint: SYSTEM_FINGERPRINT,
    })
    const words = reasoningField === 'think-tags' ? 'content' : reasoningField
    this.#reasoningField = reasoningField
    this.#includeUsage = includeUsage
    this.#isAlone = choice === undefined
    this.#head = flat(FRAME_START, toOctets(shared.slice(0, -1)), ',"choices":[')
    this.#tail = flat(']', includeUsage ? ',"usage":null' : '', '}', FRAME_END)
    this.#beforeDelta = flat(this.#head, '{"index":', String(choice ?? 0), ',"delta":')
    this.#beforeText = flat(this.#beforeDelta, '{"content":"')
    this.#beforeReasoning = flat(this.#beforeDelta, '{"', words, '":"')
    this.#afterWords = flat('"}', this.#afterDelta(undefined))
  }

  encode(batch: readonly ChatEvent[]): string {
    let frames = ''
    for (const event of batch) {
      if (event.type !== this.#last) frames += this.#turnTo(event.type)
      frames += this.#said(event)
    }
    return frames
  }

  /** Says the role ahead of whatever is said; then it is not said again. */
  begin(): string {
    this.#last = 'role'
    return this.#choice('{"role":"assistant"}')
  }

  /** The last words of an answer that was finished: usage, where it was asked for, and `[DONE]`. */
  end(usage: Usage): string {
    const counted = this.#includeUsage
      ? `${this.#head}],"usage":${JSON.stringify(encodeUsage(usage))}}${FRAME_END}`
      : ''
    return counted + frame('[DONE]')
  }

  /** What is still owed when a failure ends the answer: the tag that closes its reasoning. */
  breakOff(): string {
    return this.#turnTo('failure')
  }

  /** What stands between two kinds: the role before everything, the tags around reasoning. */
  #turnTo(kind: ChatEvent['type']): string {
    const last = this.#last
    this.#last = kind
    const role = last === null && kind !== 'failure' ? this.#choice('{"role":"assistant"}') : ''
    if (this.#reasoningField !== 'think-tags') return role
    const close = last === 'reasoning' ? this.#choice('{"content":"</think>"}') : ''
    const open = kind === 'reasoning' ? this.#choice('{"content":"<think>"}') : ''
    return role + close + open
  }

  #said(event: ChatEvent): string {
    switch (event.type) {
      case 'text':
        return this.#words(this.#beforeText, event)
      case 'reasoning':
        return this.#reasoningField === 'none' ? '' : this.#words(this.#beforeReasoning, event)
      case 'tool-call':
        return this.#choice(`{"tool_calls":[${this.#toolCall(event)}]}`, event.logprobs)
      case 'finish':
        return this.#finish(event)
      case 'failure':
        return errorFrame(event.failure)
    }
  }

  #words(before: string, { escaped, logprobs }: Text | Reasoning): string {
    const after = logprobs === undefined ? this.#afterWords : `"}${this.#afterDelta(logprobs)}`
    return before + escaped + after
  }

  #toolCall({ id, name, arguments: args }: ToolCall): string {
    const index = this.#calls++
    const call = { index, id, type: 'function', function: { name, arguments: args } }
    return toOctets(JSON.stringify(call))
  }

  #finish(event: Finish): string {
    const finish = this.#choice('{}', event.logprobs, `"${encodeFinishReason(event.reason)}"`)
    return this.#isAlone ? finish + this.end(event.usage) : finish
  }

  #choice(delta: string, logprobs?: readonly Logprob[], finishReason?: string): string {
    return `${this.#beforeDelta}${delta}${this.#afterDelta(logprobs, finishReason)}`
  }

  #afterDelta(logprobs: readonly Logprob[] | undefined, finishReason = 'null'): string {
    const encoded =
      logprobs === undefined ? 'null' : toOctets(JSON.stringify(encodeLogprobs(logprobs)))
    return `,"logprobs":${encoded},"finish_reason":${finishReason}}${this.#tail}`
  }
}

/** The last word of an answer that fails in mid-stream. */
export const errorFrame = (failure: Failure): string =>
  frame(toOctets(JSON.stringify({ error: encodeError(failure).error })))

/** One string: V8 makes a tree of what is added, and would copy its every leaf for every token. */
const flat = (...parts: readonly string[]): string => parts.join('')
