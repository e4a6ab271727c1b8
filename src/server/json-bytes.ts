/** A body's bytes → its JSON value: decoded as UTF-8 and read, all at once or as they come. */
import { TextDecoder } from 'node:util'
import { type JsonFault, JsonReader, readJson } from '../wire/json-reader.ts'
import type { JsonLimits } from '../wire/json-size.ts'

/** Why a body has no value. */
export type BodyFault = JsonFault | { readonly kind: 'not-utf-8' }

export type BodyRead = { readonly value: unknown } | { readonly fault: BodyFault }

/** A byte order mark at the beginning is taken away. */
export class JsonBytes {
  readonly #limits: JsonLimits
  #utf8 = WHOLE
  #reader: JsonReader | null = null
  #isUtf8 = true

  constructor(limits: JsonLimits) {
    this.#limits = limits
  }

  /** A part of it that more will follow; what is wrong is said at the end. */
  feed(bytes: Buffer): void {
    if (this.#reader === null) {
      this.#reader = new JsonReader(this.#limits)
      this.#utf8 = new TextDecoder('utf-8', { fatal: true })
    }
    if (this.#isUtf8) this.#reader.feed(this.#decoded(bytes, true))
  }

  /** The last part, or all of it. */
  end(bytes: Buffer): BodyRead {
    const text = this.#isUtf8 ? this.#decoded(bytes, false) : ''
    if (!this.#isUtf8) return { fault: { kind: 'not-utf-8' } }
    if (this.#reader === null) return readJson(text, this.#limits)
    this.#reader.feed(text)
    return this.#reader.end()
  }

  #decoded(bytes: Buffer, stream: boolean): string {
    try {
      return this.#utf8.decode(bytes, { stream })
    } catch {
      this.#isUtf8 = false
      return ''
    }
  }
}

/** For what comes all at once. */
const WHOLE = new TextDecoder('utf-8', { fatal: true })
