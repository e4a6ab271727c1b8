/** Whether the event loop comes round in time: what holds it up, holds up everybody. */
import { now, TICK_MS, Watch, type Watcher } from '../ticker.ts'

/** Later than this is a held-up loop, ms. */
const LATE_MS = 200
/** Late for so long is no state to be asked in, ms. */
const LASTING_MS = 2000
/** For how long that is said, ms: a probe asks every few seconds, and never while the loop is held up. */
const SAID_MS = 5000

export class LoopWatch implements Watcher {
  /** The target that was asked for last: most likely its work holds the loop up. */
  target = ''
  readonly #heldUp: (ms: number, path: string) => void
  readonly #watch = new Watch(this)
  #last = now()
  /** Since when each tick is late. */
  #lateSince: number | null = null
  #saidUntil = Number.NEGATIVE_INFINITY

  /** @param heldUp hears of each tick that came more than 200 ms late, and of the path that was asked for last. */
  constructor(heldUp: (ms: number, path: string) => void) {
    this.#heldUp = heldUp
    this.#watch.start()
  }

  /** Whether it was late for more than two seconds on end, a moment ago. */
  get isHeldUp(): boolean {
    return this.#last < this.#saidUntil
  }

  tick(time: number): void {
    const due = this.#last + TICK_MS
    this.#last = time
    if (time - due <= LATE_MS) {
      this.#lateSince = null
      return
    }
    this.#lateSince ??= due
    if (time - this.#lateSince > LASTING_MS) this.#saidUntil = time + SAID_MS
    this.#heldUp(time - due, this.target.split('?', 1)[0]?.slice(0, 200) ?? '')
  }

  close(): void {
    this.#watch.stop()
  }
}
