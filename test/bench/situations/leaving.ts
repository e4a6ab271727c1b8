/** A client leaves: whether the upstream hears of it, and how soon. A model that talks to nobody costs the same. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { chatRequest } from '../load-connection.ts'
import { upstreamNews } from '../news.ts'
import { cellText } from '../number-text.ts'
import { noiseRemark, type Tried } from '../patience.ts'
import { hearNews, stop } from '../processes.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import { nowUs } from '../stamp.ts'
import { median } from '../statistics.ts'
import { type Standing, startUpstream, type Upstream, type VariantName } from '../variants.ts'
import { modelOf, type Workload, WORKLOADS } from '../workload.ts'

type Moment = {
  readonly title: string
  readonly workload: Workload
  /** Whether the client has heard anything when it leaves. */
  readonly hasHeard: boolean
}

const MOMENTS: readonly Moment[] = [
  { title: 'before the head', workload: WORKLOADS.unanswered, hasHeard: false },
  { title: 'tokens flowing', workload: WORKLOADS.flowing, hasHeard: true },
  { title: 'upstream silent', workload: WORKLOADS.silent, hasHeard: true },
]

/** A leaving that has not arrived after this time never will, ms. */
const NEVER_MS = 1000
/** Trials of each moment, by variant: one that never tells is asked once. */
const TRIALS: { readonly [name in VariantName]?: number } = {
  tolk: 20,
  A: 10,
  nginx: 10,
  Portkey: 1,
}

export const leaving: Situation = {
  name: 'leaving',
  title: 'Leaving: whether it reaches the upstream, p50 and longest',
  about:
    "A client destroys its connection at three moments: before the upstream has sent its head, while tokens flow, and while the upstream says nothing. Counted when the upstream's connection closes within a second.",
  run: async (setting: Setting): Promise<Findings> => {
    const trials = new Map<VariantName, readonly Trial[]>()
    let noise: readonly string[] = []
    for (const name of setting.variants.names) {
      if (name === 'direct') continue
      const batches = await tryAll(setting, name)
      if (name === 'tolk') noise = noiseRemark(batches)
      trials.set(
        name,
        batches.flatMap(({ result }) => result),
      )
    }
    const ofTolk = trials.get('tolk') ?? []
    const reached = ofTolk.map(({ ms }) => (ms === null ? 0 : 100))
    const slowest = MOMENTS.map((moment) => delays(ofTolk, moment)).toSorted(
      (a, b) => middleOf(b) - middleOf(a),
    )[0]
    const share = reached.reduce((sum: number, one) => sum + one, 0) / Math.max(reached.length, 1)
    return {
      figures: {
        'leaving-reaches': {
          samples: reached.length === 0 ? [] : [share],
          remarks: [`of ${reached.length} trials`],
        },
        'leaving-delay': { samples: slowest ?? [], remarks: noise },
      },
      tables: [
        {
          columns: ['variant', ...MOMENTS.map(({ title }) => title)],
          rows: [...trials].map(([name, all]) => cells(name, all)),
        },
      ],
      charts: [],
      faults: [],
    }
  },
}

/** How long it took, ms; null: it never arrived. */
type Trial = { readonly moment: Moment; readonly ms: number | null }

const delays = (trials: readonly Trial[], moment: Moment): readonly number[] =>
  trials.flatMap((trial) => (trial.moment === moment && trial.ms !== null ? [trial.ms] : []))

const middleOf = (samples: readonly number[]): number =>
  samples.length === 0 ? Number.POSITIVE_INFINITY : median(samples)

const cells = (name: string, trials: readonly Trial[]): readonly string[] => [
  name,
  ...MOMENTS.map((moment) => cell(trials, moment)),
]

const cell = (trials: readonly Trial[], moment: Moment): string => {
  const all = trials.filter((trial) => trial.moment === moment)
  const ms = delays(trials, moment)
  const count = `${ms.length}/${all.length}`
  return ms.length === 0
    ? `${count}, never`
    : `${count}, ${cellText(median(ms))} ms, ${cellText(Math.max(...ms))} ms`
}

const tryAll = async (
  setting: Setting,
  name: VariantName,
): Promise<readonly Tried<readonly Trial[]>[]> => {
  const upstream = await startUpstream()
  const { folder } = setting
  const proxy = await setting.variants.start(name, { upstreamPort: upstream.port, folder })
  const batches: Tried<readonly Trial[]>[] = []
  try {
    for (const moment of MOMENTS) {
      const count = setting.rounds === 1 ? 2 : (TRIALS[name] ?? 0)
      const batch = async (): Promise<readonly Trial[]> => {
        const tried: Trial[] = []
        for (let trial = 0; trial < count; trial++) {
          tried.push({ moment, ms: await leave(proxy, upstream, moment) })
        }
        return tried
      }
      // The first warms the way, and does not count.
      if (name !== 'Portkey') await leave(proxy, upstream, moment)
      batches.push(await setting.patience.quietly(batch))
    }
  } finally {
    await Promise.all([proxy.stop(), stop(upstream.process)])
  }
  return batches
}

/** How long anything else of a trial may take, ms. */
const PATIENCE_MS = 5000

const leave = async (
  proxy: Standing,
  upstream: Upstream,
  moment: Moment,
): Promise<number | null> => {
  const asked = moment.hasHeard
    ? Promise.resolve()
    : hearNews(upstream.process, upstreamNews, 'asked', PATIENCE_MS)
  const socket = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true })
  socket.on('error', () => {})
  // The head may come alone; a token comes with it or behind it.
  const heard = moment.hasHeard ? untilToken(socket) : Promise.resolve()
  socket.write(chatRequest(proxy.path, proxy.headers, modelOf(moment.workload)))
  await Promise.all([asked, heard])
  const left = hearNews(upstream.process, upstreamNews, 'left', NEVER_MS)
  const atUs = nowUs()
  socket.destroy()
  try {
    const { us } = await left
    return (us - atUs) / 1000
  } catch {
    return null
  }
}

const untilToken = async (socket: ReturnType<typeof connect>): Promise<void> => {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  for (let text = ''; !text.includes('@');) {
    const [bytes]: Buffer[] = await once(socket, 'data', { signal })
    text += String(bytes)
  }
  socket.resume()
}
