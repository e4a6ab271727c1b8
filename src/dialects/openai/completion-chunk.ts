/** What one or several turns say → `text_completion` frames of a stream, the error event and the `[DONE]` included. */
import type { ChatEvent, Finish, Logprob, Reasoning, Text, Usage } from '../../chat/event.ts'
import type { SeveralTurnsEvent } from '../../chat/several-turns.ts'
import type { Encoder } from '../../wire/codec.ts'
import { toOctets } from '../../wire/octets.ts'
import { frame, FRAME_END, FRAME_START } from '../../wire/sse.ts'
import { CompletionLogprobs } from './completion-logprobs.ts'
import { encodeError } from './error.ts'
import { encodeFinishReason } from './finish-reason.ts'
import { besideText, type ReasoningField } from './reasoning-field.ts'
import { SYSTEM_FINGERPRINT, type Stamp } from './stamp.ts'
import { encodeUsage } from './usage.ts'

export type CompletionChunkOptions = {
  readonly stamp: Stamp
  readonly reasoningField: ReasoningField
  /** `stream_options.include_usage`: a last chunk with usage, and `usage: null` on all others. */
  readonly includeUsage: boolean
}

/** Writes the turns of one request, each as a choice of its own, under the index that it has. */
export class CompletionChunkEncoder implements Encoder<SeveralTurnsEvent> {
  readonly #includeUsage: boolean
  readonly #reasoningField: ReasoningField
  readonly #head: string
  readonly #tail: string
  readonly #choices = new Map<number, ChoiceChunks>()

  constructor({ stamp, reasoningField, includeUsage }: CompletionChunkOptions) {
    const { id, created, model } = stamp
    const shared = JSON.stringify({
      id,
      object: 'text_completion',
      created,
      model,
      system_fingerprint: SYSTEM_FINGERPRINT,
    })
    this.#includeUsage = includeUsage
    this.#reasoningField = reasoningField
    this.#head = flat(FRAME_START, toOctets(shared.slice(0, -1)), ',"choices":[')
    this.#tail = flat(']', includeUsage ? ',"usage":null' : '', '}', FRAME_END)
  }

  encode(batch: readonly SeveralTurnsEvent[]): string {
    let frames = ''
    for (const event of batch) frames += this.#said(event)
    return frames
  }

  #said(event: SeveralTurnsEvent): string {
    switch (event.type) {
      case 'turn':
        return this.#choice(event.index).encode(event.said)
      case 'finish':
        return this.#usage(event.usage) + frame('[DONE]')
      case 'failure':
        return frame(toOctets(JSON.stringify({ error: encodeError(event.failure).error })))
    }
  }

  #choice(index: number): ChoiceChunks {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const choice = new ChoiceChunks(index, this.#head, this.#tail, this.#reasoningField)
    this.#choices.set(index, choice)
    return choice
  }

  #usage(usage: Usage): string {
    if (!this.#includeUsage) return ''
    return `${this.#head}],"usage":${JSON.stringify(encodeUsage(usage))}}${FRAME_END}`
  }
}

/** The chunks of one choice. Reasoning stands beside an empty text, under its own name: it is never text. */
class ChoiceChunks implements Encoder<ChatEvent> {
  /** A token's frame is its text between two of these. */
  readonly #beforeText: string
  readonly #beforeReasoning: string | null
  readonly #afterWords: string
  readonly #afterText: string
  readonly #tail: string
  readonly #logprobs = new CompletionLogprobs()

  constructor(index: number, head: string, tail: string, field: ReasoningField) {
    const name = besideText(field)
    this.#tail = tail
    this.#beforeText = flat(head, '{"text":"')
    this.#beforeReasoning = name === 'none' ? null : flat(head, '{"text":"","', name, '":"')
    this.#afterText = `","index":${index},"logprobs":`
    this.#afterWords = flat(this.#afterText, 'null,"finish_reason":null}', tail)
  }

  encode(batch: readonly ChatEvent[]): string {
    let frames = ''
    for (const event of batch) {
      if (event.type === 'text') frames += this.#text(event)
      else if (event.type === 'reasoning') frames += this.#reasoning(event)
      else if (event.type === 'finish') frames += this.#finish(event)
      // No tool was offered, and a failure is everybody's: it is said once.
    }
    return frames
  }

  #text({ escaped, logprobs }: Text): string {
    if (logprobs === undefined) return this.#beforeText + escaped + this.#afterWords
    return `${this.#beforeText}${escaped}${this.#scored(logprobs, 'null')}`
  }

  /** Its tokens have no place in the text. */
  #reasoning({ escaped }: Reasoning): string {
    const before = this.#beforeReasoning
    return before === null ? '' : before + escaped + this.#afterWords
  }

  #finish({ reason, logprobs }: Finish): string {
    return `${this.#beforeText}${this.#scored(logprobs, `"${encodeFinishReason(reason)}"`)}`
  }

  #scored(logprobs: readonly Logprob[] | undefined, finishReason: string): string {
    const encoded = logprobs === undefined ? 'null' : toOctets(this.#logprobs.encode(logprobs))
    return `${this.#afterText}${encoded},"finish_reason":${finishReason}}${this.#tail}`
  }
}

/** One string: V8 makes a tree of what is added, and would copy its every leaf for every token. */
const flat = (...parts: readonly string[]): string => parts.join('')
