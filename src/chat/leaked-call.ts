/** A call that a model printed instead of making it: told from text by being exactly that, and nothing else. */
import { fromEscaped } from '../wire/escaped.ts'
import { jsonElements, jsonSlice } from '../wire/json-slice.ts'
import { isJsonObject } from '../wire/json.ts'
import type { ChatEvent, Logprob, ToolCall } from './event.ts'

/** Characters that are held back at the most: a file that a call writes may be long. */
const MAX_HELD = 1_000_000

/**
 * *looking*: what came may be the beginning of a call. *holding*: it begins one, of a tool that is offered.
 * *settled*: all passes.
 */
type State = 'looking' | 'holding' | 'settled'

/**
 * Only a turn that says nothing else, apart from its thoughts. A call inside prose or a code sample, or of
 * a tool that is not offered, stays text: to act on what is none is worse than to miss one.
 */
export class LeakedCall {
  readonly #names: ReadonlySet<string>
  #state: State = 'looking'
  /** Escaped. */
  #held = ''
  #logprobs: Logprob[] = []

  /** @param names of the tools on offer; there are some. */
  constructor(names: ReadonlySet<string>) {
    this.#names = names
  }

  /** Whether there is nothing left to look for. */
  get isSettled(): boolean {
    return this.#state === 'settled'
  }

  take(event: ChatEvent, said: ChatEvent[]): void {
    if (this.#state === 'settled' || event.type === 'reasoning') {
      said.push(event)
    } else if (event.type === 'text') {
      for (const logprob of event.logprobs ?? []) this.#logprobs.push(logprob)
      this.#held += event.escaped
      if (this.#state === 'looking') this.#look()
      if (this.isSettled || this.#held.length > MAX_HELD) this.#give(said)
    } else {
      const calls = event.type === 'finish' ? callsIn(fromEscaped(this.#held), this.#names) : null
      if (calls === null) this.#give(said)
      else said.push(...calls.map((call, index) => (index === 0 ? this.#withLogprobs(call) : call)))
      this.#state = 'settled'
      said.push(event)
    }
  }

  #look(): void {
    const start = beginning(fromEscaped(this.#held))
    let isOpen = start === '' && this.#held.length <= MAX_BEGINNING
    for (const name of this.#names) {
      for (const [before, after] of OPENINGS) {
        const opening = before + name + after
        if (start.startsWith(opening)) {
          this.#state = 'holding'
          return
        }
        isOpen ||= opening.startsWith(start)
      }
    }
    if (!isOpen) this.#state = 'settled'
  }

  #give(said: ChatEvent[]): void {
    if (this.#held !== '') said.push(this.#withLogprobs({ type: 'text', escaped: this.#held }))
    this.#held = ''
    this.#state = 'settled'
  }

  #withLogprobs<Event extends ChatEvent>(event: Event): Event {
    const logprobs = this.#logprobs
    this.#logprobs = []
    return logprobs.length === 0 ? event : { ...event, logprobs }
  }
}

/** How a call begins, blanks left out: before the tool's name, and behind it. */
const OPENINGS = ['', '[', '[TOOL_CALLS][', '[TOOL_CALLS]', '<tool_call>']
  .map((before): readonly [string, string] => [`${before}{"name":"`, '"'])
  .concat([['<function=', '>']])

/** Characters; enough for any name that a tool may have, and blanks around it. */
const MAX_BEGINNING = 1000

const beginning = (text: string): string => text.slice(0, MAX_BEGINNING).replaceAll(/\s+/g, '')

/**
 * The calls that this text is; null when it is anything else beside, or calls what is not offered.
 *
 * @param names of the tools on offer.
 */
export const callsIn = (text: string, names: ReadonlySet<string>): readonly ToolCall[] | null => {
  const whole = text.trim().replace(/^\[TOOL_CALLS\]\s*/, '')
  const calls = whole.startsWith('<') ? tagged(whole, names) : inJson(whole, names)
  return calls !== null && calls.length > 0 ? calls : null
}

const inJson = (text: string, names: ReadonlySet<string>): readonly ToolCall[] | null => {
  const value = parsed(text)
  if (Array.isArray(value)) return all(jsonElements(text).map((each) => callOf(each, names)))
  return all([callOf(text, names)])
}

/** `<tool_call>{…}</tool_call>` and `<function=name>{…}</function>`, one after another. */
const tagged = (text: string, names: ReadonlySet<string>): readonly ToolCall[] | null => {
  const calls: (ToolCall | null)[] = []
  let rest = text
  while (rest !== '') {
    const [tag = '', name] = /^<(?:tool_call|function=([^<>\s]+))>/.exec(rest) ?? []
    const close = name === undefined ? '</tool_call>' : '</function>'
    const end = rest.indexOf(close)
    if (tag === '' || end === -1) return null
    const inside = rest.slice(tag.length, end).trim()
    calls.push(name === undefined ? callOf(inside, names) : named(name, inside, names))
    rest = rest.slice(end + close.length).trimStart()
  }
  return all(calls)
}

const named = (name: string, args: string, names: ReadonlySet<string>): ToolCall | null =>
  names.has(name) && isJsonObject(parsed(args))
    ? { type: 'tool-call', id: '', name, arguments: args }
    : null

/** One call as JSON; `parameters` is Llama's word for its arguments. */
const callOf = (json: string, names: ReadonlySet<string>): ToolCall | null => {
  const value = parsed(json)
  if (!isJsonObject(value)) return null
  const { name, id: _id, type = 'function', ...rest } = value
  const [key, ...others] = Object.keys(rest)
  if (typeof name !== 'string' || type !== 'function' || others.length > 0) return null
  if (key !== 'arguments' && key !== 'parameters') return null
  return named(name, jsonSlice(json, [key]) ?? '', names)
}

const all = (calls: readonly (ToolCall | null)[]): readonly ToolCall[] | null => {
  const made = calls.filter((call) => call !== null)
  return made.length === calls.length ? made : null
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
