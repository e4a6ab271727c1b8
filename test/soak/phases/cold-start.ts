/** L15: from the start of the process to its being ready. */
import { ask } from '../../support/raw-client.ts'
import { sleep } from '../drive.ts'
import { freePort } from '../free-port.ts'
import { inBounds, type Phase } from '../phase.ts'
import { LATE_MS } from '../processes.ts'
import { quantile } from '../quantile.ts'

const TIMES = 3
const MOST_MS = 500
const MOST_MB = 80

export const coldStart: Phase = {
  ids: ['L15'],
  title: 'cold start',
  share: 0.02,
  run: async (soak) => {
    const tookMs: number[] = []
    const megabytes: number[] = []
    for (let time = 0; time < TIMES; time++) {
      const port = await freePort()
      const began = performance.now()
      const ready = readiness(port, began)
      const rig = await soak.start({ server: { port } })
      tookMs.push(await ready)
      megabytes.push((await rig.tolk.inside('now')).rss / 1e6)
      await rig.close()
    }
    const ms = quantile(tookMs, 0.5)
    const mb = quantile(megabytes, 0.5)
    return [
      {
        id: 'L15',
        what: 'spawn to readyz',
        outcome: inBounds(ms <= MOST_MS && mb <= MOST_MB),
        figures: `${ms.toFixed(0)} ms (≤ ${MOST_MS}), ${mb.toFixed(0)} MB resident (≤ ${MOST_MB}); median of ${TIMES}`,
      },
    ]
  },
}

/** @returns when it was, in ms since then. */
const readiness = async (port: number, began: number): Promise<number> => {
  while (performance.now() - began < LATE_MS) {
    const answer = await ask(`http://127.0.0.1:${port}`, { path: '/readyz' }).catch(() => null)
    if (answer?.status === 200) return performance.now() - began
    await sleep(5)
  }
  throw new Error('a tolk that does not become ready')
}
