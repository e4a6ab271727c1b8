/** The body of an HTTP/1.1 answer: octets as the network cut them → payload, a piece to a chunk. */
import type { Framing } from './http-head.ts'

/** The longest line before a chunk, its extensions included, octets; they are read by nobody. */
export const MAX_CHUNK_LINE = 4096
/** All trailers together, octets; they are dropped. */
export const MAX_TRAILERS = 16 * 1024

/**
 * What comes next: of a chunk its *size*, its *data*, the *line-end* behind them; the *trailers*; of
 * a body with a length its *octets*; of one without, *everything*. Then *done*, or *malformed*.
 */
type State =
  | 'size'
  | 'data'
  | 'line-end'
  | 'trailers'
  | 'octets'
  | 'everything'
  | 'done'
  | 'malformed'

/**
 * Reads body after body: {@link start}, then {@link feed} until {@link isDone} or {@link isMalformed}.
 *
 * Written for the chunk that is a read of its own, as each token of an Ollama's is: two searches and
 * a slice, and no octet of the payload is looked at.
 */
export class BodyDecoder {
  /** Whether octets came behind the end: no answer asked for them, and none may get them. */
  hasSurplus = false
  #state: State = 'done'
  /** Octets missing from the chunk or the body; of trailers, how many more are taken. */
  #left = 0
  /** The beginning of a line, or of a line's end, that the last read was too short for. */
  #held = ''

  get isDone(): boolean {
    return this.#state === 'done'
  }

  get isMalformed(): boolean {
    return this.#state === 'malformed'
  }

  /** @param length of the body, octets, where that is its framing. */
  start(framing: Framing, length: number): void {
    this.hasSurplus = false
    this.#held = ''
    this.#left = length
    this.#state = BEGINNING[framing]
    if (framing === 'length' && length === 0) this.#state = 'done'
  }

  /**
   * Joined, they would be copied as soon as anybody looked for the end of a line.
   *
   * @returns the payload of this read, in the pieces that it came in; what precedes a fault counts.
   */
  feed(octets: string): readonly string[] {
    switch (this.#state) {
      case 'everything':
        return octets === '' ? NOTHING : [octets]
      case 'octets':
        return this.#counted(octets)
      case 'done':
        this.hasSurplus ||= octets !== ''
        return NOTHING
      case 'malformed':
        return NOTHING
      case 'size':
      case 'data':
      case 'line-end':
      case 'trailers':
        return this.#unchunked(octets)
    }
  }

  /** The connection was closed. @returns whether that was the body's end. */
  end(): boolean {
    if (this.#state === 'everything') this.#state = 'done'
    return this.#state === 'done'
  }

  #counted(octets: string): readonly string[] {
    const left = this.#left
    if (octets.length < left) {
      this.#left = left - octets.length
      return octets === '' ? NOTHING : [octets]
    }
    this.#state = 'done'
    this.hasSurplus = octets.length > left
    return [octets.slice(0, left)]
  }

  #unchunked(read: string): readonly string[] {
    let octets = read
    if (this.#held !== '') {
      octets = this.#held + read
      this.#held = ''
    }
    const pieces: string[] = []
    let at = 0
    for (;;) {
      switch (this.#state) {
        case 'size':
          at = this.#size(octets, at)
          break
        case 'data': {
          const end = at + this.#left
          if (end > octets.length) {
            this.#left = end - octets.length
            if (at < octets.length) pieces.push(octets.slice(at))
            return pieces
          }
          pieces.push(octets.slice(at, end))
          this.#state = 'line-end'
          at = end
          break
        }
        case 'line-end':
          at = this.#lineEnd(octets, at)
          break
        case 'trailers':
          at = this.#trailer(octets, at)
          break
        case 'done':
        case 'octets':
        case 'everything':
        case 'malformed':
          this.hasSurplus = at < octets.length
          return pieces
      }
      if (at === END_OF_READ) return pieces
    }
  }

  /** As the two below: @returns where to go on, {@link END_OF_READ} when the next read is needed for that. */
  #size(octets: string, from: number): number {
    const end = octets.indexOf('\r\n', from)
    const length = lineLength(octets, from, end)
    if (length > MAX_CHUNK_LINE) return this.#fault()
    if (end === -1) {
      const line = octets.slice(from)
      return this.#hold(octets, from, line === '' || SIZE_BEGINNING.test(line))
    }
    let size = 0
    let at = from
    for (; at < end; at++) {
      const digit = digitOf(octets.charCodeAt(at))
      if (digit === -1) break
      size = size * 16 + digit
    }
    if (at === from || size > Number.MAX_SAFE_INTEGER) return this.#fault()
    if (at < end && !EXTENSIONS.test(octets.slice(at, end))) return this.#fault()
    this.#state = size === 0 ? 'trailers' : 'data'
    this.#left = size === 0 ? MAX_TRAILERS : size
    return end + 2
  }

  #lineEnd(octets: string, from: number): number {
    if (octets.charCodeAt(from) === 13 && octets.charCodeAt(from + 1) === 10) {
      this.#state = 'size'
      return from + 2
    }
    const rest = octets.slice(from)
    return this.#hold(octets, from, rest === '' || rest === '\r')
  }

  #trailer(octets: string, from: number): number {
    const end = octets.indexOf('\r\n', from)
    const length = lineLength(octets, from, end)
    if (length > this.#left) return this.#fault()
    if (end === -1) return this.#hold(octets, from, true)
    this.#left -= length
    if (length === 0) this.#state = 'done'
    return end + 2
  }

  #hold(octets: string, from: number, isWellFormed: boolean): number {
    if (!isWellFormed) return this.#fault()
    this.#held = octets.slice(from)
    return END_OF_READ
  }

  #fault(): number {
    this.#state = 'malformed'
    return END_OF_READ
  }
}

const END_OF_READ = -1

const NOTHING: readonly string[] = []

const BEGINNING: Readonly<Record<Framing, State>> = {
  none: 'done',
  length: 'octets',
  chunked: 'size',
  'until-close': 'everything',
}

/** Read by nobody, but a control character in them is no extension (RFC 9112 § 7.1.1). */
const EXTENSIONS = /^[\t ]*;[\t\u0020-\u007e\u0080-\u00ff]*$/

/** What may still become a chunk's line: without this, a lone LF would be waited on for ever. */
const SIZE_BEGINNING = /^[\dA-Fa-f]+(?:[\t ]+|[\t ]*;[\t\u0020-\u007e\u0080-\u00ff]*)?\r?$/

/** The CR of a line that was cut before its LF is none of it. */
const lineLength = (octets: string, from: number, end: number): number => {
  if (end !== -1) return end - from
  return octets.length - from - (octets.endsWith('\r') ? 1 : 0)
}

const digitOf = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
