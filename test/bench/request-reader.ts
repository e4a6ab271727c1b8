/** HTTP requests out of a socket's bytes, as cheaply as can be: bodies are counted, not kept. */

export type Asked = {
  /** Such as `POST /api/chat`. */
  readonly line: string
  /** The first bytes of the body: enough to find the model's name. */
  readonly bodyStart: string
}

/** What is kept of a body, bytes. */
const KEPT = 1024

/** One connection's requests, which come one after the other, never two at once. */
export class RequestReader {
  #text = ''
  #open: { readonly line: string; readonly isChunked: boolean; left: number; body: string } | null =
    null

  /** @returns the request that these bytes completed, if they did. */
  feed(bytes: Buffer): Asked | null {
    if (this.#open === null) {
      this.#text += bytes.toString('latin1')
      const end = this.#text.indexOf('\r\n\r\n')
      if (end === -1) return null
      const head = this.#text.slice(0, end)
      const start = this.#text.slice(end + 4)
      this.#text = ''
      const [, length = '0'] = /\r\ncontent-length:\s*(\d+)/i.exec(head) ?? []
      this.#open = {
        line: head.slice(0, head.indexOf(' ', head.indexOf(' ') + 1)),
        isChunked: /\r\ntransfer-encoding:\s*chunked/i.test(head),
        left: Number(length),
        body: '',
      }
      return this.#take(start)
    }
    if (this.#open.left > bytes.length && this.#open.body.length >= KEPT) {
      this.#open.left -= bytes.length
      return null
    }
    return this.#take(bytes.toString('latin1'))
  }

  #take(text: string): Asked | null {
    const open = this.#open
    if (open === null) return null
    open.left -= text.length
    // A chunked body is as small as the bench's clients make it: it is kept whole, to see its end.
    if (open.isChunked || open.body.length < KEPT) open.body += text
    if (open.isChunked ? !open.body.endsWith('0\r\n\r\n') : open.left > 0) return null
    this.#open = null
    return { line: open.line, bodyStart: open.body }
  }
}
