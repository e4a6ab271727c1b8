/** Admit of a worker: the buckets are the primary's, so that a limit holds across all workers. */
import { Failed } from '../failure.ts'
import type { Admit } from '../server/rate-limit.ts'
import type { Link } from './worker.ts'

/** Asks for keys that have a limit alone, by their names: both sides know the same, but perhaps not from the same moment. */
export const createRemoteAdmit =
  (link: Pick<Link, 'admit'>): Admit =>
  (key, tell) => {
    if (key === null || key.requestsPerMinute === null) return
    return admitted(link, key.name, tell)
  }

const admitted = async (
  link: Pick<Link, 'admit'>,
  key: string,
  tell: Parameters<Admit>[1],
): Promise<void> => {
  const { allowance, refusal } = await link.admit(key)
  if (allowance !== undefined) tell?.(allowance)
  if (refusal !== undefined) throw new Failed(refusal)
}
