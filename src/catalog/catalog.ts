/** Catalog: the names clients use → the upstream's models; the models we know → the list we offer. */
import { nearest } from '../nearest.ts'
import { mayChat, type ModelCard } from './model-card.ts'
import { shortName, spellings } from './name.ts'

export type CatalogOptions = {
  /** In the order they are listed. */
  readonly cards: readonly ModelCard[]
  /** A client's name → a name {@link Catalog.resolve} understands, another alias included. */
  readonly aliases: Readonly<Record<string, string>>
  /** The upstream's name in the configuration; accepted as a prefix, as in `lan/llama3.2`. */
  readonly upstreamName: string
  /** What is listed: models with tools, all that chat, or everything; those for embeddings always are. */
  readonly list: 'tools' | 'chat' | 'all'
  /** Whether models are offered that the upstream passes on to another machine; they are not unless said. */
  readonly allowRemote?: boolean
}

/** One state of knowledge; a refresh makes another. */
export type Catalog = {
  /**
   * Finds the model a client means: exact, else without the prefix, else with `:latest`, else any of
   * these in other upper and lower case, else by an alias. A model's own name thus wins over an alias.
   */
  resolve(name: string): ModelCard | undefined
  /**
   * The models on offer. Where no model is known to have tools, those of which it is not known are listed:
   * a server too old to say has good ones all the same. An alias is no entry of its own: a client that lets
   * people choose would show the model twice, and explicit models are promised to be listed exactly. By name
   * it is found.
   */
  listed(): readonly ModelCard[]
  /** The others; each can still be called and retrieved by name, but for remote ones: these are refused. */
  hidden(): readonly Hidden[]
  /** Names we know that look like this one, best first, aliases included. */
  nearest(name: string): readonly string[]
}

/** `unknown`: the upstream has not said (yet) what it can do. */
export type Hidden = {
  readonly card: ModelCard
  readonly why: 'remote' | 'no-chat' | 'no-tools' | 'unknown'
}

export const createCatalog = ({
  cards,
  aliases,
  upstreamName,
  list,
  allowRemote = false,
}: CatalogOptions): Catalog => {
  const isRefused = ({ remote }: ModelCard): boolean => remote && !allowRemote
  const offered = cards.filter((card) => !isRefused(card))
  const models = indexed(cards.map((card) => [card.name, card]))
  const targets = indexed(Object.entries(aliases))
  const listed = listedOf(offered, list)

  const resolve = (name: string, seen: ReadonlySet<string> = new Set()): ModelCard | undefined => {
    const names = spellings(name, upstreamName)
    const card = found(models, names)
    if (card !== undefined) return card
    const target = found(targets, names)
    // Aliases that lead back to themselves lead nowhere.
    if (target === undefined || seen.has(target)) return undefined
    return resolve(target, new Set([...seen, target]))
  }

  // A client says one name again and again, and rarely the model's own to the letter.
  const known = new Map<string, ModelCard>()
  const remembered = (name: string): ModelCard | undefined => {
    const before = known.get(name)
    if (before !== undefined) return before
    const card = resolve(name)
    if (card !== undefined && known.size < MOST_KNOWN) known.set(name, card)
    return card
  }

  return {
    resolve: remembered,
    listed: () => listed,
    hidden: () =>
      cards
        .filter((card) => !listed.includes(card))
        .map((card) => ({ card, why: isRefused(card) ? 'remote' : reason(card) })),
    nearest: (name) =>
      nearest(shortName(name), [
        ...offered.map((card) => shortName(card.name)),
        ...Object.keys(aliases).filter((alias) => {
          const card = resolve(alias)
          return card !== undefined && !isRefused(card)
        }),
      ]),
  }
}

/** How many spellings are remembered: there is no end of them, but in use are few. */
const MOST_KNOWN = 1000

/** Says how many models the list leaves out, why, and what shows them; empty when it hides none. */
export const explainHidden = (all: readonly Hidden[]): string => {
  const remote = all.filter(({ why }) => why === 'remote').length
  const hidden = all.filter(({ why }) => why !== 'remote')
  const parts = [...new Set(hidden.map(({ why }) => why))].map(
    (why) => `${hidden.filter((each) => each.why === why).length} ${BECAUSE[why]}`,
  )
  return [
    ...(hidden.length === 0
      ? []
      : [
          `${hidden.length} hidden (${parts.join(', ')}); they can be called by name, and catalog.list: "all" lists them`,
        ]),
    ...(remote === 0
      ? []
      : [
          `${remote} refused, for another machine would run them; catalog.allowRemote lets them in`,
        ]),
  ].join('; ')
}

const BECAUSE: Readonly<Record<Hidden['why'], string>> = {
  remote: 'run by another machine',
  'no-chat': 'without chat',
  'no-tools': 'without tools',
  unknown: 'of unknown abilities',
}

const listedOf = (
  cards: readonly ModelCard[],
  list: CatalogOptions['list'],
): readonly ModelCard[] => {
  // A list without a model to talk to would be remembered by clients.
  const suits = cards.some((card) => isListed(card, list))
    ? (card: ModelCard) => isListed(card, list)
    : mayChat
  return cards.filter((card) => suits(card) || embeds(card))
}

/** What makes embeddings is for another endpoint, where the list's rule for those that chat says nothing. */
const embeds = ({ capabilities }: ModelCard): boolean => capabilities.has('embedding')

const isListed = (card: ModelCard, list: CatalogOptions['list']): boolean => {
  switch (list) {
    case 'all':
      return true
    case 'tools':
      return card.capabilities.has('tools')
    case 'chat':
      return card.capabilities.has('completion') || mayChat(card)
  }
}

const reason = ({ capabilities, certain }: ModelCard): Hidden['why'] => {
  if (!certain) return 'unknown'
  return capabilities.has('completion') ? 'no-tools' : 'no-chat'
}

/** By exact name and by lower case; of two that differ in case alone, the first has the latter. */
type Index<T> = { readonly exact: ReadonlyMap<string, T>; readonly lower: ReadonlyMap<string, T> }

const indexed = <T>(entries: readonly (readonly [string, T])[]): Index<T> => ({
  exact: new Map(entries),
  lower: new Map(entries.map(([name, value]) => [name.toLowerCase(), value] as const).toReversed()),
})

const found = <T>({ exact, lower }: Index<T>, names: readonly string[]): T | undefined =>
  first(exact, names) ??
  first(
    lower,
    names.map((name) => name.toLowerCase()),
  )

const first = <T>(index: ReadonlyMap<string, T>, names: readonly string[]): T | undefined => {
  for (const name of names) {
    const value = index.get(name)
    if (value !== undefined) return value
  }
  return undefined
}
