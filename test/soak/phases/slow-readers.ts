/** L8: clients that read nothing cost a bounded amount, are cut off, and nobody else notices. */
import { sumOf } from '../../support/read-metrics.ts'
import { drive, sleep } from '../drive.ts'
import { inBounds, scaled, type Phase, type Soak } from '../phase.ts'
import { quantile } from '../quantile.ts'
import { until } from '../rig.ts'
import { specOf } from '../spec.ts'

const STALLED = 200
const HEALTHY = 200
const MOST_KB_EACH = 300
/** More than kernels take for one connection, in deltas of this many octets. */
const DELTAS = 100_000
const PADDING = 2000
/** Octets of a write of the upstream, and of all its writes in a millisecond: more is read, and nothing else done. */
const [PER_WRITE, MOST_PER_MS] = [16 * PADDING, 60_000]
const LOOK_MS = 500

export const slowReaders: Phase = {
  ids: ['L8'],
  title: 'slow readers',
  share: 0.06,
  run: async (soak, ms) => {
    const { rig, tally } = soak
    const alone = await healthy(soak, ms / 3)
    const base = await rig.tolk.inside('collected')
    const stalledBefore = await cutOff(soak)
    const count = scaled(soak, STALLED, 20)
    const paceMs = Math.ceil((count * PER_WRITE) / MOST_PER_MS)
    const stalled = Array.from({ length: count }, () => {
      const said = { deltas: DELTAS, padding: PADDING, chunking: 'batch', paceMs } as const
      const spec = specOf(soak.nextId(), soak.seed, said)
      tally.inject('client reads nothing')
      return rig.ask(spec, { stream: true, isStalled: true, leaves: { when: 'told', how: 'fin' } })
    })
    let reachable = 0
    const over = new AbortController()
    const looking = (async () => {
      while (!over.signal.aborted) {
        const { heap, external } = await rig.tolk.inside('collected')
        reachable = Math.max(reachable, heap + external)
        await sleep(LOOK_MS)
      }
    })()
    let beside: readonly number[]
    let cut: number
    try {
      beside = await healthy(soak, (ms * 2) / 3)
      cut = await until(
        () => cutOff(soak),
        (seen) => seen - stalledBefore >= count,
      )
    } finally {
      over.abort()
      await looking
    }
    tally.expect('broken', 'readers of nothing that were cut off', cut - stalledBefore, count)
    for (const asked of stalled) asked.leave('reset')
    await Promise.all(stalled.map(({ ended }) => ended))
    await rig.settle()

    const kbEach = (reachable - base.heap - base.external) / 1024 / count
    tally.expect(
      'broken',
      `memory for each (${kbEach.toFixed(0)} KB)`,
      kbEach <= MOST_KB_EACH,
      true,
    )
    const ratio = quantile(beside, 0.99) / quantile(alone, 0.99)
    return [
      {
        id: 'L8',
        what: `${count} clients that read nothing beside healthy ones`,
        outcome: inBounds(ratio <= 1.2),
        figures: `all cut off, ${kbEach.toFixed(0)} KB reachable each (≤ ${MOST_KB_EACH}); healthy answers ${alone.length} alone and ${beside.length} beside them, p99 × ${ratio.toFixed(2)} (≤ 1.2)`,
      },
    ]
  },
}

const cutOff = async ({ rig }: Soak): Promise<number> =>
  sumOf(await rig.tolk.metrics(), 'tolk_write_stalls_total')

/** How long answers took to clients that read, ms. */
const healthy = async (soak: Soak, ms: number): Promise<readonly number[]> => {
  const tookMs: number[] = []
  await drive({ atOnce: scaled(soak, HEALTHY, 20), ms, most: 100_000 }, async () => {
    const began = performance.now()
    await soak.rig.hear(specOf(soak.nextId(), soak.seed, { deltas: 100 }), { stream: true })
    tookMs.push(performance.now() - began)
  })
  return tookMs
}
