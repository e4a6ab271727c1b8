/** At most so many at a time; the others wait their turn, first come, first served. */

/** Runs a task as soon as fewer than `most` run, and settles as the task does. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>

export const createLimit = (most: number): Limit => {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running < most) running++
    else {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      await promise
    }
    try {
      return await task()
    } finally {
      // The place is handed on rather than given up, so that nobody slips in between.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
