/** A request that is written in pieces before it is sent: a long one a piece at a time, so that the others have their turn. */
import { Failed, type Failure } from '../failure.ts'
import type { Sending } from './http.ts'

/** An exchange from its first piece on; a request of one piece is sent at once. */
export class Preparation implements Sending {
  #pieces: Iterator<string> | null
  readonly #send: (body: string | Buffer) => Sending
  readonly #listener: { fail(failure: Failure, cause: unknown): void }
  /** What is written, but for the last piece, in bytes: as text a socket would make room for three times as many. */
  readonly #bytes: Buffer[] = []
  #last = ''
  #isPaused = false
  #exchange: Sending | null = null

  /**
   * @param send is given the whole body, once, unless it is aborted before.
   * @param listener hears what the writing throws.
   */
  constructor(
    pieces: Iterator<string>,
    send: (body: string | Buffer) => Sending,
    listener: { fail(failure: Failure, cause: unknown): void },
  ) {
    this.#pieces = pieces
    this.#send = send
    this.#listener = listener
    this.#write()
  }

  get isSent(): boolean {
    return this.#exchange?.isSent ?? false
  }

  pause(): void {
    this.#isPaused = true
    this.#exchange?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#exchange?.resume()
  }

  abort(): void {
    this.#pieces = null
    this.#bytes.length = 0
    this.#last = ''
    this.#exchange?.abort()
  }

  readonly #write = (): void => {
    try {
      const piece = this.#pieces?.next()
      if (piece === undefined) return
      if (piece.done === true) return this.#begin()
      if (this.#last !== '') this.#bytes.push(Buffer.from(this.#last))
      this.#last = piece.value
      // The first one is nearly always the last: only the iterator knows.
      if (this.#bytes.length === 0) this.#write()
      else setImmediate(this.#write)
    } catch (cause) {
      this.#pieces = null
      const failure: Failure = cause instanceof Failed ? cause.failure : { kind: 'internal', cause }
      this.#listener.fail(failure, cause)
    }
  }

  #begin(): void {
    this.#pieces = null
    const body =
      this.#bytes.length === 0
        ? this.#last
        : Buffer.concat([...this.#bytes.splice(0), Buffer.from(this.#last)])
    this.#last = ''
    this.#exchange = this.#send(body)
    if (this.#isPaused) this.#exchange.pause()
  }
}
