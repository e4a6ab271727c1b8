/** The steps of a pure room, done one at a time: between any two the event loop comes round. */
import { Failed } from '../failure.ts'
import type { Steps } from '../wire/steps.ts'

/**
 * Waits for nothing where there is one step.
 *
 * @param response of the client that waits for it.
 * @throws Failed `client-closed` when the client leaves between two steps, and whatever a step throws.
 */
export const inTurns = async <T>(
  steps: Steps<T>,
  response: { readonly destroyed: boolean },
): Promise<T> => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    if (response.destroyed) throw new Failed({ kind: 'client-closed' })
  }
}
