/** Discovery: asks an Ollama which models it has, and what each of them can do. */
import type { ModelCard, Serving } from '../catalog/model-card.ts'
import { decodeModelCard } from '../dialects/ollama/model-card.ts'
import { decodePs } from '../dialects/ollama/ps.ts'
import { decodeTags } from '../dialects/ollama/tags.ts'
import type { Ask } from './ask.ts'
import { createShows } from './shows.ts'
import { within } from './within.ts'

/**
 * Asks for everything the upstream offers.
 *
 * `onList` hears first what the list and earlier answers tell, then now and again what is known by then,
 * so that one slow `/api/show` keeps nobody waiting for the models beside it.
 *
 * @throws Failed when `/api/tags` cannot be had. A model whose `/api/show` fails just stays uncertain.
 */
export type Discover = (
  signal: AbortSignal,
  onList?: (cards: readonly ModelCard[]) => void,
) => Promise<readonly ModelCard[]>

export type DiscoveryOptions = {
  readonly ask: Ask
  /** How the operator wants a model served, by the upstream's name for it. */
  readonly servingOf: (name: string) => Serving
}

/** Remembers between calls what `/api/show` said, and what was in memory. */
export const createDiscovery = ({ ask, servingOf }: DiscoveryOptions): Discover => {
  const shows = createShows(ask)
  let loaded: ReadonlyMap<string, number> = new Map()

  return async (signal, onList) => {
    const asking = askLoaded(ask, signal)
    const tags = decodeTags(await ask('GET', '/api/tags', null, signal))
    shows.keepOnly(tags)
    const cards = () =>
      tags.map((tag) =>
        decodeModelCard({
          tag,
          show: shows.known(tag),
          loaded: loaded.get(tag.name),
          serving: servingOf(tag.name),
        }),
      )
    onList?.(cards())
    const showing = Promise.all(tags.map((tag) => shows.get(tag, signal)))
    while ((await within(NEWS_MS, showing)) === undefined) onList?.(cards())
    loaded = (await within(PS_PATIENCE_MS, asking)) ?? new Map()
    return cards()
  }
}

// Often enough for whoever waits, and cheap beside thousands of models.
const NEWS_MS = 100

// It only refines a number in the list, so it may not hold the list up.
const PS_PATIENCE_MS = 1_000

const askLoaded = async (
  ask: Ask,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> => {
  try {
    return decodePs(await ask('GET', '/api/ps', null, signal))
  } catch {
    // Hosted servers and old ones have no such list.
    return undefined
  }
}
