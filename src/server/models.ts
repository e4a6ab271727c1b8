/** GET /v1/models and /v1/models/{id}. */
import { encodeModel, encodeModelList } from '../dialects/openai/model-list.ts'
import { mayUse, resolveFor } from './model-access.ts'
import type { AppContext } from './context.ts'
import type { Rooms } from './rooms.ts'

/** The models on offer, as far as this client's key reaches. */
export const listModels =
  ({ catalog, config }: Rooms) =>
  async (c: AppContext): Promise<Response> => {
    const key = c.get('key')
    const cards = (await catalog.list()).filter((card) => mayUse(key, card.name))
    // Codex names itself so, and needs `models` beside `data`.
    const forCodex = c.req.query('client_version') !== undefined
    return c.json(encodeModelList(cards, { context: config.catalog.context, forCodex }))
  }

/** One model by any name the catalog knows it by; ids may hold slashes and colons, encoded or not. */
export const retrieveModel =
  ({ catalog, config }: Rooms) =>
  async (c: AppContext): Promise<Response> => {
    const [path = ''] = (c.env.incoming.url ?? '').split('?', 1)
    const name = decoded(path.slice(path.indexOf(PREFIX) + PREFIX.length))
    const card = await resolveFor(c.get('key'), catalog, name, config.catalog)
    return c.json(encodeModel(card, { context: config.catalog.context }))
  }

const PREFIX = '/v1/models/'

/** A stray `%` is part of a name that does not exist, not an accident of ours. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
