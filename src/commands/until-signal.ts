/** Waits for the process to be asked to stop. */

/**
 * Resolves at the first SIGINT or SIGTERM. A second one means now: the process exits with 1. Listening
 * starts at once, so a signal during start-up is not lost.
 */
export const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    let asked = false
    const stop = (): void => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
