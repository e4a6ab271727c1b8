/** How many bytes of request bodies are held at a time, of all clients together. */
import { Failed } from '../failure.ts'

export class BodyBudget {
  readonly #mostBytes: number
  #heldBytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** Bytes that have come and are not given back. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Whether so many bytes more would be within it, now. */
  hasRoomFor(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.#mostBytes
  }

  /** What one request will hold. */
  open(): HeldBody {
    return new HeldBody(this)
  }

  /** @param bytes negative for what is given back. */
  add(bytes: number): void {
    this.#heldBytes += bytes
  }
}

/** One request's part of a {@link BodyBudget}. */
export class HeldBody {
  readonly #budget: BodyBudget
  #bytes = 0

  constructor(budget: BodyBudget) {
    this.#budget = budget
  }

  /**
   * Refuses a body whose length is known to be too much before any of it is there. A length is only a
   * promise: nothing is set aside for it.
   *
   * @throws Failed `overloaded`.
   */
  expect(bytes: number): void {
    if (!this.#budget.hasRoomFor(bytes)) throw new Failed(NO_ROOM)
  }

  /** Counts bytes that have come. @returns why they are too many, if they are; then they do not count. */
  take(bytes: number): Failed | undefined {
    if (!this.#budget.hasRoomFor(bytes)) return new Failed(NO_ROOM)
    this.#bytes += bytes
    this.#budget.add(bytes)
    return undefined
  }

  /** Leaves all of it to somebody who gives it back later. */
  handOver(): HeldBody {
    const heir = new HeldBody(this.#budget)
    heir.#bytes = this.#bytes
    this.#bytes = 0
    return heir
  }

  /** Gives all of it back; harmless when it is called again. */
  release(): void {
    this.#budget.add(-this.#bytes)
    this.#bytes = 0
  }
}

const NO_ROOM = {
  kind: 'overloaded',
  message: 'Too many large requests are under way. Try again a little later.',
  retryAfterMs: 2000,
  shed: 'bodies',
} as const
