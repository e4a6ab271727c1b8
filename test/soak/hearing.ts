/** What of a script was heard: every delta held against its number, and nothing out of place. */
import { createHash, type Hash } from 'node:crypto'
import { saidIn, type Spec } from './spec.ts'
import { deltaText, numberIn, withoutMoment } from './words.ts'

/** What became of the deltas; all but `whole` should be 0. */
export type Lots = {
  /** Heard as they were said, in their place. */
  whole: number
  /** Left out, though a later one was heard. */
  lost: number
  duplicated: number
  /** Heard, but after a later one. */
  reordered: number
  altered: number
}

export class Hearing {
  readonly lots: Lots = { whole: 0, lost: 0, duplicated: 0, reordered: 0, altered: 0 }
  readonly #spec: Spec
  readonly #hash: Hash = createHash('sha256')
  readonly #missing = new Set<number>()
  readonly #moment: ((us: number) => void) | undefined
  #next = 0

  /** @param moment hears when a delta was written, where deltas carry that. */
  constructor(spec: Spec, moment?: (us: number) => void) {
    this.#spec = spec
    this.#moment = moment
  }

  /** How far the script was heard: the number that would come next. */
  get next(): number {
    return this.#next
  }

  /** SHA-256 of all text, in hexadecimal; asked once. */
  digest(): string {
    return this.#hash.digest('hex')
  }

  /** @param text one delta's, in octets. @param isThinking whether it came as reasoning. */
  delta(octets: string, isThinking: boolean): void {
    let text = octets
    if (this.#spec.isStamped) {
      const { text: plain, us } = withoutMoment(octets)
      text = plain
      if (!Number.isNaN(us)) this.#moment?.(us)
    }
    this.#hash.update(text, 'latin1')
    const at = this.#next
    if (text === deltaText(this.#spec, at) && isThinking === at < this.#spec.thinking) {
      this.lots.whole += 1
      this.#next += 1
      return
    }
    this.#misplaced(text)
  }

  #misplaced(text: string): void {
    const number = numberIn(text)
    if (number < this.#next) {
      if (!this.#missing.delete(number)) this.lots.duplicated += 1
      else {
        this.lots.reordered += 1
        this.lots.lost -= 1
      }
      return
    }
    // Beyond the script's end there is nothing to be lost: what says so is another's, or broken.
    const isLater = number > this.#next && number < saidIn(this.#spec)
    if (!isLater || text !== deltaText(this.#spec, number)) {
      this.lots.altered += 1
      this.#next += 1
      return
    }
    for (let at = this.#next; at < number; at++) this.#missing.add(at)
    this.lots.lost += number - this.#next
    this.lots.whole += 1
    this.#next = number + 1
  }
}

/** A whole answer's texts, taken apart where their deltas begin. */
export const heardAtOnce = (hearing: Hearing, spec: Spec, thinking: string, text: string): void => {
  const said = saidIn(spec)
  const thoughts = Math.min(said, spec.thinking)
  const take = (source: string, first: number, end: number, isThinking: boolean): void => {
    let from = 0
    for (let at = first; at < end && from < source.length; at++) {
      const { length } = deltaText(spec, at)
      hearing.delta(source.slice(from, from + length), isThinking)
      from += length
    }
    if (from < source.length) hearing.delta(source.slice(from), isThinking)
  }
  take(thinking, 0, thoughts, true)
  take(text, thoughts, said, false)
}
