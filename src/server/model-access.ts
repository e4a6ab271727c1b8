/** Which models a client's key opens, and what may be told of the others. */
import type { LiveCatalog } from '../catalog/live.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import type { ClientKey } from '../client-key.ts'
import { Failed } from '../failure.ts'
import { matchesModel } from '../model-pattern.ts'

/**
 * Holds the name that is sent upstream, and nothing else, against the key's models: an alias or another
 * spelling opens no door.
 *
 * @throws Failed `forbidden`.
 */
const authorize = (key: ClientKey | null, upstreamModel: string): void => {
  if (mayUse(key, upstreamModel)) return
  throw new Failed({
    kind: 'forbidden',
    message: 'This API key may not use this model. GET /v1/models lists those that it may use.',
    param: 'model',
  })
}

/**
 * Prompts stay with the upstream unless the operator lets them go further: the card tells, not the name.
 *
 * @throws Failed `forbidden`.
 */
const keepHere = ({ remote }: ModelCard, { allowRemote }: Policy): void => {
  if (!remote || allowRemote) return
  throw new Failed({
    kind: 'forbidden',
    message:
      'This model is run by another machine than the upstream, such as Ollama’s cloud, and the prompt would go there. ' +
      'Choose another (GET /v1/models lists them), or have the operator set catalog.allowRemote.',
    param: 'model',
  })
}

/** What the operator says of all models. */
type Policy = { readonly allowRemote: boolean }

/**
 * Finds a model for this client.
 *
 * @throws Failed `forbidden`, or what the catalog throws, naming no model that the key does not open.
 */
export const resolveFor = async (
  key: ClientKey | null,
  catalog: Pick<LiveCatalog, 'resolve' | 'current'>,
  name: string,
  policy: Policy,
): Promise<ModelCard> => {
  try {
    const card = await catalog.resolve(name)
    authorize(key, card.name)
    keepHere(card, policy)
    return card
  } catch (error) {
    if (!(error instanceof Failed) || error.failure.kind !== 'model-not-found') throw error
    const suggestions = suggestable(key, catalog, error.failure.suggestions)
    throw new Failed({ ...error.failure, suggestions })
  }
}

/**
 * Explains to this client why a turn did not open. A model that the upstream has lost meanwhile has the
 * catalog refreshed, and names those that are left and like it.
 *
 * @throws Failed, always.
 */
export const explain =
  (key: ClientKey | null, catalog: Pick<LiveCatalog, 'missed' | 'current'>, card: ModelCard) =>
  async (error: unknown): Promise<never> => {
    if (!(error instanceof Failed) || error.failure.kind !== 'model-not-found') throw error
    const suggestions = suggestable(key, catalog, await catalog.missed(card.name))
    throw new Failed({ ...error.failure, suggestions }, error.cause)
  }

const suggestable = (
  key: ClientKey | null,
  catalog: Pick<LiveCatalog, 'current'>,
  suggestions: readonly string[],
): readonly string[] =>
  suggestions.filter((suggestion) => {
    const card = catalog.current().resolve(suggestion)
    return card !== undefined && mayUse(key, card.name)
  })

/** Whether a key opens the model of this upstream name. */
export const mayUse = (key: ClientKey | null, upstreamModel: string): boolean =>
  key === null ||
  key.models === null ||
  key.models.some((pattern) => matchesModel(pattern, upstreamModel))
