/** A Config → tolk in several processes: one that keeps the catalog and the limits, and workers that serve. */
import type { Known, LiveCatalog } from './catalog/live.ts'
import type { Config } from './config/config.ts'
import { ConfigError } from './config/config-error.ts'
import { fingerprint } from './config/fingerprint.ts'
import { createLog, standardOutput, type Log } from './log.ts'
import type { ScrapeListener } from './metrics/listener.ts'
import type { Measures, Meters } from './metrics/meters.ts'
import { catalogDresser, connect, type Connected, upstreamFor } from './serve.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'
import { OpenTurns } from './server/open-turns.ts'
import { createRateLimit } from './server/rate-limit.ts'
import { now } from './ticker.ts'
import { within } from './upstream/within.ts'
import { createAnswers } from './workers/answers.ts'
import { createBulletin } from './workers/bulletin.ts'
import { forkWorker, leavePrimary, primaryPort, workerId } from './workers/cluster.ts'
import { type Primary, startPrimary } from './workers/primary.ts'
import { createRemoteAdmit } from './workers/remote-admit.ts'
import { createRemoteCatalog } from './workers/remote-catalog.ts'
import { joinPrimary } from './workers/worker.ts'

export type RunningWorkers = Connected &
  Pick<Primary, 'listening' | 'broken'> & {
    /** Has every worker drain for at most `shutdown.drainMs`, then closes everything. */
    close(): Promise<void>
  }

/** Whether this process is one of the workers. */
export const isWorker = workerId !== null

/** Starts `server.workers` workers. Here is the one catalog that asks the upstream, and the one set of limits. */
export const serveWithWorkers = (config: Config, log: Log): RunningWorkers => {
  const news = createBulletin<Known>(NOTHING_KNOWN)
  const connected = connect(config, log, (known) => news.post(known))
  const { catalog } = connected
  const primary = startPrimary({
    count: config.server.workers,
    fork: forkWorker,
    fingerprint: fingerprint(config),
    news,
    answer: createAnswers({ catalog, admit: createRateLimit(now), keys: config.auth.keys, log }),
    log,
    now,
  })
  const metrics =
    config.metrics.port === undefined ? undefined : gathered(config, log, () => primary.measure())
  const listening = Promise.all([primary.listening, metrics]).then(([url]) => url)
  // It is heard by whoever starts us, but perhaps later.
  listening.catch(() => {})
  return {
    ...connected,
    listening,
    broken: primary.broken,
    close: async () => {
      await primary.close(config.shutdown.drainMs)
      await (await metrics?.catch(() => undefined))?.close()
      await connected.close()
    },
  }
}

/** The one listener for all: each worker counts for itself, and the primary has its process to tell of. */
const gathered = async (
  config: Config,
  log: Log,
  fromWorkers: () => Promise<readonly Measures[]>,
): Promise<ScrapeListener> => {
  const { metersFor, serveMetrics } = await import('./serve-metrics.ts')
  const { snapshot } = metersFor(config, null, 'primary')
  return serveMetrics(config, log, async () => [await snapshot(), ...(await fromWorkers())])
}

/** Serves as one of the workers, until the primary says to stop. */
export const serveAsWorker = async (config: Config): Promise<void> => {
  const link = await within(WELCOME_MS, joinPrimary(primaryPort, fingerprint(config)))
  if (link === undefined) {
    leavePrimary()
    throw new ConfigError([NOT_OURS])
  }
  const log = createLog(config.log.level, standardOutput(true), { worker: workerId })
  const upstream = upstreamFor(config)
  const catalog = createRemoteCatalog({ link, catalogOf: catalogDresser(config) })
  const admit = createRemoteAdmit(link, config.auth.keys)
  const turns = new OpenTurns()
  const meters = config.metrics.port === undefined ? undefined : await metersIn(config, catalog)
  if (meters !== undefined) link.measured(meters.snapshot)
  const { observer } = meters ?? {}
  const app = createApp({ upstream, catalog, turns, admit, config, log, observer })
  try {
    const listening = await listen(app, turns, config.server)
    link.listening(listening.url)
    await listening.close(await link.draining)
  } catch (error) {
    link.cannotListen(error)
  } finally {
    await upstream.close()
    leavePrimary()
  }
}

const metersIn = async (config: Config, catalog: LiveCatalog): Promise<Meters> => {
  const { metersFor } = await import('./serve-metrics.ts')
  return metersFor(config, catalog, String(workerId))
}

const NOTHING_KNOWN: Known = {
  cards: [],
  state: { knowledge: 'none', reachable: false, failure: undefined },
}

/** How long the primary may take to answer, ms; it has little else to do. */
const WELCOME_MS = 10_000

const NOT_OURS =
  '`server.workers` must be 1 where something else starts tolk in several processes, such as a cluster manager.'
