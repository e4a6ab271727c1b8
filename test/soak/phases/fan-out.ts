/** L1 and L5: thousands of streams that say one delta a second, and what each costs. */
import { availableParallelism } from 'node:os'
import { sleep } from '../drive.ts'
import { inBounds, scaled, type Phase } from '../phase.ts'
import { until } from '../rig.ts'
import { specOf } from '../spec.ts'
import type { Asked } from '../client.ts'

const STREAMS = 5000
const MOST_MB = 400
const MOST_KB_EACH = 70
const MOST_US_PER_DELTA = 120
const MOST_LEFT_MB = 15
const PACE_MS = 1000
/** Some deltas each stream has, however late it comes, ms. */
const LEAST_MS = 5 * PACE_MS
/** How many connect at a time: all at once they would wait for each other. */
const WAVE = 250

export const fanOut: Phase = {
  ids: ['L1', 'L5'],
  title: 'idle fan-out, and its CPU',
  share: 0.11,
  run: async (soak, ms) => {
    const streams = scaled(soak, STREAMS, 300)
    const { rig } = soak
    const base = await rig.tolk.inside('collected')
    const began = performance.now()
    const leftMs = (): number => Math.max(LEAST_MS, ms - (performance.now() - began))
    const all: Asked[] = []
    while (all.length < streams) {
      const wave = Array.from({ length: Math.min(WAVE, streams - all.length) }, () => {
        const id = soak.nextId()
        // The last to come ends with the first.
        const deltas = Math.ceil(leftMs() / PACE_MS)
        return rig.ask(specOf(id, soak.seed + id, { deltas, paceMs: PACE_MS }), { stream: true })
      })
      all.push(...wave)
      await until(
        () => Promise.resolve(wave.filter(({ oracle }) => oracle.status === 0).length),
        (waiting) => waiting === 0,
      )
    }
    const heard = (): number => all.reduce((sum, { oracle }) => sum + oracle.deltas, 0)
    const [before, heardBefore] = [await rig.tolk.inside('now'), heard()]
    await sleep(leftMs() - PACE_MS * 2)
    const after = await rig.tolk.inside('now')
    const usPerDelta = (after.cpuUs - before.cpuUs) / Math.max(1, heard() - heardBefore)
    const open = all.filter(({ oracle }) => !oracle.isDone).length
    const full = await rig.tolk.inside('collected')
    await Promise.all(all.map(({ ended }) => ended))
    await rig.settle()
    rig.clients.close()
    const allowed = base.heap + MOST_LEFT_MB * 1e6
    const rested = await rig.rested('collected', ({ heap }) => heap <= allowed)
    soak.tally.expect('broken', 'heap back after the fan-out', rested.heap <= allowed, true)

    const mb = full.rss / 1e6
    const kbEach = (full.heap + full.external - base.heap - base.external) / 1024 / streams
    return [
      {
        id: 'L1',
        what: `${streams} streams of one delta a second`,
        outcome: inBounds(mb <= MOST_MB && kbEach <= MOST_KB_EACH),
        figures: `${open} open at once, ${mb.toFixed(0)} MB resident (≤ ${MOST_MB}), ${kbEach.toFixed(1)} KB reachable each (≤ ${MOST_KB_EACH}), heap back to base ${((rested.heap - base.heap) / 1e6).toFixed(1)} MB (≤ ${MOST_LEFT_MB})`,
      },
      {
        id: 'L5',
        what: 'CPU of a delta that has a write of its own',
        outcome: inBounds(usPerDelta <= MOST_US_PER_DELTA),
        figures: `${usPerDelta.toFixed(0)} µs (≤ ${MOST_US_PER_DELTA}), ${availableParallelism()} cores shared by all`,
      },
    ]
  },
}
