/** KeyRing: the client keys in force, found by what a client shows; replaced as a whole while requests go on. */
import { hash } from 'node:crypto'
import type { ClientKey } from '../client-key.ts'

export class KeyRing {
  #bySha256: ReadonlyMap<string, ClientKey> = new Map()
  #byName: ReadonlyMap<string, ClientKey> = new Map()

  constructor(keys: readonly ClientKey[]) {
    this.replace(keys)
  }

  /** Whether nobody is asked for a key, because there is none. */
  get isEmpty(): boolean {
    return this.#bySha256.size === 0
  }

  /**
   * Each try is the same work, whatever is shown and however many keys there are: one digest, and one look into
   * a table of digests. How long the look takes may tell of a digest, from which nobody gets to a key that has it.
   */
  find(presented: string): ClientKey | undefined {
    return this.#bySha256.get(hash('sha256', presented, 'hex'))
  }

  /** The key of this name. */
  named(name: string): ClientKey | undefined {
    return this.#byName.get(name)
  }

  /** Whether it still opens the door, be it under other conditions. */
  holds({ sha256 }: ClientKey): boolean {
    return this.#bySha256.has(sha256.toLowerCase())
  }

  /** From now on these count, and no other. One that is as it was stays the same object, and so does what is kept of it. */
  replace(keys: readonly ClientKey[]): void {
    const next = keys.map((key) => {
      const before = this.#bySha256.get(key.sha256.toLowerCase())
      return before !== undefined && isSame(before, key) ? before : key
    })
    this.#bySha256 = new Map(next.map((key) => [key.sha256.toLowerCase(), key]))
    this.#byName = new Map(next.map((key) => [key.name, key]))
  }
}

const isSame = (one: ClientKey, other: ClientKey): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
