/** L9: mixed requests in rounds, and what of them stays: heap, handles, descriptors. */
import { readdirSync } from 'node:fs'
import { drive } from '../drive.ts'
import type { Inside } from '../inside.ts'
import { linearFit } from '../linear-fit.ts'
import { askingOf } from '../mix.ts'
import { inBounds, type Phase, type Soak } from '../phase.ts'
import { seedOf } from '../random.ts'
import { until } from '../rig.ts'

const MOST_REQUESTS = 180_000
const PER_ROUND = 5000
const AT_ONCE = 64
const MOST_BYTES_PER_REQUEST = 512
const MOST_GROWTH_MB = 10
/** With fewer rounds a line through them says more of chance than of tolk. */
const LEAST_ROUNDS = 3
/** How many rounds the code is compiled in, and pools are filled. */
const WARM_ROUNDS = 1

type Sample = Inside & { readonly requests: number; readonly atMs: number; readonly files: number }

export const endurance: Phase = {
  ids: ['L9'],
  title: 'endurance',
  share: 0.13,
  run: async (soak, ms) => {
    const began = performance.now()
    const perRound = await roundFor(soak, ms)
    const samples: Sample[] = []
    let requests = 0
    const isDue = (): boolean =>
      samples.length < WARM_ROUNDS + LEAST_ROUNDS || performance.now() - began < ms
    while (isDue() && requests < MOST_REQUESTS) {
      requests += await round(soak, perRound)
      await soak.rig.settle()
      await soak.rig.idle()
      const inside = await soak.rig.tolk.inside('collected')
      samples.push({
        ...inside,
        requests,
        atMs: performance.now() - began,
        files: filesOf(soak.rig.tolk.pid),
      })
    }
    const warm = samples.slice(WARM_ROUNDS)
    const [first, last] = [warm[0], warm.at(-1)]
    if (first === undefined || last === undefined) throw new Error('rounds without a sample')
    const perRequest = linearFit(warm.map(({ requests: x, heap: y }) => ({ x, y }))).slope
    const perHour = linearFit(warm.map(({ atMs, heap: y }) => ({ x: atMs / 3_600_000, y }))).slope
    const grownMb = (last.heap - first.heap) / 1e6
    // One of our own questions may still be closing.
    const files = await until(
      () => Promise.resolve(filesOf(soak.rig.tolk.pid)),
      (open) => !(open > first.files),
    )
    soak.tally.expect('left-over', `descriptors above ${first.files}`, files > first.files, false)
    soak.tally.expect('broken', `heap grown (${grownMb} MB)`, grownMb <= MOST_GROWTH_MB, true)
    return [
      {
        id: 'L9',
        what: 'streams, whole answers, leaving clients and faults, as fast as they go',
        outcome: inBounds(perRequest <= MOST_BYTES_PER_REQUEST),
        figures: `${requests} requests in ${samples.length} rounds; heap ${perRequest.toFixed(0)} B a request (≤ ${MOST_BYTES_PER_REQUEST}), ${grownMb.toFixed(2)} MB in all (≤ ${MOST_GROWTH_MB}), slope ${(perHour / 1e6).toFixed(1)} MB an hour at this load; descriptors ${first.files} → ${files}`,
      },
    ]
  },
}

const round = (soak: Soak, requests: number): Promise<number> =>
  drive({ atOnce: AT_ONCE, ms: Number.POSITIVE_INFINITY, most: requests }, () => {
    const id = soak.nextId()
    const { spec, manner } = askingOf(id, seedOf(soak.seed, id), MIX)
    return soak.rig.hear(spec, manner)
  })

const MIX = { faults: 0.1, leaving: 0.12, whole: 0.22, slow: 0, deltas: 30, isPatient: false }

/** As many requests as leave time for eight rounds or more. */
const roundFor = async (soak: Soak, ms: number): Promise<number> => {
  const trial = 200
  const began = performance.now()
  await round(soak, trial)
  const msEach = (performance.now() - began) / trial
  return Math.max(100, Math.min(PER_ROUND, Math.round(ms / 10 / msEach)))
}

/** Open descriptors; NaN where the platform does not tell. */
const filesOf = (pid: number): number => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return Number.NaN
  }
}
