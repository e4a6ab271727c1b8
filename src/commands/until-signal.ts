/** Waits for the process to be asked to stop, or has it wait for another's word. */

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

/**
 * Lets SIGINT and SIGTERM pass: a terminal's Ctrl-C and some supervisors reach the whole process group,
 * and a worker stops when its primary says so.
 */
export const ignoreSignals = (): void => {
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
}
