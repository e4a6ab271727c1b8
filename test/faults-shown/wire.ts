/** What went over the wires of one example, in order: who said how many octets to whom, and who ended what. */

export type Side = 'client' | 'tolk' | 'Ollama'

/** One side's say, until the other says something or another connection does. */
export type Say = {
  readonly from: Side
  readonly to: Side
  /** Of its wire, from 1. */
  readonly connection: number
  /** Of the first octets, ms after the scene was set. */
  readonly atMs: number
  /** As far as it is kept: {@link KEPT} bytes. */
  octets: Buffer
  /** All of it, bytes. */
  size: number
  /** How many reads brought it. */
  reads: number
  /** How it ended its side of the connection; null while it has not. */
  end: 'FIN' | 'RST' | null
}

/** Bytes of a say that are kept to be shown; a flood is told by its size. */
const KEPT = 16 * 1024

export class Wire {
  readonly says: Say[] = []
  #began = performance.now()

  /** Forgets what was said while the scene was set. */
  begin(): void {
    this.says.length = 0
    this.#began = performance.now()
  }

  /** @param heard octets, or how the side ended. */
  note(from: Side, to: Side, connection: number, heard: Buffer | 'FIN' | 'RST'): void {
    const say = this.#say(from, to, connection)
    if (typeof heard === 'string') {
      say.end ??= heard
      return
    }
    say.size += heard.length
    say.reads += 1
    if (say.octets.length < KEPT) {
      say.octets = Buffer.concat([say.octets, heard.subarray(0, KEPT - say.octets.length)])
    }
  }

  #say(from: Side, to: Side, connection: number): Say {
    const last = this.says.at(-1)
    if (last?.from === from && last.to === to && last.connection === connection) return last
    const atMs = performance.now() - this.#began
    const octets = Buffer.alloc(0)
    const say: Say = { from, to, connection, atMs, octets, size: 0, reads: 0, end: null }
    this.says.push(say)
    return say
  }
}
