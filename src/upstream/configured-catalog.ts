/** The catalog of explicit models: it never changes, and the upstream is asked only whether it is there. */
import type { Catalog } from '../catalog/catalog.ts'
import { type CatalogState, failureOf, fixedCatalog, type LiveCatalog } from '../catalog/live.ts'
import { createRefresher } from './refresher.ts'

export type ConfiguredCatalogOptions = {
  readonly catalog: Catalog
  /** Asks the upstream something small, such as its version. @throws Failed when it does not answer. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>
  /** From the end of one probe to the start of the next, milliseconds; sooner after one that failed. */
  readonly refreshMs: number
  /** Hears how each probe ended, for the log. */
  readonly onRefresh?: (state: CatalogState) => void
}

/** Probes at once, then in the background: an outage is told by the state, and changes nothing else. */
export const createConfiguredCatalog = (options: ConfiguredCatalogOptions): LiveCatalog => {
  const { catalog, probe, refreshMs, onRefresh } = options
  const closing = new AbortController()
  let state: CatalogState = { knowledge: 'whole', reachable: false, failure: undefined }

  const work = async (): Promise<boolean> => {
    try {
      await probe(closing.signal)
      state = { ...state, reachable: true, failure: undefined }
    } catch (error) {
      state = { ...state, reachable: false, failure: failureOf(error) }
    }
    if (!closing.signal.aborted) onRefresh?.(state)
    return state.reachable
  }

  const refresher = createRefresher({ work, everyMs: refreshMs })
  return {
    ...fixedCatalog(catalog),
    state: () => state,
    started: refresher.latest().over,
    close: () => {
      closing.abort()
      refresher.close()
    },
  }
}
