/** Storms: lines that come by the hundred are counted instead of written, and one a second says how many there were. */
import type { Log } from './log.ts'
import { now } from './ticker.ts'

export type Storms = {
  /** Whether a line of this class is to be written; if not, it is counted. */
  readonly admits: (kind: string) => boolean
}

/** So many of a class within {@link WINDOW_MS} are written one by one. */
const FEW = 100
const WINDOW_MS = 10_000
const EVERY_MS = 1000

type Class = { readonly since: number; written: number; left: number; isStorm: boolean }

/**
 * An outage under load would be a thousand lines a second that all say the same (reliability R-21). The
 * metrics still count each.
 *
 * @param few how many of a class are written one by one within ten seconds; 0 for all of them. The classes
 * are words of ours, such as the outcomes of a request: few, too.
 */
export const createStorms = (log: Log, few = FEW): Storms => {
  if (few === 0) return { admits: () => true }
  const classes = new Map<string, Class>()
  let timer: NodeJS.Timeout | undefined

  const tell = (): void => {
    timer = undefined
    for (const [kind, each] of classes) {
      if (each.left === 0) classes.delete(kind)
      else {
        log.warn('many alike: these were only counted', { outcome: kind, count: each.left })
        each.left = 0
        // It is over after a second without any.
        timer ??= setTimeout(tell, EVERY_MS).unref()
      }
    }
  }

  return {
    admits: (kind) => {
      const time = now()
      let each = classes.get(kind)
      if (each === undefined || (!each.isStorm && time - each.since > WINDOW_MS)) {
        each = { since: time, written: 0, left: 0, isStorm: false }
        classes.set(kind, each)
      }
      if (each.written < few) {
        each.written += 1
        return true
      }
      each.isStorm = true
      each.left += 1
      timer ??= setTimeout(tell, EVERY_MS).unref()
      return false
    },
  }
}
