/** `tolk`: serves until a signal says to stop, or a fault of its own does. */
import { explainHidden } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { createLog, type Log } from '../log.ts'
import { serve, type Running } from '../serve.ts'
import { describeFailure } from './describe-failure.ts'
import { createReload, notYet } from './reload.ts'
import { untilFault, untilSignal } from './until-signal.ts'
import type { Print } from './print.ts'

/**
 * @param load loads the configuration anew, at SIGHUP.
 * @returns the exit code, after the drain: 1 after a fault. @throws the `listen` error.
 */
export const serveCommand = async (
  loaded: Loaded,
  print: Print,
  load: () => Promise<Loaded>,
): Promise<number> => {
  const { config } = loaded
  if (config.server.workers > 1) {
    // One process alone does not wait for what several need.
    const { serveWorkersCommand } = await import('./serve-workers.ts')
    return serveWorkersCommand(loaded, print, load)
  }
  const log = createLog(config.log.level)
  let reload = notYet
  const stopping = untilSignal(() => void reload()).then(() => config.shutdown)
  const running = await serve(config, log)
  reload = createReload({ config, load, log, renew: (next) => running.renew(next) })
  const ending = Promise.race([stopping, untilFault(log, running.tally.faulted)])
  await introduce(running, loaded, { log, print, stopping: ending })
  const patience = await ending
  await running.close(patience)
  return patience === config.shutdown ? 0 : 1
}

/** What a tolk that listens says of itself: warnings, the start line, and once more who may come in. */
export const introduce = async (
  found: Found,
  { config, warnings }: Loaded,
  {
    log,
    print,
    stopping,
  }: { readonly log: Log; readonly print: Print; readonly stopping: Promise<unknown> },
): Promise<void> => {
  for (const warning of warnings) log.warn(warning)
  // Whoever stops it while it still looks for the upstream need not wait for the line.
  await Promise.race([stopping, startLine(found, config).then((line) => print(`${line}\n`))])
  if (config.server.allowAnonymous && config.auth.keys.length === 0) warn(log, config)
}

/** Where it listens, and the upstream and its models. */
type Found = Pick<Running, 'url' | 'upstream' | 'catalog'>

/** How long the start line waits for the upstream, ms: tolk serves already, and a line is due. */
const PATIENCE_MS = 2000

/** One readable line: where it listens, what it found upstream, or why nothing and that it goes on trying. */
export const startLine = async (
  { url, upstream, catalog }: Found,
  config: Config,
): Promise<string> => {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const version = await upstream.version(signal).catch(() => null)
  const late = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
  await Promise.race([catalog.started, late])
  const { reachable, failure } = catalog.state()
  const to = `tolk listens on ${url} → Ollama${version === null ? '' : ` ${version}`} at ${config.upstream.baseUrl}`
  const listed = catalog.current().listed().length
  const models = `${listed} ${listed === 1 ? 'model' : 'models'}`
  if (!reachable) {
    const why = failure === undefined ? 'It has not answered yet.' : describeFailure(failure)
    const configured =
      config.upstream.models === null ? '' : ' Meanwhile it lists the configured models.'
    return `${to}: not reachable. ${why} tolk goes on trying.${configured}`
  }
  const hidden = explainHidden(catalog.current().hidden())
  return `${to}: ${models}${hidden === '' ? '' : `, ${hidden}`}.`
}

const warn = (log: Log, { server }: Config): void => {
  log.warn('anyone who reaches this port can use the upstream: no client keys are configured', {
    host: server.host,
  })
}
