/** One request at a time, ten tokens: what a request costs, and how long its first token takes. */
import { canAccount } from '../accounting.ts'
import { cellText } from '../number-text.ts'
import type { Loaded } from '../news.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import {
  cpuPer,
  each,
  middle,
  NO_ACCOUNTS,
  ratioTo,
  remarksOn,
  sideBySide,
  type Windows,
} from '../side-by-side.ts'
import { median } from '../statistics.ts'
import { modelOf, WORKLOADS } from '../workload.ts'

export const firstToken: Situation = {
  name: 'first-token',
  title: 'First token: one request at a time, 10 tokens',
  about:
    'One request at a time on one connection, ten tokens each, no delay: from the request to the read that brings the first token, and the CPU of the whole request.',
  run: async (setting: Setting): Promise<Findings> => {
    const windows = await sideBySide(setting, {
      names: setting.variants.names,
      references: ['direct', 'nginx', 'Portkey'],
      pace: {
        model: modelOf(WORKLOADS.brief),
        connections: 1,
        spreadMs: 0,
        warmMs: 300,
        windowMs: 1200,
      },
    })
    const zero = middle(windows, 'direct', p50) ?? 0
    const added = each(windows, 'tolk', p50).flatMap((ms) => (ms === undefined ? [] : [ms - zero]))
    return {
      figures: {
        'first-token': { samples: added, remarks: remarksOn(windows, ['tolk']) },
        'cpu-per-request': canAccount
          ? {
              samples: ratioTo(windows, 'tolk', 'A', cpuPer('answers')),
              remarks: remarksOn(windows, ['tolk', 'A']),
            }
          : { why: NO_ACCOUNTS },
      },
      tables: [table(windows)],
      charts: [],
      faults: windows.faults,
    }
  },
}

const p50 = ({ firstToken: first }: Loaded): number | undefined =>
  first === null ? undefined : first.p50 / 1000
const p99 = ({ firstToken: first }: Loaded): number | undefined =>
  first === null ? undefined : first.p99 / 1000

const table = (windows: Windows) => ({
  columns: ['variant', 'first token p50 ms', 'p99 ms', 'requests/s', 'CPU µs/request', '× A'],
  rows: windows.names.map((name) => {
    const toA = ratioTo(windows, name, 'A', cpuPer('answers'))
    return [
      name,
      cellText(middle(windows, name, p50)),
      cellText(middle(windows, name, p99)),
      cellText(middle(windows, name, ({ answers, seconds }) => answers / seconds)),
      cellText(middle(windows, name, cpuPer('answers'))),
      cellText(toA.length === 0 ? null : median(toA)),
    ]
  }),
})
