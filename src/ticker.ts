/** One coarse timer for the deadlines and heartbeats of all streams: a timer each would cost more than a token. */
import { Roster } from './roster.ts'

/** Is told the time about ten times a second; milliseconds of a clock that never jumps. */
export type Watcher = { tick(now: number): void }

/** How far apart two ticks are, ms: the accuracy of every deadline that is kept by ticks. */
export const TICK_MS = 100

/**
 * A tick that comes later than this after the one before says that this process stood still, ms: stopped,
 * or its machine was. What the others said meanwhile waits in the kernel, and was no silence.
 */
const LATE_MS = 1000

const watchers = new Roster<Watcher>()
let timer: NodeJS.Timeout | undefined
let lastTick = 0
/** Whether nobody was told of the tick before: a loop that is always late would have no deadlines. */
let wasPassedOver = false

/** Milliseconds of the monotonic clock that {@link Watcher.tick} is told. */
export const now = (): number => performance.now()

/** What has a watcher ticked, from {@link start} to {@link stop}; either may be called again. */
export class Watch {
  readonly #watcher: Watcher
  /** Among those that watch; null while it does not. */
  #place: number | null = null

  constructor(watcher: Watcher) {
    this.#watcher = watcher
  }

  /** The timer keeps no process alive: what is watched has a socket that does. */
  start(): void {
    if (this.#place !== null) return
    this.#place = watchers.join(this.#watcher)
    if (timer !== undefined) return
    lastTick = now()
    wasPassedOver = false
    timer = setInterval(tickAll, TICK_MS).unref()
  }

  /** The timer stops with the last one. */
  stop(): void {
    if (this.#place === null) return
    watchers.leave(this.#place)
    this.#place = null
    if (watchers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

const tickAll = (): void => {
  const time = now()
  // Timers come before sockets in a turn of the event loop: by the next tick all that waits is read.
  wasPassedOver = !wasPassedOver && time - lastTick > LATE_MS
  lastTick = time
  if (wasPassedOver) return
  for (const watcher of watchers) watcher.tick(time)
}
