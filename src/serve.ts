/** A Config → tolk, serving: builds the rooms, ties them together, listens. */
import { createCatalog, type Catalog } from './catalog/catalog.ts'
import { configuredCard } from './catalog/configured-model.ts'
import type { CatalogState, Known, LiveCatalog } from './catalog/live.ts'
import type { ModelCard } from './catalog/model-card.ts'
import type { Config } from './config/config.ts'
import { ConfigError } from './config/config-error.ts'
import { isLoopback } from './config/loopback.ts'
import { accessOf, type Access } from './config/renewal.ts'
import { servingOf } from './config/serving.ts'
import type { Log } from './log.ts'
import { createApp } from './server/app.ts'
import { boundsOf } from './server/bounds.ts'
import { doorLog } from './server/door-log.ts'
import { KeyRing } from './server/key-ring.ts'
import { KnownHosts } from './server/known-hosts.ts'
import { listen } from './server/listen.ts'
import type { Observer } from './server/observer.ts'
import { LoopWatch } from './server/loop-watch.ts'
import { connectionsWithin, filesFor, openFileLimit } from './server/open-files.ts'
import { OpenTurns } from './server/open-turns.ts'
import type { Pictures } from './media/pictures.ts'
import { createRateLimit } from './server/rate-limit.ts'
import { createTally, type Tally } from './tally.ts'
import { now } from './ticker.ts'
import { createConfiguredCatalog } from './upstream/configured-catalog.ts'
import { createLiveCatalog } from './upstream/live-catalog.ts'
import { createOllama, type Ollama } from './upstream/ollama.ts'
import { version } from './version.ts'

/** What tolk knows without serving: enough for `tolk models`. */
export type Connected = {
  readonly upstream: Ollama
  readonly catalog: LiveCatalog
  /** What befell it so far. */
  readonly tally: Tally
  /** Ends all calls under way and closes all connections. */
  close(): Promise<void>
}

export type Running = Connected & {
  /** Where it listens, such as `http://127.0.0.1:11435`. */
  readonly url: string
  /** Has other client keys and another credential count from now on; what is under way goes on, or is cut as configured. */
  renew(config: Config): void
  /** Drains, for as long as `shutdown` says unless told otherwise, then closes everything. */
  close(patience?: Config['shutdown']): Promise<void>
}

/**
 * Ties the upstream and its catalog together. Does not wait for the upstream to be there.
 *
 * @param onNews hears what is known of the models, from the start and whenever that changes.
 */
export const connect = (
  config: Config,
  log: Log,
  onNews: (known: Known) => void = () => {},
): Connected => {
  const tally = createTally(log)
  const upstream = upstreamFor(config, tally)
  const catalog = catalogFor(config, upstream, log, onNews)
  return {
    upstream,
    catalog,
    tally,
    close: async () => {
      catalog.close()
      await upstream.close()
    },
  }
}

/** @throws the `listen` error, such as EADDRINUSE, or a ConfigError of the metrics' port or the connections; everything that was opened is closed again. */
export const serve = async (config: Config, log: Log): Promise<Running> => {
  const connected = connect(config, log)
  const { upstream, catalog, tally } = connected
  const turns = new OpenTurns()
  const loop = new LoopWatch(tally.heldUp)
  let metrics: Measured | undefined
  try {
    metrics = config.metrics.port === undefined ? undefined : await measured(config, log, connected)
    const admit = createRateLimit(now)
    const { observer } = metrics ?? {}
    const keys = new KeyRing(config.auth.keys)
    const hosts = knownHosts(config)
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
    const listening = await listen(
      app,
      turns,
      listenConfig(config),
      doorLog(log, config.log, observer),
    )
    return {
      url: listening.url,
      upstream,
      catalog,
      tally,
      renew: (next) => renewAccess(accessOf(next), { keys, turns, upstream }),
      close: async ({ drainMs, preDelayMs } = config.shutdown) => {
        await listening.close(drainMs, preDelayMs)
        loop.close()
        await metrics?.close()
        await connected.close()
      },
    }
  } catch (error) {
    loop.close()
    await metrics?.close()
    await connected.close()
    throw error
  }
}

/** Who fetches pictures, if anybody may; a start without does not wait for what that needs. */
export const picturesFor = async ({ media }: Config): Promise<Pictures | undefined> => {
  if (media.allowedHosts.length === 0) return undefined
  const { createPictures } = await import('./media/pictures.ts')
  return createPictures(media)
}

/** What an {@link Access} is told to. */
export type Renewable = {
  readonly keys: KeyRing
  readonly turns: OpenTurns
  readonly upstream: Pick<Ollama, 'renew'>
}

/** Has it count from now on. Whose key is gone gets no new answer, and keeps the one under way unless that is to be cut. */
export const renewAccess = (access: Access, { keys, turns, upstream }: Renewable): void => {
  keys.replace(access.keys)
  upstream.renew(access.upstreamHeaders)
  if (access.revokedStreams === 'cut') turns.revoke((key) => !keys.holds(key))
}

/** The names under which tolk may be asked for, where a web page could give it one of its own. */
export const knownHosts = ({ server }: Config): KnownHosts | undefined =>
  isLoopback(server.host) ? new KnownHosts([server.host, ...server.allowedHosts]) : undefined

type Measured = { readonly observer: Observer; close(): Promise<void> }

/** A start without metrics does not wait for what they need. */
const measured = async (
  config: Config,
  log: Log,
  { catalog, tally }: Connected,
): Promise<Measured> => {
  const { metersFor, serveMetrics } = await import('./serve-metrics.ts')
  const { observer, snapshot } = metersFor(config, catalog, tally)
  const { close } = await serveMetrics(config, log, async () => [await snapshot()])
  return { observer, close }
}

/** @throws ConfigError where not as many files may be open as the connections need that are asked for. */
export const listenConfig = ({ server }: Config) => {
  const files = openFileLimit()
  const { maxConnections = Math.min(USUAL_CONNECTIONS, connectionsWithin(files)) } = server
  const needed = filesFor(maxConnections)
  if (server.maxConnections === undefined || needed <= files) return { ...server, maxConnections }
  throw new ConfigError([
    `server.maxConnections: ${maxConnections} connections need ${needed} open files, and this process may have ${files}; raise that limit (ulimit -n), or lower the number`,
  ])
}

const USUAL_CONNECTIONS = 10_000

/** The upstream that is configured; nothing is asked of it yet. */
export const upstreamFor = (config: Config, { incidents }: Tally): Ollama =>
  createOllama(
    {
      ...config.upstream,
      ...config.abort,
      headers: config.upstream.headers.reveal(),
      tls: config.upstream.tls.reveal(),
      userAgent: `tolk/${version}`,
      incidents,
    },
    (name) => servingOf(name, config.models.params),
  )

/** Dresses what is known of the models as is configured: aliases, the list's policy. */
export const catalogDresser =
  (config: Config) =>
  (cards: readonly ModelCard[]): Catalog =>
    createCatalog({
      cards,
      aliases: config.models.aliases,
      upstreamName: config.upstream.name,
      // Explicit models are listed exactly, whatever they can do.
      list: config.upstream.models === null ? config.catalog.list : 'all',
      allowRemote: config.catalog.allowRemote,
    })

const catalogFor = (
  config: Config,
  upstream: Ollama,
  log: Log,
  onNews: (known: Known) => void,
): LiveCatalog => {
  const catalogOf = catalogDresser(config)
  const { refreshMs } = config.catalog
  const onRefresh = outageLog(log)
  if (config.upstream.models !== null) {
    const cards = config.upstream.models.map(configuredCard)
    const catalog = createConfiguredCatalog({
      catalog: catalogOf(cards),
      probe: (signal) => upstream.version(signal),
      refreshMs,
      onRefresh: (state) => {
        onNews({ cards, state })
        onRefresh(state)
      },
    })
    onNews({ cards, state: catalog.state() })
    return catalog
  }
  return createLiveCatalog({
    discover: (signal, onList) => upstream.models(signal, onList),
    catalogOf,
    refreshMs,
    onNews,
    onRefresh,
  })
}

/** A line when the upstream goes, or its trouble changes, and one when it is back; each try is a detail. */
const outageLog = (log: Log): ((state: CatalogState) => void) => {
  let last: string | undefined
  return ({ knowledge, failure }) => {
    const why = failure?.kind
    if (why === last) log.debug('the upstream was asked', { knowledge, why })
    else if (why === undefined) log.info('the upstream answers again', { knowledge })
    else log.warn('the upstream does not answer', { knowledge, why })
    last = why
  }
}
