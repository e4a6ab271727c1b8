/** Client keys: who may ask, for which models. Decided from the headers, before the body is read. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import type { LiveCatalog } from '../catalog/live.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import { Failed } from '../failure.ts'
import { matchesModel } from '../model-pattern.ts'
import type { ClientKey } from '../client-key.ts'
import type { AppEnv } from './context.ts'

/**
 * Asks for `Authorization: Bearer KEY`, unless there are no keys at all.
 *
 * @throws Failed `unauthorized`; the message is the same whatever was wrong, and repeats nothing.
 */
export const auth = (keys: readonly ClientKey[]): MiddlewareHandler<AppEnv> => {
  const digests = keys.map((key) => ({ key, digest: Buffer.from(key.sha256, 'hex') }))
  return async (c, next) => {
    if (digests.length === 0) {
      c.set('key', null)
      return next()
    }
    const presented = /^bearer +(\S+)$/i.exec(c.env.incoming.headers.authorization ?? '')?.[1]
    const key = presented === undefined ? undefined : find(digests, presented)
    if (key === undefined) throw new Failed({ kind: 'unauthorized', message: UNAUTHORIZED })
    c.set('key', key)
    c.get('record').key = key.name
    return next()
  }
}

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
 * Finds a model for this client.
 *
 * @throws Failed `forbidden`, or what the catalog throws, naming no model that the key does not open.
 */
export const resolveFor = async (
  key: ClientKey | null,
  catalog: Pick<LiveCatalog, 'resolve' | 'current'>,
  name: string,
): Promise<ModelCard> => {
  try {
    const card = await catalog.resolve(name)
    authorize(key, card.name)
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

const UNAUTHORIZED =
  'Missing or unknown API key. Send one that this server knows as `Authorization: Bearer KEY`.'

type Digest = { readonly key: ClientKey; readonly digest: Buffer }

/** All are compared, each in constant time: how long it takes says nothing about the keys. */
const find = (digests: readonly Digest[], presented: string): ClientKey | undefined => {
  const digest = createHash('sha256').update(presented).digest()
  let found: ClientKey | undefined
  for (const each of digests) {
    if (timingSafeEqual(each.digest, digest)) found = each.key
  }
  return found
}
