/**
 * Loaded into a measured Node process by `--import`, with `--expose-gc`, where a figure can only be had from
 * within: memory after a collection, and how long the event loop stood still. Nothing of the process is changed.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type InsideNews, insideQuestion } from './news.ts'

/** What it can tell apart, ms. */
const RESOLUTION_MS = 1
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

const tell = (news: InsideNews): void => {
  process.send?.(news)
}

const memory = (): InsideNews => {
  const { rss, heapUsed, external } = process.memoryUsage()
  return { news: 'memory', rss, heap: heapUsed, external }
}

process.on('message', (message) => {
  // The process may be spoken to by others, its own parent in a cluster among them.
  const question = insideQuestion.safeParse(message)
  if (!question.success) return
  switch (question.data) {
    case 'collected-memory':
      // What one collection frees may let the next free more.
      for (let again = 0; again < 3; again++) globalThis.gc?.()
      tell(memory())
      return
    case 'memory':
      tell(memory())
      return
    case 'watch-delay':
      delay.enable()
      delay.reset()
      tell({ news: 'watching' })
      return
    case 'delay':
      tell({ news: 'delay', longestMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) })
  }
})
process.on('disconnect', () => process.exit())
