/** A Config → tolk in several processes: one that keeps the catalog and the limits, and workers that serve. */
import type { Known, LiveCatalog } from './catalog/live.ts'
import type { Config } from './config/config.ts'
import { ConfigError } from './config/config-error.ts'
import { fingerprint } from './config/fingerprint.ts'
import { createLog, standardOutput, type Log } from './log.ts'
import type { ScrapeListener } from './metrics/listener.ts'
import type { Measures, Meters } from './metrics/meters.ts'
import { accessOf } from './config/renewal.ts'
import {
  catalogDresser,
  connect,
  type Connected,
  knownHosts,
  listenConfig,
  renewAccess,
  upstreamFor,
  picturesFor,
} from './serve.ts'
import { createApp } from './server/app.ts'
import { boundsOf } from './server/bounds.ts'
import { doorLog } from './server/door-log.ts'
import { KeyRing } from './server/key-ring.ts'
import { listen } from './server/listen.ts'
import { LoopWatch } from './server/loop-watch.ts'
import { OpenTurns } from './server/open-turns.ts'
import { createRateLimit } from './server/rate-limit.ts'
import { createTally, type Tally } from './tally.ts'
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
    /** As of one process, in each worker, and in those that are started later. */
    renew(config: Config): void
    /** Has every worker drain, for as long as `shutdown` says unless told otherwise, then closes everything. */
    close(patience?: Config['shutdown']): Promise<void>
  }

/** Whether this process is one of the workers. */
export const isWorker = workerId !== null

/** Starts `server.workers` workers. Here is the one catalog that asks the upstream, and the one set of limits. */
export const serveWithWorkers = (config: Config, log: Log): RunningWorkers => {
  // Said once, before there is any worker to say it.
  listenConfig(config)
  const news = createBulletin<Known>(NOTHING_KNOWN)
  const connected = connect(config, log, (known) => news.post(known))
  const { catalog, upstream } = connected
  const keys = new KeyRing(config.auth.keys)
  const keyNamed = (name: string) => keys.named(name) ?? null
  const primary = startPrimary({
    count: config.server.workers,
    fork: forkWorker,
    fingerprint: fingerprint(config),
    news,
    answer: createAnswers({ catalog, admit: createRateLimit(now), keyNamed, log }),
    log,
    now,
  })
  const metrics =
    config.metrics.port === undefined
      ? undefined
      : gathered(config, log, connected.tally, () => primary.measure())
  const listening = Promise.all([primary.listening, metrics]).then(([url]) => url)
  // It is heard by whoever starts us, but perhaps later.
  listening.catch(() => {})
  return {
    ...connected,
    listening,
    broken: primary.broken,
    renew: (next) => {
      const access = accessOf(next)
      keys.replace(access.keys)
      upstream.renew(access.upstreamHeaders)
      primary.renew(access, fingerprint(next))
    },
    close: async ({ preDelayMs, drainMs } = config.shutdown) => {
      await primary.close(preDelayMs + drainMs)
      await (await metrics?.catch(() => undefined))?.close()
      await connected.close()
    },
  }
}

/** The one listener for all: each worker counts for itself, and the primary has its process to tell of. */
const gathered = async (
  config: Config,
  log: Log,
  tally: Tally,
  fromWorkers: () => Promise<readonly Measures[]>,
): Promise<ScrapeListener> => {
  const { metersFor, serveMetrics } = await import('./serve-metrics.ts')
  const { snapshot } = metersFor(config, null, tally, 'primary')
  return serveMetrics(config, log, async () => [await snapshot(), ...(await fromWorkers())])
}

/**
 * Serves as one of the workers, until the primary says to stop.
 *
 * @param untilFault resolves with how long to drain, should the worker have to end by itself.
 * @returns the exit code: 1 if it had to.
 */
export const serveAsWorker = async (
  config: Config,
  untilFault: (log: Log, heard: Tally['faulted']) => Promise<Config['shutdown']>,
): Promise<number> => {
  const link = await within(WELCOME_MS, joinPrimary(primaryPort, fingerprint(config)))
  if (link === undefined) {
    leavePrimary()
    throw new ConfigError([NOT_OURS])
  }
  const log = createLog(config.log.level, standardOutput(true), { worker: workerId })
  const tally = createTally(log)
  const upstream = upstreamFor(config, tally)
  const catalog = createRemoteCatalog({ link, catalogOf: catalogDresser(config) })
  const admit = createRemoteAdmit(link)
  const keys = new KeyRing(config.auth.keys)
  const hosts = knownHosts(config)
  const turns = new OpenTurns()
  const loop = new LoopWatch(tally.heldUp)
  /** @param leftMs of the primary's patience, the time before listening stops included. */
  const patience = (leftMs: number) => {
    const preDelayMs = Math.min(config.shutdown.preDelayMs, leftMs)
    return { preDelayMs, drainMs: leftMs - preDelayMs, code: 0 }
  }
  const meters =
    config.metrics.port === undefined ? undefined : await metersIn(config, catalog, tally)
  if (meters !== undefined) link.measured(meters.snapshot)
  const { observer } = meters ?? {}
  const bounds = boundsOf(config, observer)
  const app = createApp({
    ...bounds,
    pictures: await picturesFor(config),
    upstream,
    catalog,
    turns,
    admit,
    keys,
    hosts,
    config,
    log,
    observer,
    loop,
  })
  link.renewed((access) => renewAccess(access, { keys, turns, upstream }))
  try {
    const listening = await listen(
      app,
      turns,
      listenConfig(config),
      doorLog(log, config.log, observer),
    )
    link.listening(listening.url)
    const fault = untilFault(log, tally.faulted).then((short) => ({ ...short, code: 1 }))
    const { drainMs, preDelayMs, code } = await Promise.race([link.draining.then(patience), fault])
    await listening.close(drainMs, preDelayMs)
    return code
  } catch (error) {
    link.cannotListen(error)
    return 0
  } finally {
    loop.close()
    await upstream.close()
    leavePrimary()
  }
}

const metersIn = async (config: Config, catalog: LiveCatalog, tally: Tally): Promise<Meters> => {
  const { metersFor } = await import('./serve-metrics.ts')
  return metersFor(config, catalog, tally, String(workerId))
}

const NOTHING_KNOWN: Known = {
  cards: [],
  state: { knowledge: 'none', reachable: false, failure: undefined },
}

/** How long the primary may take to answer, ms; it has little else to do. */
const WELCOME_MS = 10_000

const NOT_OURS =
  '`server.workers` must be 1 where something else starts tolk in several processes, such as a cluster manager.'
