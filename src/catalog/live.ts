/** LiveCatalog: the catalog as the server asks for it, whoever keeps it fresh. */
import { Failed, type Failure } from '../failure.ts'
import type { Catalog } from './catalog.ts'
import type { ModelCard } from './model-card.ts'

/** How much is known, and what went wrong at the last attempt to know more. */
export type CatalogState = {
  /** Nothing; the names; or all that each model says of itself. */
  readonly knowledge: 'none' | 'list' | 'whole'
  /** Whether the upstream answered when it was last asked; false until it was. */
  readonly reachable: boolean
  /** Undefined when the last refresh went well. Beside any knowledge it means: this is old. */
  readonly failure: Failure | undefined
}

/** All that a catalog has learnt: enough to make another like it. */
export type Known = {
  /** In the order they are listed. */
  readonly cards: readonly ModelCard[]
  readonly state: CatalogState
}

export type LiveCatalog = {
  /** What is known now; an empty catalog until something is. */
  current(): Catalog
  state(): CatalogState
  /**
   * The model a client means, at once when it is known. An unknown name has the upstream asked first.
   *
   * @throws Failed `model-not-found` with the nearest names, or why the upstream could not be asked:
   * then nobody can say that there is no such model.
   */
  resolve(name: string): Promise<ModelCard>
  /**
   * The models on offer; waits a moment for the first discovery, and outlives an outage.
   *
   * @throws Failed when nothing was ever learnt: an empty list would be remembered by clients.
   */
  list(): Promise<readonly ModelCard[]>
  /**
   * Hears that the upstream has none of this name, which we know: it is asked again what it has.
   *
   * @returns the nearest names of others, best first, after a moment. Never rejects.
   */
  missed(upstreamModel: string): Promise<readonly string[]>
  /** Settles, never rejects, when the first attempt has ended either way. */
  readonly started: Promise<void>
  close(): void
}

/** A catalog that does not change, for nobody is asked: the operator has named every model. */
export const fixedCatalog = (catalog: Catalog): LiveCatalog => ({
  current: () => catalog,
  state: () => ({ knowledge: 'whole', reachable: true, failure: undefined }),
  resolve: async (name) => catalog.resolve(name) ?? notFound(name, catalog),
  list: async () => catalog.listed(),
  missed: async (upstreamModel) => others(upstreamModel, catalog),
  started: Promise.resolve(),
  close: () => {},
})

/** @throws Failed `model-not-found`, always. */
export const notFound = (model: string, catalog: Catalog): never => {
  throw new Failed({ kind: 'model-not-found', model, suggestions: catalog.nearest(model) })
}

/** The nearest names of models other than this one. */
export const others = (upstreamModel: string, catalog: Catalog): readonly string[] =>
  catalog.nearest(upstreamModel).filter((name) => catalog.resolve(name)?.name !== upstreamModel)

/** What an attempt to ask the upstream came to. */
export const failureOf = (error: unknown): Failure =>
  error instanceof Failed ? error.failure : { kind: 'internal' }
