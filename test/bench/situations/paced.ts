/** 200 streams of 50 tokens a second: each token a read and a write of its own, as in life. */
import { canAccount } from '../accounting.ts'
import { cellText } from '../number-text.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import {
  cpuPer,
  each,
  harnessShare,
  middle,
  NO_ACCOUNTS,
  ratioTo,
  remarksOn,
  sideBySide,
  tokensPerSecond,
  type Windows,
} from '../side-by-side.ts'
import { median } from '../statistics.ts'
import { modelOf, WORKLOADS } from '../workload.ts'

export const paced: Situation = {
  name: 'paced',
  title: 'Paced: 200 streams × 50 tokens/s',
  about:
    "200 streams of 50 tokens a second each, every token a write of its own. The upstream writes the moment into the token, the client subtracts it: that is the transit. What `direct` takes, without a proxy, is nobody's fault and is taken off.",
  run: async (setting: Setting): Promise<Findings> => {
    const windows = await sideBySide(setting, {
      names: setting.variants.names,
      references: ['direct', 'nginx', 'Portkey'],
      pace: {
        model: modelOf(WORKLOADS.paced),
        connections: 200,
        // As long as an answer: at every moment as many begin as end.
        spreadMs: 2000,
        warmMs: 200,
        windowMs: 2500,
      },
    })
    const perToken = cpuPer('tokens')
    const remarks = remarksOn(windows, ['tolk', 'A'])
    const zero = middle(windows, 'direct', p99) ?? 0
    return {
      figures: {
        'cpu-per-token': canAccount
          ? { samples: ratioTo(windows, 'tolk', 'A', perToken), remarks }
          : { why: NO_ACCOUNTS },
        'transit-p99': {
          samples: each(windows, 'tolk', p99).flatMap((ms) =>
            ms === undefined ? [] : [ms - zero],
          ),
          remarks,
        },
      },
      tables: [table(windows)],
      charts: [
        {
          name: 'cpu-per-token',
          title: 'CPU per token at 10,000 tokens/s',
          subtitle: 'µs of CPU, user and system, of all threads; less is better',
          bars: windows.names.flatMap((name) => {
            const value = middle(windows, name, perToken)
            return value === undefined
              ? []
              : [
                  {
                    label: name,
                    value,
                    tone: name === 'tolk' ? ('ours' as const) : ('other' as const),
                  },
                ]
          }),
        },
      ],
      faults: windows.faults,
    }
  },
}

const p50 = ({ transit }: { transit: { p50: number } | null }): number | undefined =>
  transit === null ? undefined : transit.p50 / 1000
const p99 = ({ transit }: { transit: { p99: number } | null }): number | undefined =>
  transit === null ? undefined : transit.p99 / 1000

const table = (windows: Windows) => ({
  columns: [
    'variant',
    'tokens/s',
    'CPU µs/token',
    'user',
    'system',
    '× A',
    'transit p50 ms',
    'p99 ms',
    'harness',
  ],
  rows: windows.names.map((name) => {
    const share = (part: 'user' | 'system') =>
      middle(windows, name, ({ cpu, tokens }) =>
        cpu?.proxy == null ? undefined : (cpu.proxy[part] / tokens) * 1e6,
      )
    const toA = ratioTo(windows, name, 'A', cpuPer('tokens'))
    return [
      name,
      cellText(middle(windows, name, tokensPerSecond)),
      cellText(middle(windows, name, cpuPer('tokens'))),
      cellText(share('user')),
      cellText(share('system')),
      cellText(toA.length === 0 ? null : median(toA)),
      cellText(middle(windows, name, p50)),
      cellText(middle(windows, name, p99)),
      cellText(middle(windows, name, harnessShare)),
    ]
  }),
})
