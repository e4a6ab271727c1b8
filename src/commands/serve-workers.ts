/** `tolk --workers 2` and more: as `tolk`, in several processes. */
import type { Loaded } from '../config/load.ts'
import { createLog, standardOutput } from '../log.ts'
import { isWorker, serveAsWorker, serveWithWorkers } from '../serve-workers.ts'
import type { Print } from './print.ts'
import { createReload, notYet } from './reload.ts'
import { introduce } from './serve.ts'
import { ignoreSignals, untilFault, untilSignal } from './until-signal.ts'

/**
 * Runs again in each of the workers, which the primary starts as it was started itself.
 *
 * @param load loads the configuration anew, at SIGHUP.
 * @returns the exit code, after the drain: 1 when workers died again and again. @throws the `listen` error.
 */
export const serveWorkersCommand = async (
  loaded: Loaded,
  print: Print,
  load: () => Promise<Loaded>,
): Promise<number> => {
  const { config } = loaded
  if (isWorker) {
    ignoreSignals()
    return serveAsWorker(config, untilFault)
  }
  const log = createLog(config.log.level, standardOutput(true))
  let reload = notYet
  const stopping = untilSignal(() => void reload()).then(() => config.shutdown)
  const running = serveWithWorkers(config, log)
  reload = createReload({ config, load, log, renew: (next) => running.renew(next) })
  const ended = Promise.race([stopping, running.broken, untilFault(log, running.tally.faulted)])
  let patience = config.shutdown
  try {
    const introduced = running.listening.then((url) =>
      introduce({ ...running, url }, loaded, { log, print, stopping: ended }),
    )
    await Promise.race([introduced, ended])
    const why = await ended
    if (typeof why === 'string') print(`${why}\n`)
    else patience = why
    return why === config.shutdown ? 0 : 1
  } finally {
    await running.close(patience)
  }
}
