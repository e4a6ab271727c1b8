/** What one process takes on at a time: chats, those that wait, and the bytes of all bodies. */
import { Admission } from './admission.ts'
import { BodyBudget } from './body-budget.ts'
import { oldGenerationLimit } from './heap-level.ts'
import type { Observer } from './observer.ts'
import { connectionsWithin, openFileLimit } from './open-files.ts'
import type { Rooms } from './rooms.ts'

/** The slices of the configuration that say how much. */
export type BoundsConfig = {
  readonly server: { readonly maxConnections?: number | undefined }
  readonly limits: {
    /** Bytes; see {@link usualBudget} for what is meant without it. */
    readonly maxBufferedBodyBytes?: number | undefined
    readonly maxInFlight: number
    readonly perKeyInFlight: number
  }
  readonly queue: { readonly maxLength: number; readonly timeoutMs: number }
}

/** @param observer hears how long the queue is. */
export const boundsOf = (
  { server, limits, queue }: BoundsConfig,
  observer?: Pick<Observer, 'queued'>,
): Pick<Rooms, 'places' | 'bodies'> => ({
  places: new Admission(
    {
      // One request may be several turns: each has a connection upstream, and files are kept for so many.
      maxInFlight: Math.min(
        limits.maxInFlight,
        server.maxConnections ?? connectionsWithin(openFileLimit()),
      ),
      perKeyInFlight: limits.perKeyInFlight,
      maxQueued: queue.maxLength,
      queueTimeoutMs: queue.timeoutMs,
    },
    { onQueue: (length) => observer?.queued(length) },
  ),
  bodies: new BodyBudget(limits.maxBufferedBodyBytes ?? usualBudget()),
})

const MiB = 1024 * 1024

/** A body costs its length twice, as text and as what is made of it: a quarter of the heap is half of it then. */
const usualBudget = (): number => Math.min(256 * MiB, oldGenerationLimit() / 4)
