/**
 * The order of a turn: which event may be said when, whatever order the model said them in.
 *
 * | in ↓ / on → | reasoning | text      | tool-call | finish   | failure |
 * |-------------|-----------|-----------|-----------|----------|---------|
 * | idle        | reasoning | text      | calling   | finished | failed  |
 * | reasoning   | reasoning | text      | calling   | finished | failed  |
 * | text        | reasoning | text      | calling   | finished | failed  |
 * | calling     | reasoning | text      | calling   | finished | failed  |
 * | finished, failed | nothing more is said                           |||||
 *
 * It is liberal: models do think again after speaking. But a blank has no place of its own: blank
 * text that arrives in any state but `text` is held and given out in front of the next text that is
 * not blank. Models put line breaks between their blocks, and without this rule every such break
 * would open a block of content in the middle of the reasoning.
 */
import { fromEscaped } from '../wire/escaped.ts'
import type { ChatEvent, Finish, Logprob, Text, ToolCall } from './event.ts'
import { Repair } from './repair.ts'

/** What the request says about the calls that may come back. */
export type TurnRules = {
  /** At most this many calls are given out; those beyond are dropped. */
  readonly maxCalls: number
  /** Ids that the conversation used already: an upstream that counts from `call_0` repeats itself. */
  readonly usedCallIds: ReadonlySet<string>
  /** Names of the tools that may be called: one of them may have been printed instead. */
  readonly offered: readonly string[]
  /** Whether JSON was asked for: then a fence around it is none of it. */
  readonly isJson?: boolean
  /** Makes a new call id; random, so it is handed in. */
  readonly mintCallId: () => string
}

/** Blank text that waits for text, with its log probabilities; grows in place. */
type Held = { escaped: string; readonly logprobs: Logprob[] }

type TurnState = 'idle' | 'reasoning' | 'text' | 'calling' | 'finished' | 'failed'

const NEXT = {
  reasoning: 'reasoning',
  text: 'text',
  'tool-call': 'calling',
  finish: 'finished',
  failure: 'failed',
} as const satisfies Record<ChatEvent['type'], TurnState>

/** One assistant's turn: takes events as they were decoded, gives them as they are to be said. */
export class Turn {
  #state: TurnState = 'idle'
  #held: Held | null = null
  readonly #ids: Set<string>
  #calls = 0
  readonly #rules: TurnRules
  readonly #repair: Repair

  constructor(rules: TurnRules) {
    this.#rules = rules
    this.#repair = new Repair(rules.offered, rules.isJson)
    this.#ids = new Set(rules.usedCallIds)
  }

  /** Exactly one last word passes, and nothing after it. */
  order(batch: readonly ChatEvent[]): readonly ChatEvent[] {
    const said: ChatEvent[] = []
    for (const event of this.#repair.right(batch)) {
      if (this.#state === 'finished' || this.#state === 'failed') break
      // Most of an answer is more of the same, and nothing is held in front of it.
      if (event.type === this.#state) said.push(event)
      else this.#take(event, said)
    }
    return said
  }

  #take(event: ChatEvent, said: ChatEvent[]): void {
    switch (event.type) {
      case 'text':
        if (this.#state !== 'text' && isBlank(event.escaped) && !this.#holdsMost()) {
          this.#hold(event)
          return
        }
        said.push(this.#withHeld(event))
        break
      case 'tool-call':
        if (this.#calls >= this.#rules.maxCalls) return
        this.#calls++
        said.push(this.#withOwnId(event))
        break
      case 'finish':
        said.push(...this.#finish(event))
        break
      case 'reasoning':
      case 'failure':
        said.push(event)
        break
    }
    this.#state = NEXT[event.type]
  }

  #hold({ escaped, logprobs = [] }: Text): void {
    this.#held ??= { escaped: '', logprobs: [] }
    this.#held.escaped += escaped
    for (const logprob of logprobs) this.#held.logprobs.push(logprob)
  }

  /** Blanks without end are said in the end: nobody keeps them. */
  #holdsMost(): boolean {
    return this.#held !== null && this.#held.escaped.length >= MOST_HELD
  }

  #withHeld(event: Text): Text {
    const held = this.#held
    if (held === null) return event
    this.#held = null
    return joined({ ...event, escaped: held.escaped + event.escaped }, held)
  }

  #withOwnId(call: ToolCall): ToolCall {
    const id = call.id === '' || this.#ids.has(call.id) ? this.#rules.mintCallId() : call.id
    this.#ids.add(id)
    return id === call.id ? call : { ...call, id }
  }

  /** Beside a call a blank is only the gap that the call left; alone it is what the model said. */
  #finish(event: Finish): ChatEvent[] {
    const held = this.#held
    this.#held = null
    const reason = event.reason === 'stop' && this.#calls > 0 ? 'tool-calls' : event.reason
    const finish = { ...event, reason }
    if (held === null) return [finish]
    if (this.#calls > 0 || held.escaped === '') return [joined(finish, held)]
    return [joined({ type: 'text', escaped: held.escaped }, held), finish]
  }
}

/** Octets; far more than a model puts between two blocks. */
const MOST_HELD = 256 * 1024

const isBlank = (escaped: string): boolean => fromEscaped(escaped).trim() === ''

/** Puts what was held in front of the event's own log probabilities. */
const joined = <Event extends Text | Finish>(event: Event, held: Held): Event => {
  const logprobs = [...held.logprobs, ...(event.logprobs ?? [])]
  return logprobs.length === 0 ? event : { ...event, logprobs }
}
