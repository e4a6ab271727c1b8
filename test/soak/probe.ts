/** Loaded into tolk's process before tolk itself: tells what it holds, once garbage is collected. */
import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { getHeapStatistics, queryObjects } from 'node:v8'
import type { Depth, Inside } from './inside.ts'

const collect = async (): Promise<void> => {
  if (globalThis.gc === undefined) throw new Error('Node was started without --expose-gc.')
  globalThis.gc()
  // What the first collection finished may be collected in the second.
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc()
}

const probed = setTimeout(() => {}, 0)
clearTimeout(probed)
const Timeout: unknown = Reflect.get(probed, 'constructor')

const count = (kind: unknown): number => {
  if (typeof kind !== 'function') throw new Error('a timer without a class')
  return queryObjects(kind, { format: 'count' })
}

const look = async (depth: Depth): Promise<Inside> => {
  if (depth !== 'now') await collect()
  const { user, system } = process.cpuUsage()
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  return {
    heap,
    external,
    rss: process.memoryUsage.rss(),
    cpuUs: user + system,
    resources,
    // It stops the process for longer than a stream should wait.
    objects:
      depth === 'counted'
        ? {
            sockets: count(Socket),
            timers: count(Timeout),
            answers: count(ServerResponse),
          }
        : { sockets: 0, timers: 0, answers: 0 },
  }
}

process.on('message', (depth: Depth) => {
  void (async () => process.send?.(await look(depth)))()
})
// The channel keeps nothing alive: tolk ends as it would without a soak.
process.channel?.unref()
