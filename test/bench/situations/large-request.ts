/** Requests of ten megabytes: how long everybody else waits while one is read, checked and written on. */
import { longestStopMs, watchDelay } from '../ask-inside.ts'
import { post } from '../http-client.ts'
import { LARGE_BODIES } from '../large-body.ts'
import { cellText } from '../number-text.ts'
import { noiseRemark, type Tried } from '../patience.ts'
import { stop } from '../processes.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import { median } from '../statistics.ts'
import { type Standing, startUpstream } from '../variants.ts'

const TRIALS = 4
const DEADLINE_MS = 20_000

export const largeRequest: Situation = {
  name: 'large-request',
  title: 'Large requests: 10 MB',
  about:
    "Requests of 10 MB of five kinds. The figure is the longest time that tolk's event loop stood still, seen from within by a timer of a millisecond, collections included: so long waits everyone else. The kind that takes longest decides.",
  run: async (setting: Setting): Promise<Findings> => {
    const upstream = await startUpstream()
    const { folder } = setting
    const placing = { upstreamPort: upstream.port, folder, isAsked: true }
    const tolk = await setting.variants.start('tolk', placing)
    const measured: Measured[] = []
    const faults: string[] = []
    try {
      for (const { title, build } of LARGE_BODIES) {
        const body = build()
        const trials: Tried<Trial>[] = []
        // The first compiles what it needs, and does not count.
        for (let trial = 0; trial <= (setting.rounds === 1 ? 1 : TRIALS); trial++) {
          const tried = await setting.patience.quietly(() => ask(tolk, body))
          const { fault } = tried.result
          if (fault !== undefined) faults.push(`${title}: ${fault}`)
          if (trial > 0) trials.push(tried)
        }
        measured.push({ title, size: body.length, trials })
      }
    } finally {
      await Promise.all([tolk.stop(), stop(upstream.process)])
    }
    const worst = measured.toSorted((a, b) => stopOf(b) - stopOf(a))[0]
    return {
      figures: {
        'large-request': {
          samples: worst?.trials.map(({ result }) => result.stopMs) ?? [],
          remarks: worst === undefined ? [] : [worst.title, ...noiseRemark(worst.trials)],
        },
      },
      tables: [
        {
          columns: ['request', 'MB', 'longest stop ms', 'most', 'answered after ms'],
          rows: measured.map(({ title, size, trials }) => [
            title,
            cellText(size / 1024 / 1024),
            cellText(median(trials.map(({ result }) => result.stopMs))),
            cellText(Math.max(...trials.map(({ result }) => result.stopMs))),
            cellText(median(trials.map(({ result }) => result.ms))),
          ]),
        },
      ],
      charts: [],
      faults: [...new Set(faults)],
    }
  },
}

type Trial = { readonly stopMs: number; readonly ms: number; readonly fault?: string }
type Measured = {
  readonly title: string
  readonly size: number
  readonly trials: readonly Tried<Trial>[]
}

const stopOf = ({ trials }: Measured): number => median(trials.map(({ result }) => result.stopMs))

const ask = async (tolk: Standing, body: Buffer): Promise<Trial> => {
  await watchDelay(tolk)
  const startMs = performance.now()
  const answer = await post(tolk.port, tolk.path, tolk.headers, body, DEADLINE_MS)
  const ms = performance.now() - startMs
  const stopMs = await longestStopMs(tolk)
  const isWhole = answer.status === 200 && answer.body.endsWith('data: [DONE]\n\n')
  if (isWhole) return { stopMs, ms }
  return { stopMs, ms, fault: `${answer.status} ${answer.body.slice(0, 300)}` }
}
