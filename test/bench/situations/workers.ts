/** Two workers: what a second core gives, honestly, while the harness wants one of them. */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { cpuTotal } from '../accounting.ts'
import { clientNews, type Load, type Loaded } from '../news.ts'
import { cellText } from '../number-text.ts'
import { hearNews, startOwn, stop } from '../processes.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import { harnessShare, tokensPerSecond } from '../side-by-side.ts'
import { median } from '../statistics.ts'
import { type Standing, startUpstream } from '../variants.ts'
import { modelOf, WORKLOADS } from '../workload.ts'

const COUNTS = [1, 2] as const
const DEADLINE_MS = 20_000
const WINDOW_MS = 2000

export const workers: Situation = {
  name: 'workers',
  title: 'Workers: coalesced, nothing pinned',
  about:
    'The coalesced load on one worker and on two, nothing pinned. On a machine of two cores the harness takes as much as the proxy, so this shows what two workers cost there rather than what they give.',
  run: async (setting: Setting): Promise<Findings> => {
    const why = whyNot(setting.program)
    if (why !== undefined) {
      setting.say(`not measured: ${why}`)
      const table = { columns: ['workers', ''], rows: [['1, 2', `not measured: ${why}`]] }
      return { figures: {}, tables: [table], charts: [], faults: [] }
    }
    const windows = new Map<number, Loaded[]>(COUNTS.map((count) => [count, []]))
    const faults: string[] = []
    for (let round = 0; round < Math.min(setting.rounds, 2); round++) {
      for (const count of COUNTS) {
        const window = await measure(setting, count)
        windows.get(count)?.push(window)
        faults.push(...window.faults.map((fault) => `${count} workers: ${fault}`))
      }
    }
    const middle = (count: number, figure: (window: Loaded) => number): number =>
      median((windows.get(count) ?? []).map(figure))
    return {
      figures: {},
      tables: [
        {
          columns: ['workers', 'tokens/s', '× 1 worker', 'cores used by tolk', 'by the harness'],
          rows: COUNTS.map((count) => [
            String(count),
            cellText(middle(count, tokensPerSecond)),
            cellText(middle(count, tokensPerSecond) / middle(1, tokensPerSecond)),
            cellText(
              middle(count, ({ cpu, seconds }) =>
                cpu?.proxy == null ? Number.NaN : cpuTotal(cpu.proxy) / seconds,
              ),
            ),
            cellText(middle(count, (window) => harnessShare(window) ?? Number.NaN)),
          ]),
        },
      ],
      charts: [],
      faults: [...new Set(faults)],
    }
  },
}

/** Why workers cannot be measured here. */
const whyNot = (program: string): string | undefined => {
  const help = execFileSync(process.execPath, [program, 'help'], { encoding: 'utf8' })
  if (!help.includes('--workers')) return 'tolk has no --workers yet'
  return availableParallelism() < 2 ? 'this machine has one core' : undefined
}

/** In fresh processes, as the operating system places them. */
const measure = async (setting: Setting, count: number): Promise<Loaded> => {
  const upstream = await startUpstream('any')
  const client = startOwn('load-client.ts', 'any')
  let tolk: Standing | undefined
  try {
    await hearNews(client, clientNews, 'ready', DEADLINE_MS)
    tolk = await setting.variants.start('tolk', {
      upstreamPort: upstream.port,
      folder: setting.folder,
      core: 'any',
      args: ['--workers', String(count)],
    })
    const { port, path, headers, speech, mayDropReasoning } = tolk
    const order: Load = {
      order: 'load',
      port,
      path,
      headers,
      speech,
      mayDropReasoning,
      model: modelOf(WORKLOADS.coalesced),
      connections: 64,
      spreadMs: 0,
      warmMs: 800,
      windowMs: WINDOW_MS,
      watch: { proxy: tolk.process?.pid ?? null, upstream: upstream.pid },
    }
    client.send(order)
    return await hearNews(client, clientNews, 'loaded', DEADLINE_MS)
  } finally {
    await Promise.all([tolk?.stop(), stop(client), stop(upstream.process)])
  }
}
