/** A Config → tolk, serving: builds the rooms, ties them together, listens. */
import { createCatalog, type Catalog } from './catalog/catalog.ts'
import { configuredCard } from './catalog/configured-model.ts'
import type { CatalogState, LiveCatalog } from './catalog/live.ts'
import type { ModelCard } from './catalog/model-card.ts'
import type { Config } from './config/config.ts'
import { servingOf } from './config/serving.ts'
import type { Log } from './log.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'
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

/** Ties the upstream and its catalog together. Does not wait for the upstream to be there. */
export const connect = (config: Config, log: Log): Connected => {
  const upstream = createOllama(
    {
      ...config.upstream,
      ...config.abort,
      headers: config.upstream.headers.reveal(),
      tls: config.upstream.tls.reveal(),
      userAgent: `tolk/${version}`,
    },
    (name) => servingOf(name, config.models.params),
  )
  const catalog = catalogFor(config, upstream, log)
  return {
    upstream,
    catalog,
    close: async () => {
      catalog.close()
      await upstream.close()
    },
  }
}

/** @throws the `listen` error, such as EADDRINUSE; everything that was opened is closed again. */
export const serve = async (config: Config, log: Log): Promise<Running> => {
  const connected = connect(config, log)
  const { upstream, catalog } = connected
  const turns = new OpenTurns()
  const app = createApp({ upstream, catalog, turns, admit: createRateLimit(now), config, log })
  try {
    const listening = await listen(app, turns, config.server)
    return {
      url: listening.url,
      upstream,
      catalog,
      close: async () => {
        await listening.close(config.shutdown.drainMs)
        await connected.close()
      },
    }
  } catch (error) {
    await connected.close()
    throw error
  }
}

const catalogFor = (config: Config, upstream: Upstream, log: Log): LiveCatalog => {
  const catalogOf = (cards: readonly ModelCard[]): Catalog =>
    createCatalog({
      cards,
      aliases: config.models.aliases,
      upstreamName: config.upstream.name,
      // Explicit models are listed exactly, whatever they can do.
      list: config.upstream.models === null ? config.catalog.list : 'all',
    })
  const { refreshMs } = config.catalog
  const onRefresh = outageLog(log)
  if (config.upstream.models !== null) {
    return createConfiguredCatalog({
      catalog: catalogOf(config.upstream.models.map(configuredCard)),
      probe: (signal) => upstream.version(signal),
      refreshMs,
      onRefresh,
    })
  }
  return createLiveCatalog({
    discover: (signal, onList) => upstream.models(signal, onList),
    catalogOf,
    refreshMs,
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
