/** `tolk --workers 2` and more: as `tolk`, in several processes. */
import type { Loaded } from '../config/load.ts'
import { createLog, standardOutput } from '../log.ts'
import { isWorker, serveAsWorker, serveWithWorkers } from '../serve-workers.ts'
import type { Print } from './print.ts'
import { introduce } from './serve.ts'
import { ignoreSignals, untilSignal } from './until-signal.ts'

/**
 * Runs again in each of the workers, which the primary starts as it was started itself.
 *
 * @returns the exit code, after the drain: 1 when workers died again and again. @throws the `listen` error.
 */
export const serveWorkersCommand = async (loaded: Loaded, print: Print): Promise<number> => {
  const { config } = loaded
  if (isWorker) {
    ignoreSignals()
    await serveAsWorker(config)
    return 0
  }
  const log = createLog(config.log.level, standardOutput(true))
  const stopping = untilSignal().then(() => null)
  const running = serveWithWorkers(config, log)
  const ended = Promise.race([stopping, running.broken])
  try {
    const introduced = running.listening.then((url) =>
      introduce({ ...running, url }, loaded, { log, print, stopping: ended }),
    )
    await Promise.race([introduced, ended])
    const why = await ended
    if (why === null) return 0
    print(`${why}\n`)
    return 1
  } finally {
    await running.close()
  }
}
