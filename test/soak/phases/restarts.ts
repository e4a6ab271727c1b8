/** L12: the upstream is killed, paused and started again under load, and all that is promised of an answer holds. */
import { drive, sleep } from '../drive.ts'
import { inBounds, scaled, type Phase, type Soak } from '../phase.ts'
import { LATE_MS } from '../processes.ts'
import { quantile } from '../quantile.ts'
import { seeded } from '../random.ts'
import { roughNetwork } from '../rough-network.ts'
import { until, type Rig } from '../rig.ts'
import { specOf } from '../spec.ts'
import { startUpstream, type Upstream } from '../upstream-process.ts'

const AT_ONCE = 50
const EVERY_MS = 3000
const MOST_RECOVERY_MS = 2000
const STILL_MS = 3500
const STILL_PACE_MS = 100

export const restarts: Phase = {
  ids: ['L12'],
  title: 'restart chaos',
  share: 0.06,
  run: async (soak, ms) => {
    const upstream = await startUpstream()
    const rig = await soak.start({}, upstream)
    const { tally } = soak
    const began = { ...tally.ends }
    const load = drive({ atOnce: AT_ONCE, ms, most: 100_000 }, async () => {
      const id = soak.nextId()
      const spec = specOf(id, soak.seed + id, { deltas: 20, thinking: 5, paceMs: 10 })
      const { got } = await rig.hear(spec, { stream: id % 4 > 0, mayFail: true })
      // Refused at once, it would be asked thousands of times.
      if (got !== 'all') await sleep(100)
    })
    const recoveries = await disturb(soak, rig, upstream, ms)
    const requests = await load
    await rig.settle()
    await rig.close()
    await upstream.kill()
    const slowest = Math.max(...recoveries)
    const still = await standStill(soak)
    return [
      {
        id: 'L12',
        what: `upstream killed or paused ${recoveries.length} × under ${AT_ONCE} streams`,
        outcome: inBounds(slowest <= MOST_RECOVERY_MS),
        figures: `${requests} requests: ${tally.ends.all - began.all} answered in full, ${tally.ends.failure - began.failure} told of their failure; recovery p50 ${quantile(recoveries, 0.5).toFixed(0)} ms, at most ${slowest.toFixed(0)} ms (≤ ${MOST_RECOVERY_MS})`,
      },
      {
        id: 'L12',
        what: `tolk stopped for ${STILL_MS} ms, longer than it waits for a line`,
        outcome: 'pass',
        figures: `${still} streams went on where they were`,
      },
      await roughNetwork(soak, soak.seconds / 6),
    ]
  },
}

/** What was said while tolk stood still was said, and silence is none. @returns how many streams there were. */
const standStill = async (soak: Soak): Promise<number> => {
  const rig = await soak.start({ upstream: { idleTimeoutMs: STILL_MS - 500 } })
  const deltas = Math.ceil(STILL_MS / STILL_PACE_MS) + 10
  const streams = Array.from({ length: scaled(soak, 200, 40) }, () => {
    const id = soak.nextId()
    const spec = specOf(id, soak.seed + id, { deltas, paceMs: STILL_PACE_MS })
    return rig.ask(spec, { stream: true })
  })
  await until(
    () => Promise.resolve(streams.filter(({ oracle }) => oracle.deltas === 0).length),
    (waiting) => waiting === 0,
  )
  rig.tolk.signal('SIGSTOP')
  soak.tally.inject('tolk stopped')
  await sleep(STILL_MS)
  rig.tolk.signal('SIGCONT')
  await Promise.all(streams.map(({ ended }) => ended))
  await rig.settle()
  await rig.close()
  return streams.length
}

/** @returns how long each recovery took, ms. */
const disturb = async (
  soak: Soak,
  rig: Rig,
  upstream: Upstream,
  ms: number,
): Promise<readonly number[]> => {
  const random = seeded(soak.seed)
  const everyMs = Math.min(EVERY_MS, ms / 3)
  const recoveries: number[] = []
  const began = performance.now()
  do {
    await sleep(everyMs / 3)
    const isKilled = recoveries.length % 2 === 0
    soak.tally.inject(isKilled ? 'upstream killed' : 'upstream paused')
    if (isKilled) await upstream.kill()
    else upstream.pause()
    await sleep(random.between(everyMs / 10, everyMs / 3))
    if (isKilled) await upstream.restart()
    else upstream.resume()
    recoveries.push(await recovery(soak, rig))
  } while (performance.now() - began < ms - everyMs)
  return recoveries
}

/** @returns how long it took until an answer was whole again, ms. */
const recovery = async (soak: Soak, rig: Rig): Promise<number> => {
  const healed = performance.now()
  const got = await until(
    async () => {
      const spec = specOf(soak.nextId(), soak.seed, { deltas: 2 })
      return (await rig.hear(spec, { stream: true, mayFail: true })).got
    },
    (seen) => seen === 'all',
    LATE_MS,
  )
  soak.tally.expect('broken', 'the first answers after a restart', got, 'all')
  return performance.now() - healed
}
