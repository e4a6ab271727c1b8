/** JSON text → a value: measured before it is parsed, and a long one parsed as it comes, piece by piece. */
import { isJsonObject, parseJson } from './json.ts'
import { type JsonLimits, JsonMeter, type ListMarks } from './json-size.ts'

/** Why there is no value. `position` is the character where the text is no JSON, if that is known. */
export type JsonFault =
  | { readonly kind: 'exceeds'; readonly limit: keyof JsonLimits }
  | { readonly kind: 'empty' }
  | { readonly kind: 'malformed'; readonly position?: number }

export type JsonRead = { readonly value: unknown } | { readonly fault: JsonFault }

/** Reads a text that is there as a whole. */
export const readJson = (text: string, limits: JsonLimits): JsonRead => {
  const meter = new JsonMeter(limits)
  const limit = meter.feed(text)
  return limit === null ? parsed(text, meter.unusualNumbers) : { fault: { kind: 'exceeds', limit } }
}

/** How much of a list is parsed at a time, UTF-16 code units: 1 ms of tools, 0.2 ms of a conversation. */
const PIECE = 128 * 1024

/**
 * Reads a text that comes bit by bit, with the same result. Parsed at its end, 10 MB of tools would hold
 * up everybody for 70 ms; here the elements of the outermost object's lists (messages, tools) are parsed
 * as soon as there are enough of them, and their text is not kept.
 */
export class JsonReader implements ListMarks {
  readonly #meter: JsonMeter
  #fault: JsonFault | null = null
  /** What is being fed, how far it is put away, and how much came before it. */
  #text = ''
  #from = 0
  #before = 0
  /** The text without what is in its lists: of each is left `[n]`, its place in the next. */
  #frame = ''
  #frameIsUnusual = false
  readonly #lists: unknown[][] = []
  /** The list that we are in: its elements, its text that is not parsed yet, and where that began. */
  #list: unknown[] | null = null
  #piece = ''
  #pieceAt = 0

  constructor(limits: JsonLimits) {
    this.#meter = new JsonMeter(limits, this)
  }

  /** After a fault nothing is looked at, or kept. */
  feed(text: string): void {
    if (this.#fault !== null) return
    this.#text = text
    this.#from = 0
    const limit = this.#meter.feed(text)
    this.#fault ??= limit === null ? null : { kind: 'exceeds', limit }
    this.#putAway(text.length)
    this.#before += text.length
    this.#text = ''
  }

  end(): JsonRead {
    if (this.#fault !== null) return { fault: this.#fault }
    const read = parsed(this.#frame, this.#frameIsUnusual || this.#meter.unusualNumbers)
    if ('value' in read) return { value: this.#filled(read.value) }
    // A place in the frame says nothing to the client.
    return { fault: { kind: read.fault.kind === 'empty' ? 'empty' : 'malformed' } }
  }

  opens(at: number): void {
    this.#putAway(at)
    this.#frameIsUnusual ||= this.#meter.unusualNumbers
    this.#meter.unusualNumbers = false
    this.#list = []
    this.#pieceAt = this.#before + at
  }

  comma(at: number): void {
    if (this.#piece.length + at - this.#from < PIECE) return
    this.#putAway(at)
    this.#parse()
    // Before a comma there must be something too.
    if (this.#list?.length === 0) this.#fault ??= { kind: 'malformed' }
    this.#from = at + 1
    this.#pieceAt = this.#before + at + 1
  }

  closes(at: number): void {
    this.#putAway(at)
    const list = this.#list ?? []
    this.#parse()
    if (list.length > 0) this.#frame += this.#lists.push(list) - 1
    this.#list = null
  }

  /** What was fed, up to here. */
  #putAway(end: number): void {
    const text = this.#text.slice(this.#from, end)
    if (this.#list === null) this.#frame += text
    else this.#piece += text
    this.#from = end
  }

  #parse(): void {
    const list = this.#list
    const read = parsed(`[${this.#piece}]`, this.#meter.unusualNumbers)
    this.#meter.unusualNumbers = false
    this.#piece = ''
    if (this.#fault !== null || list === null) return
    if ('fault' in read) this.#fault = placed(read.fault, this.#pieceAt - 1)
    else if (Array.isArray(read.value)) {
      // Behind a comma there must be something.
      if (read.value.length === 0 && list.length > 0) this.#fault = { kind: 'malformed' }
      for (const element of read.value) list.push(element)
    }
  }

  #filled(frame: unknown): unknown {
    if (!isJsonObject(frame)) return frame
    const members: Record<string, unknown> = frame
    for (const [key, value] of Object.entries(members)) {
      if (Array.isArray(value) && value.length > 0) members[key] = this.#lists[Number(value[0])]
    }
    return members
  }
}

const parsed = (text: string, hasUnusualNumbers: boolean): JsonRead => {
  try {
    return { value: parseJson(text, hasUnusualNumbers) }
  } catch (cause) {
    if (text.trim() === '') return { fault: { kind: 'empty' } }
    const position = cause instanceof Error ? POSITION.exec(cause.message)?.[1] : undefined
    return { fault: { kind: 'malformed', ...(position && { position: Number(position) }) } }
  }
}

/** In V8's words. */
const POSITION = /at position (\d+)/

const placed = (fault: JsonFault, start: number): JsonFault =>
  fault.kind === 'malformed' && fault.position !== undefined
    ? { ...fault, position: fault.position + start }
    : fault
