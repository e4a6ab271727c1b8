/** One answer of HTTP/1.1 out of a socket's octets, held to every letter of its framing (RFC 9112). */

type State = 'head' | 'size' | 'chunk' | 'length' | 'until-closed' | 'over' | 'broken'

export class AnswerReader {
  /** 0 until the head is read. */
  status = 0
  /** By lower-case name. */
  headers: Readonly<Record<string, string>> = {}
  /** How often 100 Continue was said. */
  continues = 0
  #state: State = 'head'
  #held = ''
  /** Octets that are missing of a chunk and its line break, or of a body. */
  #missing = 0
  #complaint: string | null = null

  /** Whether the answer has ended as its framing says. */
  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** What was wrong first; nothing is read after it. */
  get complaint(): string | null {
    return this.#complaint
  }

  /** Whether the connection may carry another request. */
  get isKept(): boolean {
    return this.#state === 'over' && this.headers['connection']?.toLowerCase() !== 'close'
  }

  /** @returns the octets of the body that are in these. */
  feed(octets: string): string {
    if (this.#isAtEnd()) {
      if (octets !== '') this.#complain('octets after the end')
      return ''
    }
    let text = this.#held + octets
    this.#held = ''
    let body = ''
    for (;;) {
      const before = text.length
      switch (this.#state) {
        case 'head':
          text = this.#head(text)
          break
        case 'size':
          text = this.#size(text)
          break
        case 'chunk':
        case 'length': {
          const taken = this.#take(text)
          body += taken.body
          text = taken.rest
          break
        }
        case 'until-closed':
          return body + text
        case 'over':
          if (text !== '') this.#complain('octets after the end')
          return body
        case 'broken':
          return body
      }
      if (text.length !== before || this.#isAtEnd()) continue
      this.#held = text
      return body
    }
  }

  /** The connection was closed by the other side. */
  end(): void {
    if (this.#state === 'until-closed') this.#state = 'over'
  }

  #isAtEnd(): boolean {
    return this.#state === 'over' || this.#state === 'broken'
  }

  #head(text: string): string {
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return text
    const [first = '', ...lines] = text.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first)?.[1] ?? Number.NaN)
    if (Number.isNaN(status)) return this.#complain(`no status line: ${first.slice(0, 40)}`)
    const rest = text.slice(end + 4)
    if (status === 100) {
      this.continues += 1
      return rest
    }
    const headers: Record<string, string> = {}
    for (const line of lines) {
      const [, name = '', value = ''] =
        /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~]*)$/.exec(line) ?? []
      if (name === '') return this.#complain(`no header: ${line.slice(0, 40)}`)
      if (name.toLowerCase() in headers) return this.#complain(`${name} twice`)
      headers[name.toLowerCase()] = value
    }
    this.status = status
    this.headers = headers
    this.#frame(headers)
    return rest
  }

  #frame(headers: Readonly<Record<string, string>>): void {
    const { 'content-length': length, 'transfer-encoding': coding } = headers
    if (coding !== undefined && length !== undefined) this.#complain('a length beside chunks')
    else if (coding === 'chunked') this.#state = 'size'
    else if (coding !== undefined) this.#complain(`coding ${coding}`)
    else if (length === undefined) this.#state = 'until-closed'
    else if (!/^\d+$/.test(length)) this.#complain(`length ${length}`)
    else {
      this.#missing = Number(length)
      this.#state = this.#missing === 0 ? 'over' : 'length'
    }
  }

  #size(text: string): string {
    const end = text.indexOf('\r\n')
    if (end === -1) return text
    const size = text.slice(0, end)
    if (!/^[0-9a-f]{1,8}$/.test(size)) return this.#complain(`no chunk size: ${size.slice(0, 20)}`)
    const length = Number.parseInt(size, 16)
    if (length === 0) {
      if (text.length < end + 4) return text
      if (text.slice(end + 2, end + 4) !== '\r\n') return this.#complain('a trailer')
      this.#state = 'over'
      return text.slice(end + 4)
    }
    this.#missing = length + 2
    this.#state = 'chunk'
    return text.slice(end + 2)
  }

  #take(text: string): { readonly body: string; readonly rest: string } {
    const part = text.slice(0, this.#missing)
    const breakLength = this.#state === 'chunk' ? 2 : 0
    const body = part.slice(0, Math.max(0, this.#missing - breakLength))
    // Of a line break that has come half the other half is waited for.
    if (breakLength > 0 && part.length === this.#missing - 1) {
      this.#missing = 2
      return { body, rest: part.slice(body.length) }
    }
    const rest = text.slice(part.length)
    this.#missing -= part.length
    if (this.#missing > 0) return { body, rest }
    if (this.#state === 'length') this.#state = 'over'
    else if (part.slice(body.length) === '\r\n') this.#state = 'size'
    else return { body, rest: this.#complain('no line break behind a chunk') }
    return { body, rest }
  }

  #complain(what: string): '' {
    this.#complaint ??= what
    this.#state = 'broken'
    return ''
  }
}
