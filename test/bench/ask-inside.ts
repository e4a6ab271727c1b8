/** Asks a measured process what only it knows (`inside.ts`). */
import { type InsideNews, insideNews, type InsideQuestion } from './news.ts'
import { hearNews } from './processes.ts'
import type { Standing } from './variants.ts'

/** How long an answer may take, ms: a full collection of a large heap is in it. */
const DEADLINE_MS = 15_000

/** @throws when the variant was not started to be asked. */
const ask = <K extends InsideNews['news']>(
  { name, process: child }: Standing,
  question: InsideQuestion,
  kind: K,
): Promise<Extract<InsideNews, { news: K }>> => {
  if (child === null || !child.connected) throw new Error(`${name} cannot be asked`)
  const heard = hearNews(child, insideNews, kind, DEADLINE_MS)
  child.send(question)
  return heard
}

/** Of the process, bytes: resident, and what of it JavaScript holds in its heap and outside. */
export type Memory = { readonly rss: number; readonly heap: number; readonly external: number }

/** After a full collection. */
export const collectedMemory = (proxy: Standing): Promise<Memory> =>
  ask(proxy, 'collected-memory', 'memory')

/** As it is, garbage and all. */
export const memoryNow = (proxy: Standing): Promise<Memory> => ask(proxy, 'memory', 'memory')

/** From now on {@link longestStopMs} counts. */
export const watchDelay = async (proxy: Standing): Promise<void> => {
  await ask(proxy, 'watch-delay', 'watching')
}

/** The longest time that the event loop did not turn since {@link watchDelay}, ms. */
export const longestStopMs = async (proxy: Standing): Promise<number> =>
  (await ask(proxy, 'delay', 'delay')).longestMs
