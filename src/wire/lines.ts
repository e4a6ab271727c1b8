/** Slices of octets into whole lines: linear, and with a bound on what one line may hold. */

/** Hears of a line where it lies: the octets from `start` to `end`, without its `\n`. */
export type HearLine = (octets: string, start: number, end: number) => void

/**
 * Cuts at `\n`, which is no part of any longer character, wherever the network cut. Only the new slice is
 * searched: searching the pending tail again costs the square of a long line (8 MB without a newline: 1 s of
 * CPU). A line that lies in one slice is not cut out of it: of those that are only looked at, that saves
 * a sixth of all that an answer allocates.
 */
export class Lines {
  #tail = ''
  #overflowed = false
  readonly #maxLength: number

  /** @param maxLength the longest line that is taken, bytes. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** Whether a line was longer than allowed; nothing comes after it. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  /** @param hear is told of each line that this slice completes. */
  feed(slice: string, hear: HearLine): void {
    if (this.#overflowed) return
    let start = 0
    for (let end = slice.indexOf('\n'); end !== -1; end = slice.indexOf('\n', start)) {
      if (this.#exceeds(this.#tail.length + end - start)) return
      if (this.#tail === '') hear(slice, start, end)
      else this.#hearJoined(slice.slice(start, end), hear)
      start = end + 1
    }
    this.#tail += slice.slice(start)
    this.#exceeds(this.#tail.length)
  }

  /** @param hear is told of the last line, if the text ended without a `\n` after it. */
  end(hear: HearLine): void {
    if (this.#tail !== '') this.#hearJoined('', hear)
  }

  #hearJoined(rest: string, hear: HearLine): void {
    const line = this.#tail + rest
    this.#tail = ''
    hear(line, 0, line.length)
  }

  #exceeds(length: number): boolean {
    if (length <= this.#maxLength) return false
    this.#overflowed = true
    this.#tail = ''
    return true
  }
}
