/** ChatEvent → `chat.completion.chunk` frames, the error event and the `[DONE]` included. */
import type { ChatEvent, Finish, ToolCall } from '../../chat/event.ts'
import type { Encoder } from '../../wire/codec.ts'
import { frame } from '../../wire/sse.ts'
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
}

/**
 * Writes one turn, in the order of a `Turn`. A chunk's delta holds one kind: role, reasoning, content,
 * tool calls, or nothing beside the finish reason.
 */
export class ChunkEncoder implements Encoder<ChatEvent> {
  readonly #head: string
  readonly #tail: string
  readonly #reasoningField: ReasoningField
  readonly #includeUsage: boolean
  /** The kind of the event before; `null` until the role is said. */
  #last: ChatEvent['type'] | null = null
  #calls = 0

  constructor({ stamp, reasoningField, includeUsage }: ChunkOptions) {
    // What all chunks share is written once: a token then costs one JSON.stringify of its text.
    const { id, created, model } = stamp
    const shared = JSON.stringify({
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      system_fingerprint: SYSTEM_FINGERPRINT,
    })
    this.#head = `${shared.slice(0, -1)},"choices":[`
    this.#tail = includeUsage ? '],"usage":null}' : ']}'
    this.#reasoningField = reasoningField
    this.#includeUsage = includeUsage
  }

  encode(batch: readonly ChatEvent[]): string {
    let frames = ''
    for (const event of batch) frames += this.#event(event)
    return frames
  }

  #event(event: ChatEvent): string {
    const role =
      this.#last === null && event.type !== 'failure'
        ? this.#choice('{"role":"assistant"}', {})
        : ''
    const close =
      this.#last === 'reasoning' && event.type !== 'reasoning' ? this.#thinkTag('</think>') : ''
    const open =
      this.#last !== 'reasoning' && event.type === 'reasoning' ? this.#thinkTag('<think>') : ''
    this.#last = event.type
    return role + close + open + this.#said(event)
  }

  #said(event: ChatEvent): string {
    switch (event.type) {
      case 'reasoning':
        return this.#reasoning(event)
      case 'text':
        return this.#choice(`{"content":${JSON.stringify(event.text)}}`, event)
      case 'tool-call':
        return this.#choice(`{"tool_calls":[${this.#toolCall(event)}]}`, event)
      case 'finish':
        return this.#finish(event)
      case 'failure':
        return frame(JSON.stringify({ error: encodeError(event.failure).error }))
    }
  }

  #reasoning(event: Extract<ChatEvent, { type: 'reasoning' }>): string {
    const text = JSON.stringify(event.text)
    switch (this.#reasoningField) {
      case 'none':
        return ''
      case 'think-tags':
        return this.#choice(`{"content":${text}}`, event)
      case 'reasoning':
      case 'reasoning_content':
        return this.#choice(`{"${this.#reasoningField}":${text}}`, event)
    }
  }

  #thinkTag(tag: string): string {
    return this.#reasoningField === 'think-tags'
      ? this.#choice(`{"content":${JSON.stringify(tag)}}`, {})
      : ''
  }

  #toolCall({ id, name, arguments: args }: ToolCall): string {
    const index = this.#calls++
    return JSON.stringify({ index, id, type: 'function', function: { name, arguments: args } })
  }

  #finish(event: Finish): string {
    const finish = this.#choice('{}', event, `"${encodeFinishReason(event.reason)}"`)
    const usage = this.#includeUsage
      ? frame(`${this.#head}],"usage":${JSON.stringify(encodeUsage(event.usage))}}`)
      : ''
    return `${finish}${usage}${frame('[DONE]')}`
  }

  #choice(delta: string, said: WithLogprobs, finishReason = 'null'): string {
    const logprobs =
      said.logprobs === undefined ? 'null' : JSON.stringify(encodeLogprobs(said.logprobs))
    return frame(
      `${this.#head}{"index":0,"delta":${delta},"logprobs":${logprobs},"finish_reason":${finishReason}}${this.#tail}`,
    )
  }
}

type WithLogprobs = Pick<Finish, 'logprobs'>
