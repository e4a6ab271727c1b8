/** From the start of the process to the first answer: what a restart costs whoever is waiting. */
import { fileURLToPath } from 'node:url'
import { untilOpen } from '../readiness.ts'
import { post } from '../http-client.ts'
import { cellText } from '../number-text.ts'
import { noiseRemark, type Tried } from '../patience.ts'
import { stop } from '../processes.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import { summarise } from '../statistics.ts'
import { type Standing, startUpstream, type Upstream, type VariantName } from '../variants.ts'
import { modelOf, WORKLOADS } from '../workload.ts'

const ROUNDS = 5
const DEADLINE_MS = 10_000

export const firstAnswer: Situation = {
  name: 'first-answer',
  title: 'From the start of the process to its first answer',
  about:
    'A process is started, its port is tried every two milliseconds, and the first chat is asked as soon as it opens: until that answer, of ten tokens, is whole. Starting Node is in it; what Node itself takes is seen at `A`.',
  run: async (setting: Setting): Promise<Findings> => {
    const upstream = await startUpstream()
    const taken = new Map<Start, Tried<number>[]>(STARTS.map((start) => [start, []]))
    try {
      for (let round = 0; round < (setting.rounds === 1 ? 2 : ROUNDS); round++) {
        for (const start of STARTS) {
          taken.get(start)?.push(await startAndAsk(setting, start, upstream))
        }
      }
    } finally {
      await stop(upstream.process)
    }
    const published = taken.get(TOLK) ?? []
    return {
      figures: {
        'first-answer': { samples: resultsOf(published), remarks: noiseRemark(published) },
      },
      tables: [
        {
          columns: ['variant', 'median ms', 'least', 'most'],
          rows: STARTS.map((start) => {
            const { median, least, most } = summarise(resultsOf(taken.get(start) ?? []))
            return [start.title, cellText(median), cellText(least), cellText(most)]
          }),
        },
      ],
      charts: [],
      faults: [],
    }
  },
}

const resultsOf = (tried: readonly Tried<number>[]): readonly number[] =>
  tried.map(({ result }) => result)

type Start = {
  readonly title: string
  readonly variant: VariantName
  /** Where it is not the measured one. */
  readonly program?: string
}

const TOLK: Start = { title: 'tolk', variant: 'tolk' }

const STARTS: readonly Start[] = [
  TOLK,
  {
    title: 'tolk, from its sources',
    variant: 'tolk',
    program: fileURLToPath(new URL('../../../src/main.ts', import.meta.url)),
  },
  { title: 'A', variant: 'A' },
]

/** How long it took, ms. */
const startAndAsk = async (
  setting: Setting,
  { variant, program }: Start,
  upstream: Upstream,
): Promise<Tried<number>> => {
  const placing = {
    upstreamPort: upstream.port,
    folder: setting.folder,
    waits: false,
    ...(program === undefined ? {} : { program }),
  }
  const started: Standing[] = []
  try {
    return await setting.patience.quietly(async () => {
      const startMs = performance.now()
      const proxy = await setting.variants.start(variant, placing)
      started.push(proxy)
      if (proxy.process !== null) await untilOpen(proxy.port, proxy.process)
      const { status } = await post(proxy.port, proxy.path, proxy.headers, QUESTION, DEADLINE_MS)
      if (status !== 200) throw new Error(`${variant} answered its first request with ${status}`)
      return performance.now() - startMs
    })
  } finally {
    await Promise.all(started.map((proxy) => proxy.stop()))
  }
}

const QUESTION = JSON.stringify({
  model: modelOf(WORKLOADS.brief),
  stream: true,
  messages: [{ role: 'user', content: 'Are you there?' }],
})
