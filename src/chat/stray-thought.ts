/** A thought that a model put into its text, between `<think>` and `</think>`: split off while it streams. */
import type { ChatEvent, Logprob } from './event.ts'

const OPEN = '<think>'
const CLOSE = '</think>'

/** Octets of blanks that a tag may come behind. */
const MAX_BEGINNING = 1000

/**
 * *start*: nothing is said yet, and what came may be the beginning of the tag. *thinking*: behind it.
 * *after*: behind its end, where blanks are the gap that it leaves. *settled*: all passes.
 */
type State = 'start' | 'opened' | 'thinking' | 'after' | 'settled'

/**
 * Only the very first thing that is said, and only when the upstream told of no thought itself: a tag in
 * the middle of a text is somebody's example. Nothing waits but what may be part of a tag.
 */
export class StrayThought {
  #state: State = 'start'
  /** What may be the beginning of a tag, blanks before it included; escaped. */
  #held = ''
  #logprobs: Logprob[] = []

  /** Whether there is nothing left to look for. */
  get isSettled(): boolean {
    return this.#state === 'settled'
  }

  take(event: ChatEvent, said: ChatEvent[]): void {
    if (event.type === 'text' && this.#state !== 'settled') {
      for (const logprob of event.logprobs ?? []) this.#logprobs.push(logprob)
      this.#held += event.escaped
      this.#look(said)
      return
    }
    this.#settle(said)
    said.push(event)
  }

  #look(said: ChatEvent[]): void {
    if (this.#state === 'start') {
      const text = withoutBlanks(this.#held)
      if (!text.startsWith(OPEN)) {
        const isOpen = OPEN.startsWith(text) && this.#held.length <= MAX_BEGINNING
        return isOpen ? undefined : this.#settle(said)
      }
      this.#held = text.slice(OPEN.length)
      this.#state = 'opened'
    }
    if (this.#state === 'opened') {
      this.#held = withoutBlanks(this.#held)
      if (this.#held === '') return
      this.#state = 'thinking'
    }
    if (this.#state === 'thinking') {
      const end = this.#held.indexOf(CLOSE)
      const until = end === -1 ? this.#held.length - overlap(this.#held, CLOSE) : end
      this.#say('reasoning', this.#held.slice(0, until), said)
      this.#held = this.#held.slice(end === -1 ? until : end + CLOSE.length)
      if (end === -1) return
      this.#state = 'after'
    }
    this.#held = withoutBlanks(this.#held)
    if (this.#held !== '') this.#settle(said)
  }

  #settle(said: ChatEvent[]): void {
    // A thought without an end is still one: cut in the middle, or the whole of what was said. A tag with
    // nothing behind it is a word.
    const held = this.#state === 'opened' ? OPEN : this.#held
    this.#say(this.#state === 'thinking' ? 'reasoning' : 'text', held, said)
    this.#held = ''
    this.#state = 'settled'
  }

  #say(type: 'reasoning' | 'text', escaped: string, said: ChatEvent[]): void {
    if (escaped === '') return
    const logprobs = this.#logprobs
    this.#logprobs = []
    said.push({ type, escaped, ...(logprobs.length > 0 && { logprobs }) })
  }
}

/** Escaped, a line break is two characters. */
const withoutBlanks = (escaped: string): string => escaped.replace(/^(?: |\\[nrt])+/, '')

/** How much of the text's end may be the beginning of the word. */
const overlap = (text: string, word: string): number => {
  for (let length = Math.min(text.length, word.length - 1); length > 0; length--) {
    if (text.endsWith(word.slice(0, length))) return length
  }
  return 0
}
