/** Several turns → the chunks of one answer, each with the `index` of its choice. */
import type { SeveralTurnsEvent } from '../../chat/several-turns.ts'
import type { Encoder } from '../../wire/codec.ts'
import { ChunkEncoder, type ChunkOptions, errorFrame } from './chat-completion-chunk.ts'

/**
 * Each choice is written as it would be alone, its role and its finish reason included; usage and `[DONE]`
 * come once, behind the last of them. All roles come first, as from OpenAI: where one choice finishes before the
 * next begins, a client that knew of no other would take the answer for whole (openai-java 4.101).
 */
export class ChoicesEncoder implements Encoder<SeveralTurnsEvent> {
  readonly #choices: readonly ChunkEncoder[]
  #hasBegun = false

  constructor(count: number, options: Omit<ChunkOptions, 'choice'>) {
    this.#choices = Array.from(
      { length: count },
      (_, choice) => new ChunkEncoder({ ...options, choice }),
    )
  }

  encode(batch: readonly SeveralTurnsEvent[]): string {
    let frames = ''
    for (const event of batch) frames += this.#said(event)
    return frames
  }

  #begin(): string {
    if (this.#hasBegun) return ''
    this.#hasBegun = true
    return this.#choices.map((choice) => choice.begin()).join('')
  }

  #said(event: SeveralTurnsEvent): string {
    switch (event.type) {
      case 'turn':
        return this.#begin() + (this.#choices[event.index]?.encode(event.said) ?? '')
      case 'finish':
        return this.#choices[0]?.end(event.usage) ?? ''
      case 'failure':
        return this.#choices.map((choice) => choice.breakOff()).join('') + errorFrame(event.failure)
    }
  }
}
