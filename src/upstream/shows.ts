/** What /api/show said of each model, remembered by its digest. */
import { decodeShow, encodeShow, type Show } from '../dialects/ollama/show.ts'
import type { Tag } from '../dialects/ollama/tags.ts'
import type { Ask } from './ask.ts'
import { createLimit } from './limit.ts'
import { within } from './within.ts'

export type Shows = {
  /** What is remembered of it; undefined when nothing is. */
  known(tag: Tag): Show | undefined
  /** Asks if need be, and settles when what can be known is known. Never rejects. */
  get(tag: Tag, signal: AbortSignal): Promise<void>
  /** Forgets models that are gone, and digests that were replaced. */
  keepOnly(tags: readonly Tag[]): void
}

export const createShows = (ask: Ask): Shows => {
  const answers = new Map<string, { readonly show: Show; readonly at: number }>()
  const pending = new Map<string, Promise<void>>()
  const limit = createLimit(AT_A_TIME)

  const asked = async (tag: Tag, signal: AbortSignal): Promise<void> => {
    const key = keyOf(tag)
    try {
      const { answering } = await limit(async () => {
        const asking = ask('POST', '/api/show', encodeShow(tag.name), signal)
        await within(SLOW_MS, asking)
        // Wrapped, or it would be waited for.
        return { answering: asking }
      })
      answers.set(key, { show: decodeShow(await answering), at: performance.now() })
    } catch {
      // One model that cannot be shown spoils no other; it is asked again at the next refresh, and what
      // was remembered of it stays.
    } finally {
      pending.delete(key)
    }
  }

  return {
    known: (tag) => answers.get(keyOf(tag))?.show,
    get: async (tag, signal) => {
      const key = keyOf(tag)
      const answer = answers.get(key)
      if (answer !== undefined && performance.now() - answer.at < GOOD_FOR_MS) return
      const answering = pending.get(key) ?? asked(tag, signal)
      pending.set(key, answering)
      await answering
    },
    keepOnly: (tags) => {
      const keys = new Set(tags.map(keyOf))
      for (const key of answers.keys()) if (!keys.has(key)) answers.delete(key)
    },
  }
}

// The first `/api/show` of a model reads its whole GGUF header, hundreds of milliseconds of one core on
// the machine that is busy answering others.
const AT_A_TIME = 4

// One that takes longer gives up its place, so that four that hang hold up nobody; not its chance, for a
// cold disk can take this long, and would leave its models unknown for ever. The ask's own deadline ends it.
const SLOW_MS = 1_000

// A digest pins the file, but not what an upgraded Ollama can read from it, nor the model behind the
// stub of a cloud model.
const GOOD_FOR_MS = 3_600_000

/** An Ollama-like server without digests still has the time of the last change. */
const keyOf = ({ name, digest, modified }: Tag): string => `${name}@${digest || modified}`
