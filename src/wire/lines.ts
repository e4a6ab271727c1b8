/** Slices of octets into whole lines: linear, and with a bound on what one line may hold. */

/**
 * Cuts at `\n`, which is no part of any longer character, wherever the network cut. Only the new slice is
 * searched: searching the pending tail again costs the square of a long line (8 MB without a newline: 1 s of
 * CPU).
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

  /** @returns the lines that this slice completes, without their `\n`. */
  feed(slice: string): string[] {
    const lines: string[] = []
    if (this.#overflowed) return lines
    let start = 0
    for (let end = slice.indexOf('\n'); end !== -1; end = slice.indexOf('\n', start)) {
      const line = this.#tail + slice.slice(start, end)
      this.#tail = ''
      start = end + 1
      if (this.#exceeds(line)) return lines
      lines.push(line)
    }
    this.#tail += slice.slice(start)
    this.#exceeds(this.#tail)
    return lines
  }

  /** @returns the last line, if the text ended without a `\n` after it. */
  end(): string[] {
    const tail = this.#tail
    this.#tail = ''
    return tail === '' ? [] : [tail]
  }

  #exceeds(line: string): boolean {
    if (line.length <= this.#maxLength) return false
    this.#overflowed = true
    this.#tail = ''
    return true
  }
}
