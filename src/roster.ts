/**
 * Those that are there now, where thousands come and go in a second.
 *
 * A Set would be shorter, and cost a tenth of all CPU: once the table of a Set or Map is old, V8 makes each that
 * follows it old, too (`OrderedHashTable::Rehash`, 13.6), and one that was outgrown keeps what it held until the
 * next full collection: of each answer all that it was made of, 10 KB. Here a place is emptied when it is left.
 */
export class Roster<T> implements Iterable<T> {
  readonly #places: (T | undefined)[] = []
  readonly #free: number[] = []

  /** How many are there. */
  get size(): number {
    return this.#places.length - this.#free.length
  }

  /** @returns the member's place, to be given back once: {@link leave}. */
  join(member: T): number {
    const place = this.#free.pop() ?? this.#places.length
    this.#places[place] = member
    return place
  }

  /** @param place as {@link join} gave it; from now on it may be another's. */
  leave(place: number): void {
    this.#places[place] = undefined
    this.#free.push(place)
  }

  /** Who joins or leaves meanwhile spoils it for nobody; who joins may be passed over. */
  *[Symbol.iterator](): Generator<T, void> {
    for (const member of this.#places) if (member !== undefined) yield member
  }
}
