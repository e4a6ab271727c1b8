/** What /api/show said of each model, remembered by its digest. */
import { decodeShow, encodeShow, type Show } from '../dialects/ollama/show.ts'
import type { Tag } from '../dialects/ollama/tags.ts'
import type { Ask } from './ask.ts'
import { createLimit } from './limit.ts'

export type Shows = {
  /** What is remembered of it; undefined when nothing is. */
  known(tag: Tag): Show | undefined
  /** Asks if need be; undefined, or what was remembered, when the upstream does not say. Never rejects. */
  get(tag: Tag, signal: AbortSignal): Promise<Show | undefined>
  /** Forgets models that are gone, and digests that were replaced. */
  keepOnly(tags: readonly Tag[]): void
}

export const createShows = (ask: Ask): Shows => {
  const answers = new Map<string, { readonly show: Show; readonly at: number }>()
  const pending = new Map<string, Promise<Show | undefined>>()
  const limit = createLimit(AT_A_TIME)

  const asked = async (tag: Tag, signal: AbortSignal): Promise<Show | undefined> => {
    const key = keyOf(tag)
    try {
      const body = encodeShow(tag.name)
      const show = decodeShow(await limit(() => ask('POST', '/api/show', body, signal)))
      answers.set(key, { show, at: performance.now() })
      return show
    } catch {
      // One model that cannot be shown spoils no other; it is asked again at the next refresh.
      return answers.get(key)?.show
    } finally {
      pending.delete(key)
    }
  }

  return {
    known: (tag) => answers.get(keyOf(tag))?.show,
    get: async (tag, signal) => {
      const key = keyOf(tag)
      const answer = answers.get(key)
      if (answer !== undefined && performance.now() - answer.at < GOOD_FOR_MS) return answer.show
      const answering = pending.get(key) ?? asked(tag, signal)
      pending.set(key, answering)
      return answering
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

// A digest pins the file, but not what an upgraded Ollama can read from it, nor the model behind the
// stub of a cloud model.
const GOOD_FOR_MS = 3_600_000

/** An Ollama-like server without digests still has the time of the last change. */
const keyOf = ({ name, digest, modified }: Tag): string => `${name}@${digest || modified}`
