/** What tolk's process holds, as its probe tells it. */
import { z } from 'zod'

export const inside = z.object({
  /** Bytes; of the heap, of buffers beside it, and of all memory that is resident. */
  heap: z.number(),
  external: z.number(),
  rss: z.number(),
  /** CPU so far, user and system, microseconds. */
  cpuUs: z.number(),
  /** What keeps the process alive, by kind. */
  resources: z.record(z.string(), z.int()),
  /** Objects that are reachable; 0 where they were not counted. */
  objects: z.object({ sockets: z.int(), timers: z.int(), answers: z.int() }),
})

export type Inside = z.infer<typeof inside>

/** How closely is looked: as it is, once garbage is collected, or counting objects, too. */
export type Depth = 'now' | 'collected' | 'counted'
