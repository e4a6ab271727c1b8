/** Garbage collection on demand, to see what is still held. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc: unknown = runInNewContext('gc')

/** Collects all that nobody holds. */
export const collectGarbage = (): void => {
  if (typeof gc !== 'function') throw new Error('this Node has no gc() to call')
  gc()
}
