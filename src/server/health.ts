/** /livez, /healthz and /readyz: constant, tiny, without a key, and never a generation. */
import type { AppContext } from './context.ts'
import type { Rooms } from './rooms.ts'

/** The process answers. */
export const live = (c: AppContext): Response => c.json({ status: 'ok' })

/** Requests can be served: the upstream answers, and the process is not about to stop. */
export const ready =
  ({ catalog, turns }: Rooms) =>
  (c: AppContext): Response => {
    if (turns.draining) return c.json({ status: 'draining' }, 503)
    return catalog.state().reachable
      ? c.json({ status: 'ok' })
      : c.json({ status: 'upstream unavailable' }, 503)
  }
