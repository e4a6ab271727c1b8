/** /livez, /healthz and /readyz: constant, tiny, without a key, and never a generation. */
import type { AppContext } from './context.ts'
import type { Rooms } from './rooms.ts'

/** Their paths. */
export const PROBES: ReadonlySet<string> = new Set(['/livez', '/healthz', '/readyz'])

/** The process answers. */
export const live = (c: AppContext): Response => c.json({ status: 'ok' })

/** Requests can be served: no reason not to send any here. */
export const ready =
  (rooms: Rooms) =>
  (c: AppContext): Response => {
    const unready = UNREADY.find(({ holds }) => holds(rooms))
    return unready === undefined
      ? c.json({ status: 'ok' })
      : c.json({ status: unready.status }, 503)
  }

type Unready = { readonly status: string; readonly holds: (rooms: Rooms) => boolean }

/** The first that holds is said. */
const UNREADY: readonly Unready[] = [
  { status: 'draining', holds: ({ turns }) => turns.leaving },
  { status: 'short of memory', holds: ({ places }) => places.isShortOfMemory },
  { status: 'held up', holds: ({ loop }) => loop?.isHeldUp === true },
  { status: 'upstream unavailable', holds: ({ catalog }) => !catalog.state().reachable },
]
