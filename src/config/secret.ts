/** A value that prints as `[redacted]` wherever an object is printed; only `reveal` gives it out. */
import { inspect } from 'node:util'

const REDACTED = '[redacted]'

export class Secret<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The value itself. To be called where it is used, and its result kept nowhere else. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}
