/** Waits for the process to be asked to stop, by a signal or by a fault of its own, or has it wait for another's word. */
import { isatty } from 'node:tty'
import type { Log } from '../log.ts'

/**
 * Resolves at the first SIGINT or SIGTERM. A second one means now: the process exits with 1. Listening
 * starts at once, so a signal during start-up is not lost.
 *
 * @param reload what SIGHUP is for, unless it says that the terminal is gone in which the process was started:
 *   that is its end, as ever. Without it SIGHUP is left to the platform.
 */
export const untilSignal = (reload?: () => void): Promise<void> =>
  new Promise((resolve) => {
    let asked = false
    const stop = (): void => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    if (reload === undefined) return
    const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor))
    process.on('SIGHUP', () => {
      // Both the shell and the system may say so: the second time is no second signal.
      if (terminals.every((descriptor) => isatty(descriptor))) reload()
      else if (!asked) stop()
    })
  })

/** For what is under way after a fault, in ms: what it has broken nobody knows, so that it is not trusted for long. */
const AFTER_FAULT = { preDelayMs: 0, drainMs: 500 }

/** From the fault to the end of the process, ms, whatever still runs. */
const END_MS = 1000

/**
 * Resolves when something was thrown, or a promise was rejected, and nobody heard it: one fault ends the
 * process, for nobody knows what it has left half done. It is logged; whoever waits has a second to end
 * in order, and then the process exits with 1.
 *
 * @param heard is told where it came from, as Node calls it.
 * @returns how long to drain.
 */
export const untilFault = (
  log: Log,
  heard: (origin: string) => void,
): Promise<typeof AFTER_FAULT> =>
  new Promise((resolve) => {
    // In strict mode Node tells of a rejection twice, and prints its message if one is not listened to.
    const told = new Set<unknown>()
    const fault = (error: unknown, origin: string): void => {
      if (told.has(error)) return
      told.add(error)
      process.exitCode = 1
      setTimeout(() => process.exit(1), END_MS).unref()
      log.error('a fault that nobody caught; tolk ends', { origin }, error)
      heard(origin)
      resolve(AFTER_FAULT)
    }
    process.on('uncaughtException', fault)
    process.on('unhandledRejection', (reason) => fault(reason, 'unhandledRejection'))
  })

/**
 * Lets signals pass: a terminal's Ctrl-C and some supervisors reach the whole process group, and a worker
 * stops, or has other keys count, when its primary says so.
 */
export const ignoreSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
}
