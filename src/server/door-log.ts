/** What happens at the door, before the app has a request: a line and a count all the same. */
import type { Log } from '../log.ts'
import { createStorms } from '../log-storms.ts'
import { now } from '../ticker.ts'
import type { Door } from './listen.ts'
import type { Observer } from './observer.ts'

/**
 * @param config says how many lines of a kind are written before they are only counted.
 * @param observer hears of a refused request as of one that began and ended at once, on no path.
 */
export const doorLog = (
  log: Log,
  { maxAlike }: { readonly maxAlike: number },
  observer?: Observer,
): Door => {
  const storms = createStorms(log, maxAlike)
  let missedAt = Number.NEGATIVE_INFINITY
  return {
    refused: ({ id, status, kind, shed }) => {
      if (storms.admits(kind)) log.info('request', { request_id: id, status, outcome: kind })
      if (observer === undefined) return
      observer.begun()
      const record = { id, started: now(), deltas: 0, heartbeats: 0, failure: kind, shed }
      observer.ended({ path: '', status, outcome: kind, isRetry: false, record })
    },
    closed: () => observer?.refused('connections'),
    missed: (error) => {
      const time = now()
      // Where one cannot be taken, hundreds cannot.
      if (time - missedAt < MISSED_EVERY_MS) return
      missedAt = time
      log.warn('a connection could not be taken', {
        code: 'code' in error ? String(error.code) : error.name,
      })
    },
  }
}

const MISSED_EVERY_MS = 1000
