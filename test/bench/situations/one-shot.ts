/** A whole answer of 1 MB: what it costs in memory to gather it, and to write it. */
import { z } from 'zod'
import { canAccount, forgetPeak, peakBytes, residentBytes } from '../accounting.ts'
import { collectedMemory, type Memory, memoryNow } from '../ask-inside.ts'
import { post } from '../http-client.ts'
import { upstreamNews } from '../news.ts'
import { cellText } from '../number-text.ts'
import { hearNews, stop } from '../processes.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import { median } from '../statistics.ts'
import { spoken } from '../tokens.ts'
import { type Standing, startUpstream, type Upstream } from '../variants.ts'
import { modelOf, type Workload, WORKLOADS } from '../workload.ts'

/** Answers before the first that counts: code is compiled, and the heap has the size that it keeps. */
const WARM_UPS = 3
const TRIALS = 5
const DEADLINE_MS = 20_000

export const oneShot: Situation = {
  name: 'one-shot',
  title: 'One-shot: a whole answer of 1 MB',
  about:
    "A whole answer of 1 MB, which the upstream says in 252,000 tokens: 34 MB of lines. The upstream rests before its last line: what tolk then holds, after a collection, is *held*; what there is when the answer has been written, nothing collected since, is the *peak*, both beyond what it held before and to the answer's size. How much the whole process grows meanwhile stands beside it: nothing, where the heap has room from what came before.",
  run: async (setting: Setting): Promise<Findings> => {
    const upstream = await startUpstream()
    const { folder } = setting
    const placing = { upstreamPort: upstream.port, folder, isAsked: true }
    const tolk = await setting.variants.start('tolk', placing)
    try {
      for (let answer = 0; answer < WARM_UPS; answer++) await askForAll(tolk, WORKLOADS.megabyte)
      const gathered: Gathered[] = []
      for (let trial = 0; trial < (setting.rounds === 1 ? 2 : TRIALS); trial++) {
        gathered.push(await gather(tolk, upstream))
      }
      const middle = (figure: (one: Gathered) => number): string =>
        cellText(median(gathered.map(figure)))
      return {
        figures: { 'one-shot-memory': { samples: gathered.map(({ peak }) => peak), remarks: [] } },
        tables: [
          {
            columns: [
              '',
              'answer MB',
              'held × size',
              'peak × size',
              'resident grows MB',
              'took ms',
            ],
            rows: [
              [
                'tolk',
                middle(({ size }) => size / 1e6),
                middle(({ held }) => held),
                middle(({ peak }) => peak),
                canAccount ? middle(({ resident }) => resident / 1e6) : cellText(null),
                middle(({ ms }) => ms),
              ],
            ],
          },
        ],
        charts: [],
        faults: [],
      }
    } finally {
      await Promise.all([tolk.stop(), stop(upstream.process)])
    }
  },
}

/** `held` and `peak` in sizes of the answer, `size` and `resident` in bytes. */
type Gathered = {
  readonly size: number
  readonly held: number
  readonly peak: number
  readonly resident: number
  readonly ms: number
}

/** What the upstream has written has arrived after this time, ms. */
const ARRIVAL_MS = 500

const gather = async (tolk: Standing, upstream: Upstream): Promise<Gathered> => {
  const before = await collectedMemory(tolk)
  const resting = hearNews(upstream.process, upstreamNews, 'resting', DEADLINE_MS)
  const answered = askForAll(tolk, WORKLOADS.heldMegabyte)
  // Whatever becomes of it is heard below.
  answered.catch(() => {})
  await resting
  await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS))
  const held = await collectedMemory(tolk)
  const size = await answered
  const end = await memoryNow(tolk)

  const pid = tolk.process?.pid ?? 0
  await collectedMemory(tolk)
  if (canAccount) forgetPeak(pid)
  const resident = canAccount ? residentBytes(pid) : 0
  const startMs = performance.now()
  await askForAll(tolk, WORKLOADS.megabyte)
  return {
    size,
    held: (live(held) - live(before)) / size,
    // A collection in between would make the end look small.
    peak: (Math.max(live(held), live(end)) - live(before)) / size,
    resident: canAccount ? peakBytes(pid) - resident : 0,
    ms: performance.now() - startMs,
  }
}

const live = ({ heap, external }: Memory): number => heap + external

/** @returns the answer's size, bytes. @throws when it is not what the upstream said. */
const askForAll = async (
  { port, path, headers }: Standing,
  workload: Workload,
): Promise<number> => {
  const body = JSON.stringify({
    model: modelOf(workload),
    messages: [{ role: 'user', content: 'Tell everything.' }],
  })
  const answer = await post(port, path, headers, body, DEADLINE_MS)
  const { choices } = completion.parse(JSON.parse(answer.body))
  if (choices[0]?.message.content !== SAID) throw new Error('a wrong answer: another text')
  return answer.bytes
}

const SAID = spoken(WORKLOADS.megabyte).text

const completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })),
})
