/** /livez, /healthz and /readyz: constant, tiny, without a key, and never a generation. */
import type { AppContext } from './context.ts'
import type { Rooms } from './rooms.ts'

/** The process answers. */
export const live = (c: AppContext): Response => c.json({ status: 'ok' })

/** Requests can be served: the upstream's models are known, and the process is not about to stop. */
export const ready =
  ({ catalog, turns }: Rooms) =>
  (c: AppContext): Response => {
    const { knowledge, failure } = catalog.state()
    if (turns.draining) return c.json({ status: 'draining' }, 503)
    return knowledge === 'none' || failure !== undefined
      ? c.json({ status: 'upstream unavailable' }, 503)
      : c.json({ status: 'ok' })
  }
