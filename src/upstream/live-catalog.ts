/** The catalog, kept fresh: refreshed in the background and on an unknown name, kept through an outage. */
import type { Catalog } from '../catalog/catalog.ts'
import {
  type CatalogState,
  failureOf,
  type Known,
  type LiveCatalog,
  notFound,
  others,
} from '../catalog/live.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import { Failed, type Failure } from '../failure.ts'
import type { Discover } from './discovery.ts'
import { createRefresher, type Refresh } from './refresher.ts'
import { within } from './within.ts'

export type LiveCatalogOptions = {
  readonly discover: Discover
  /** Dresses what was found: aliases, the list's policy. */
  readonly catalogOf: (cards: readonly ModelCard[]) => Catalog
  /** From the end of one background refresh to the start of the next, milliseconds. */
  readonly refreshMs: number
  /** Hears what is known each time that has changed: within a refresh, too, as details come in. */
  readonly onNews?: (known: Known) => void
  /** Hears how each refresh ended, for the log. */
  readonly onRefresh?: (state: CatalogState) => void
}

/** Starts the first refresh at once. Its timers keep no process alive. */
export const createLiveCatalog = (options: LiveCatalogOptions): LiveCatalog => {
  const { discover, catalogOf, refreshMs, onNews, onRefresh } = options
  const closing = new AbortController()
  let cards: readonly ModelCard[] = []
  let catalog = catalogOf(cards)
  let knowledge: CatalogState['knowledge'] = 'none'
  let failure: Failure | undefined
  /** The number of the refresh we know this from; an older one has nothing to add. */
  let newest = 0
  /** The number of the last refresh that failed; what an older one still brings does not undo that. */
  let failed = 0
  /** Resolved, and replaced, whenever more is known. */
  let news = Promise.withResolvers<void>()

  const adopt = (
    number: number,
    found: readonly ModelCard[],
    learnt: Exclude<CatalogState['knowledge'], 'none'>,
  ): void => {
    if (number < newest) return
    newest = number
    cards = found
    catalog = catalogOf(cards)
    if (number > failed) failure = undefined
    if (knowledge !== 'whole') knowledge = learnt
    news.resolve()
    news = Promise.withResolvers()
    onNews?.({ cards, state: state() })
  }

  const state = (): CatalogState => ({
    knowledge,
    reachable: knowledge !== 'none' && failure === undefined,
    failure,
  })

  const work = async (number: number, listed: () => void): Promise<boolean> => {
    try {
      const found = await discover(closing.signal, (early) => {
        adopt(number, early, 'list')
        listed()
      })
      adopt(number, found, 'whole')
    } catch (error) {
      if (number > newest) {
        failed = number
        failure = closing.signal.aborted ? { kind: 'draining' } : failureOf(error)
        onNews?.({ cards, state: state() })
      }
    }
    if (!closing.signal.aborted) onRefresh?.(state())
    return failure === undefined
  }

  const refresher = createRefresher({ work, everyMs: refreshMs })
  const { over: started } = refresher.latest()

  const resolve = async (name: string): Promise<ModelCard> => {
    const known = catalog.resolve(name)
    if (known !== undefined && (known.certain || knowledge === 'whole')) return known

    let refresh = refresher.latest()
    if (refresh.stage === 'asking') {
      await refresh.listed
      if (failure !== undefined) throw new Failed(failure)
    }
    if (catalog.resolve(name) === undefined) {
      // The list under way may have been written before this model was there.
      refresh = await refresher.fresh()
      await refresh.listed
    }
    const card = catalog.resolve(name)
    if (card === undefined) {
      if (failure !== undefined) throw new Failed(failure)
      return notFound(name, catalog)
    }
    if (!card.certain) await within(PATIENCE_MS, certainty(name, refresh))
    return catalog.resolve(name) ?? card
  }

  /** Waits until all is known of this model, or nothing more is to come. */
  const certainty = async (name: string, refresh: Refresh): Promise<void> => {
    while (refresh.stage !== 'over' && catalog.resolve(name)?.certain !== true) {
      await Promise.race([news.promise, refresh.over])
    }
  }

  const list = async (): Promise<readonly ModelCard[]> => {
    if (knowledge !== 'whole') await within(PATIENCE_MS, refreshed())
    if (knowledge === 'none') throw new Failed(failure ?? STILL_ASKING)
    return catalog.listed()
  }

  const refreshed = async (): Promise<void> => {
    const latest = refresher.latest()
    const refresh = latest.stage === 'over' ? await refresher.fresh() : latest
    await refresh.over
  }

  const missed = async (upstreamModel: string): Promise<readonly string[]> => {
    await within(PATIENCE_MS, relisted())
    return others(upstreamModel, catalog)
  }

  const relisted = async (): Promise<void> => {
    const { listed } = await refresher.fresh()
    await listed
  }

  return {
    current: () => catalog,
    state,
    resolve,
    list,
    missed,
    started,
    close: () => {
      closing.abort()
      refresher.close()
    },
  }
}

// Clients give a model list three seconds or more (Claude Code; OpenClaw five), and an upstream that
// hangs is not waited for longer; a model whose details are late can be called without them.
const PATIENCE_MS = 2_000

/** The upstream has been silent for a moment; how long it may be silent is its own time-out's business. */
const STILL_ASKING: Failure = {
  kind: 'upstream-timeout',
  phase: 'first-line',
  waitedMs: PATIENCE_MS,
}
