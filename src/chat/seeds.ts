/** Seeds of several turns that answer one request: equal seeds would give equal answers. */
import type { ChatRequest } from './request.ts'

/**
 * What to ask for the turn of this index. The first is asked as if it were alone. The others count on from
 * the client's seed, so that its answers can be had again; where it gave none they count on from `chance`,
 * because a Modelfile may hold a seed (`PARAMETER seed`) that would be the same for all.
 *
 * @param chance an integer of 31 random bits, the same for all turns of a request.
 */
export const seededFor = (request: ChatRequest, index: number, chance: number): ChatRequest => {
  if (index === 0) return request
  const seed = stepped(seedOf(request) ?? chance, index)
  return { ...request, sampling: { ...request.sampling, seed } }
}

/** -1 is none: Ollama draws one then (`api/types.go: DefaultOptions`, 0.33). */
const seedOf = ({ sampling, options }: ChatRequest): number | undefined => {
  const seed = sampling.seed ?? options?.['seed']
  return typeof seed === 'number' && Number.isSafeInteger(seed) && seed !== -1 ? seed : undefined
}

/** Away from -1, and back where a double would end. */
const stepped = (seed: number, index: number): number => {
  const far = seed < 0 ? seed - index : seed + index
  if (Number.isSafeInteger(far)) return far
  return seed < 0 ? seed + index : seed - index
}
