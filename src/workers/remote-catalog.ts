/** LiveCatalog of a worker: a copy of what the primary knows; what the copy lacks, the primary is asked. */
import type { Catalog } from '../catalog/catalog.ts'
import { type CatalogState, type LiveCatalog, notFound, others } from '../catalog/live.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import type { Link } from './worker.ts'

export type RemoteCatalogOptions = {
  readonly link: Pick<Link, 'news' | 'resolve' | 'list' | 'missed'>
  /** Dresses the cards as the primary does. */
  readonly catalogOf: (cards: readonly ModelCard[]) => Catalog
}

/** As `upstream/live-catalog.ts` promises, whose news precede the answers that rest on them. */
export const createRemoteCatalog = ({ link, catalogOf }: RemoteCatalogOptions): LiveCatalog => {
  let { cards, state } = link.news.latest()
  let catalog = catalogOf(cards)
  const started = Promise.withResolvers<void>()
  if (hasStarted(state)) started.resolve()

  link.news.read((known) => {
    ;({ cards, state } = known)
    catalog = catalogOf(cards)
    if (hasStarted(state)) started.resolve()
  })

  const resolve = async (name: string): Promise<ModelCard> => {
    const known = catalog.resolve(name)
    if (known !== undefined && (known.certain || state.knowledge === 'whole')) return known
    return name.length > LONGEST_NAME ? notFound(name, catalog) : link.resolve(name)
  }

  const list = async (): Promise<readonly ModelCard[]> => {
    if (state.knowledge !== 'whole') await link.list()
    return catalog.listed()
  }

  const missed = async (upstreamModel: string): Promise<readonly string[]> => {
    try {
      return await link.missed(upstreamModel)
    } catch {
      return others(upstreamModel, catalog)
    }
  }

  return {
    current: () => catalog,
    state: () => state,
    resolve,
    list,
    missed,
    started: started.promise,
    close: () => {},
  }
}

/** Whether the first attempt has ended: all is known and the upstream answers, or it failed. */
const hasStarted = ({ knowledge, reachable, failure }: CatalogState): boolean =>
  failure !== undefined || (knowledge === 'whole' && reachable)

// A name may fill a body of any size, and the primary works for everybody. Ollama's own are at most 350.
const LONGEST_NAME = 1_000
