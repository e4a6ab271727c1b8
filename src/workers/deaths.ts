/** How soon a worker that died is replaced, and when that is no use any more. */

/** More than so many within {@link WINDOW_MS} have one cause, and another worker would die of it too. */
export const MAX_DEATHS = 5
const WINDOW_MS = 60_000
const FIRST_WAIT_MS = 100

/**
 * @param now milliseconds of a monotonic clock.
 * @returns counts a death: how long to wait before the next worker, ms, doubled with each death of the last
 *   minute; null when there were too many.
 */
export const createDeaths = (now: () => number): (() => number | null) => {
  let deaths: readonly number[] = []
  return () => {
    const time = now()
    deaths = [...deaths.filter((each) => time - each < WINDOW_MS), time]
    return deaths.length > MAX_DEATHS ? null : FIRST_WAIT_MS * 2 ** (deaths.length - 1)
  }
}
