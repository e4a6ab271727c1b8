/** A Config → tolk, serving: builds the rooms, ties them together, listens. */
import { createCatalog, type Catalog } from './catalog/catalog.ts'
import { configuredCard } from './catalog/configured-model.ts'
import type { CatalogState, Known, LiveCatalog } from './catalog/live.ts'
import type { ModelCard } from './catalog/model-card.ts'
import type { Config } from './config/config.ts'
import { servingOf } from './config/serving.ts'
import type { Log } from './log.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'
import type { Observer } from './server/observer.ts'
import { OpenTurns } from './server/open-turns.ts'
import { createRateLimit } from './server/rate-limit.ts'
import { now } from './ticker.ts'
import { createConfiguredCatalog } from './upstream/configured-catalog.ts'
import { createLiveCatalog } from './upstream/live-catalog.ts'
import { createOllama } from './upstream/ollama.ts'
import type { Upstream } from './upstream/upstream.ts'
import { version } from './version.ts'

/** What tolk knows without serving: enough for `tolk models`. */
export type Connected = {
  readonly upstream: Upstream
  readonly catalog: LiveCatalog
  /** Ends all calls under way and closes all connections. */
  close(): Promise<void>
}

export type Running = Connected & {
  /** Where it listens, such as `http://127.0.0.1:11435`. */
  readonly url: string
  /** Drains for at most `shutdown.drainMs`, then closes everything. */
  close(): Promise<void>
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
  const upstream = upstreamFor(config)
  const catalog = catalogFor(config, upstream, log, onNews)
  return {
    upstream,
    catalog,
    close: async () => {
      catalog.close()
      await upstream.close()
    },
  }
}

/** @throws the `listen` error, such as EADDRINUSE, or a ConfigError of the metrics' port; everything that was opened is closed again. */
export const serve = async (config: Config, log: Log): Promise<Running> => {
  const connected = connect(config, log)
  const { upstream, catalog } = connected
  const turns = new OpenTurns()
  let metrics: Measured | undefined
  try {
    metrics = config.metrics.port === undefined ? undefined : await measured(config, log, catalog)
    const admit = createRateLimit(now)
    const { observer } = metrics ?? {}
    const app = createApp({ upstream, catalog, turns, admit, config, log, observer })
    const listening = await listen(app, turns, config.server)
    return {
      url: listening.url,
      upstream,
      catalog,
      close: async () => {
        await listening.close(config.shutdown.drainMs)
        await metrics?.close()
        await connected.close()
      },
    }
  } catch (error) {
    await metrics?.close()
    await connected.close()
    throw error
  }
}

type Measured = { readonly observer: Observer; close(): Promise<void> }

/** A start without metrics does not wait for what they need. */
const measured = async (config: Config, log: Log, catalog: LiveCatalog): Promise<Measured> => {
  const { metersFor, serveMetrics } = await import('./serve-metrics.ts')
  const { observer, snapshot } = metersFor(config, catalog)
  const { close } = await serveMetrics(config, log, async () => [await snapshot()])
  return { observer, close }
}

/** The upstream that is configured; nothing is asked of it yet. */
export const upstreamFor = (config: Config): Upstream =>
  createOllama(
    {
      ...config.upstream,
      ...config.abort,
      headers: config.upstream.headers.reveal(),
      tls: config.upstream.tls.reveal(),
      userAgent: `tolk/${version}`,
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
    })

const catalogFor = (
  config: Config,
  upstream: Upstream,
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
