/** Admit of a worker: the buckets are the primary's, so that a limit holds across all workers. */
import type { ClientKey } from '../client-key.ts'
import { Failed } from '../failure.ts'
import type { Admit } from '../server/rate-limit.ts'
import type { Link } from './worker.ts'

/**
 * Asks for keys that have a limit alone.
 *
 * @param keys in the order of the configuration, which the primary has loaded too.
 */
export const createRemoteAdmit =
  (link: Pick<Link, 'admit'>, keys: readonly ClientKey[]): Admit =>
  (key, tell) => {
    if (key === null || key.requestsPerMinute === null) return
    return admitted(link, keys.indexOf(key), tell)
  }

const admitted = async (
  link: Pick<Link, 'admit'>,
  key: number,
  tell: Parameters<Admit>[1],
): Promise<void> => {
  const { allowance, refusal } = await link.admit(key)
  if (allowance !== undefined) tell?.(allowance)
  if (refusal !== undefined) throw new Failed(refusal)
}
