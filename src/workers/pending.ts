/** Questions that wait for their answers. */
import { Failed } from '../failure.ts'
import type { Outcome } from './messages.ts'

export type Pending<T> = {
  /** @throws Failed with the failure that it is settled with. */
  wait(id: number): Promise<T>
  settle(id: number, outcome: Outcome<T>): void
}

export const createPending = <T>(): Pending<T> => {
  const waiting = new Map<number, { resolve(value: T): void; reject(error: Failed): void }>()
  return {
    wait: (id) => new Promise((resolve, reject) => waiting.set(id, { resolve, reject })),
    settle: (id, outcome) => {
      const asked = waiting.get(id)
      waiting.delete(id)
      if ('value' in outcome) asked?.resolve(outcome.value)
      else asked?.reject(new Failed(outcome.failure))
    },
  }
}
