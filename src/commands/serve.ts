/** `tolk`: serves until a signal says to stop. */
import { explainHidden } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { createLog, type Log } from '../log.ts'
import { serve, type Running } from '../serve.ts'
import { describeFailure } from './describe-failure.ts'
import { untilSignal } from './until-signal.ts'
import type { Print } from './print.ts'

/** @returns the exit code, after the drain. @throws the `listen` error. */
export const serveCommand = async ({ config, warnings }: Loaded, print: Print): Promise<number> => {
  const log = createLog(config.log.level)
  const stopping = untilSignal()
  const running = await serve(config, log)
  for (const warning of warnings) log.warn(warning)
  // Whoever stops it while it still looks for the upstream need not wait for the line.
  await Promise.race([stopping, startLine(running, config).then((line) => print(`${line}\n`))])
  if (config.server.allowAnonymous && config.auth.keys.length === 0) warn(log, config)
  await stopping
  await running.close()
  return 0
}

/** How long the start line waits for the upstream, ms: tolk serves already, and a line is due. */
const PATIENCE_MS = 2000

/** One readable line: where it listens, what it found upstream, or why nothing and that it goes on trying. */
export const startLine = async (
  { url, upstream, catalog }: Running,
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
