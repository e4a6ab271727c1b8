/** The head of an HTTP/1.1 answer: octets → status, headers, how its body is cut, what becomes of the connection. */

/**
 * How the end of a body is known (RFC 9112 § 6.3). `none` has no body at all: 204 and 304; nobody
 * here sends HEAD.
 */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close'

export type ResponseHead = {
  readonly status: number
  /** Lower-case names; values of a name that came more than once are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly framing: Framing
  /** The body's octets where the framing is `length`, else 0. */
  readonly length: number
  /** Whether another request may follow on the connection. */
  readonly isKept: boolean
  /** How long the server says that it keeps the connection, ms; `null` when it does not say. */
  readonly keptMs: number | null
}

/** The longest head, interim answers apart, octets: as much as Node's own parser takes. */
export const MAX_HEAD = 16 * 1024
/** Interim answers before the answer; more are a server gone mad. */
export const MAX_INTERIM = 8

/** Reads answer after answer: {@link feed} until it says one, then {@link reset} for the next. */
export class HeadDecoder {
  /** What followed the head in the read that ended it. */
  rest = ''
  #held = ''
  #interim = 0

  /** @returns the head, `null` when there is more of it to come. */
  feed(octets: string): ResponseHead | 'malformed' | null {
    let text = this.#held === '' ? octets : this.#held + octets
    for (;;) {
      const end = text.indexOf('\r\n\r\n')
      if (end === -1 || end > MAX_HEAD) {
        this.#held = text
        return end === -1 && isBeginning(text) ? null : 'malformed'
      }
      const head = remembered(text.slice(0, end))
      if (head === null) return 'malformed'
      text = text.slice(end + 4)
      if (head.status >= 200) {
        this.#held = ''
        this.rest = text
        return head
      }
      // Nobody asked for another protocol, and what follows would be in it (RFC 9110 § 15.2.2).
      if (head.status === 101 || ++this.#interim > MAX_INTERIM) return 'malformed'
    }
  }

  reset(): void {
    this.rest = ''
    this.#held = ''
    this.#interim = 0
  }
}

/** Whether more can make it a head: what is not HTTP is known by its first octets, not by silence. */
const isBeginning = (text: string): boolean =>
  text.length <= MAX_HEAD + 3 &&
  (text.startsWith(PROTOCOL) || PROTOCOL.startsWith(text)) &&
  !BROKEN_LINE.test(text)

const PROTOCOL = 'HTTP/1.'

/** A line that ends in LF or CR alone, or a NUL: readers who make different things of it can be played off (RFC 9112 § 2.2). */
const BROKEN_LINE = /(?:^|[^\r])\n|\r[^\n]|\0/

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\u0020-\u007e\u0080-\u00ff]*)?$/

/** A folded line has no name, and a blank before the colon is none of it (RFC 9112 §§ 5.1, 5.2). */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

/**
 * The same octets mean the same head, and under load most are the ones before: Ollama's differ in their Date
 * alone, once a second. Reading one anew costs as much as thirty tokens.
 */
const remembered = (text: string): ResponseHead | null => {
  if (text !== last.text) last = { text, head: decodeHead(text) }
  return last.head
}

let last: { readonly text: string; readonly head: ResponseHead | null } = { text: '', head: null }

const decodeHead = (text: string): ResponseHead | null => {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const [, minor, code] = STATUS_LINE.exec(statusLine) ?? []
  if (code === undefined) return null
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    const value = withoutBlanks(line.slice(colon + 1))
    if (!NAME.test(name) || !VALUE.test(value)) return null
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}, ${value}`
  }
  return framed(Number(code), minor === '0', headers)
}

const framed = (
  status: number,
  isOld: boolean,
  headers: Readonly<Record<string, string>>,
): ResponseHead | null => {
  const encoding = headers['transfer-encoding']
  const said = headers['content-length']
  const length = said === undefined ? null : lengthOf(said)
  if (length === undefined) return null
  if (encoding !== undefined) {
    // Both at once is how answers are smuggled; RFC 9112 § 6.3 would let the chunks count and asks
    // that it be handled as an error. HTTP/1.0 knows no chunks (§ 6.1), and we asked for no coding.
    if (length !== null || isOld || encoding.toLowerCase() !== 'chunked') return null
  }
  const framing = framingOf(status, encoding !== undefined, length !== null)
  const options = headers['connection']
  return {
    status,
    headers,
    framing,
    length: framing === 'length' ? (length ?? 0) : 0,
    isKept:
      framing !== 'until-close' && !has(options, 'close') && (!isOld || has(options, 'keep-alive')),
    keptMs: timeoutOf(headers['keep-alive']),
  }
}

const framingOf = (status: number, isChunked: boolean, hasLength: boolean): Framing => {
  if (status < 200 || status === 204 || status === 304) return 'none'
  if (isChunked) return 'chunked'
  return hasLength ? 'length' : 'until-close'
}

/** The same length said twice is one length (RFC 9112 § 6.3, 5.); `undefined` is none at all. */
const lengthOf = (said: string): number | undefined => {
  const [first = '', ...others] = said.split(',').map(withoutBlanks)
  if (!/^\d{1,16}$/.test(first) || others.some((other) => other !== first)) return undefined
  const length = Number(first)
  return Number.isSafeInteger(length) ? length : undefined
}

const has = (options: string | undefined, option: string): boolean =>
  options !== undefined &&
  options
    .toLowerCase()
    .split(',')
    .some((one) => withoutBlanks(one) === option)

const timeoutOf = (hint: string | undefined): number | null => {
  const [, seconds] = /(?:^|[\s,;])timeout *= *"?(\d{1,9})/i.exec(hint ?? '') ?? []
  return seconds === undefined ? null : Number(seconds) * 1000
}

/** `trim` would take a U+00A0 for a blank; a pattern would try each of many blanks in vain. */
const withoutBlanks = (text: string): string => {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

const isBlank = (code: number): boolean => code === 32 || code === 9
