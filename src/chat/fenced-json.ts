/** JSON that was asked for, and came in a Markdown fence: the fence is taken off while it streams. */
import { fromEscaped, toEscaped } from '../wire/escaped.ts'
import type { ChatEvent, Logprob } from './event.ts'

/**
 * *start*: what came may be the beginning of the fence. *inside*: behind it, where what may be its end
 * waits. *settled*: all passes.
 */
type State = 'start' | 'inside' | 'settled'

/**
 * For a client that asked for JSON; of any other answer a fence is a part. And only of an answer that begins
 * with a fence: one in the middle of a text is the text's own.
 */
export class FencedJson {
  #state: State = 'start'
  #held = ''
  #logprobs: Logprob[] = []

  /** Whether there is nothing left to look for. */
  get isSettled(): boolean {
    return this.#state === 'settled'
  }

  take(event: ChatEvent, said: ChatEvent[]): void {
    if (this.#state === 'settled' || event.type === 'reasoning') {
      said.push(event)
    } else if (event.type === 'text') {
      for (const logprob of event.logprobs ?? []) this.#logprobs.push(logprob)
      this.#held += fromEscaped(event.escaped)
      if (this.#state === 'start') this.#open(said)
      if (this.#state === 'inside') this.#pass(said)
    } else {
      const isClosed = this.#state === 'inside' && CLOSING.test(this.#held)
      this.#say(isClosed ? '' : this.#held, said)
      this.#state = 'settled'
      const logprobs = this.#takeLogprobs()
      said.push(logprobs === undefined ? event : withLogprobs(event, logprobs))
    }
  }

  #open(said: ChatEvent[]): void {
    const [opening] = OPENING.exec(this.#held) ?? []
    if (opening !== undefined) {
      this.#held = this.#held.slice(opening.length)
      this.#state = 'inside'
    } else if (!MAY_OPEN.test(this.#held) || this.#held.length > MAX_OPENING) {
      this.#state = 'settled'
      this.#say(this.#held, said)
    }
  }

  #pass(said: ChatEvent[]): void {
    const kept = this.#held.length - endingOf(this.#held)
    const passed = this.#held.slice(0, kept)
    this.#held = this.#held.slice(kept)
    this.#say(passed, said)
  }

  #say(text: string, said: ChatEvent[]): void {
    if (text === '') return
    const logprobs = this.#takeLogprobs()
    said.push({
      type: 'text',
      escaped: toEscaped(text),
      ...(logprobs !== undefined && { logprobs }),
    })
  }

  #takeLogprobs(): readonly Logprob[] | undefined {
    const logprobs = this.#logprobs
    this.#logprobs = []
    return logprobs.length === 0 ? undefined : logprobs
  }
}

const OPENING = /^\s*```(?:json)?[\t ]*\r?\n/i
const MAY_OPEN = /^\s*(?:`{0,2}|```(?:j|js|jso|json)?[\t ]*\r?)$/i
const CLOSING = /^\s*```\s*$/

/** Characters that may stand before a fence, and in its first line. */
const MAX_OPENING = 1000

/** How much of the end may be the fence's: blanks and backticks alone. */
const endingOf = (text: string): number => {
  let at = text.length
  while (at > 0 && text.length - at < MAX_OPENING && ' \n\r\t`'.includes(text.charAt(at - 1))) at--
  return text.length - at
}

const withLogprobs = (event: ChatEvent, logprobs: readonly Logprob[]): ChatEvent =>
  event.type === 'failure'
    ? event
    : { ...event, logprobs: [...logprobs, ...(event.logprobs ?? [])] }
