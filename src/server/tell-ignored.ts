/** Says in headers what was not done as asked. */
import type { AppContext } from './context.ts'

/**
 * Set on the raw response: it has to be there when an answer writes its head itself.
 *
 * @param ignored names that may stand in a header.
 */
export const tellIgnored = (
  outgoing: AppContext['env']['outgoing'],
  ignored: readonly string[],
  overflow: 'error' | 'truncate',
): void => {
  if (ignored.length > 0) outgoing.setHeader('x-tolk-ignored', ignored.join(', '))
  if (overflow === 'truncate') outgoing.setHeader('x-tolk-overflow', overflow)
}
