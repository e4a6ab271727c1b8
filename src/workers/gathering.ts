/** What all workers have counted, gathered by the primary for one scrape. */
import type { FromPrimary, Measures } from './messages.ts'

export type Gathering = {
  /** Asks all of these at once; who does not answer in time is left out. */
  readonly gather: (workers: Iterable<Askable>) => Promise<readonly Measures[]>
  /** Takes a worker's answer; one that comes too late is dropped. */
  readonly settle: (id: number, measures: Measures) => void
}

type Askable = { send(message: FromPrimary): boolean }

export const createGathering = (): Gathering => {
  const waiting = new Map<number, (measures: Measures | null) => void>()
  let count = 0

  const ask = (worker: Askable): Promise<Measures | null> =>
    new Promise((resolve) => {
      const id = ++count
      const late = setTimeout(() => waiting.get(id)?.(null), PATIENCE_MS)
      waiting.set(id, (measures) => {
        clearTimeout(late)
        waiting.delete(id)
        resolve(measures)
      })
      if (!worker.send({ say: 'measure', id })) waiting.get(id)?.(null)
    })

  return {
    gather: async (workers) => {
      const answers = await Promise.all([...workers].map(ask))
      return answers.filter((each) => each !== null)
    },
    settle: (id, measures) => waiting.get(id)?.(measures),
  }
}

/** How long a worker may take, ms; Prometheus waits ten seconds. */
const PATIENCE_MS = 2000
