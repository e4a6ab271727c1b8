/** As much as goes through: 64 streams without delay, 16 tokens to a write of the upstream. */
import { cellText } from '../number-text.ts'
import type { Findings, Setting, Situation } from '../setting.ts'
import {
  cpuPer,
  harnessShare,
  middle,
  ratioTo,
  remarksOn,
  sideBySide,
  tokensPerSecond,
  type Windows,
} from '../side-by-side.ts'
import { median } from '../statistics.ts'
import { modelOf, WORKLOADS } from '../workload.ts'

export const coalesced: Situation = {
  name: 'coalesced',
  title: 'Coalesced: 64 streams, no delay, 16 tokens to a write',
  about:
    '64 streams of 200 tokens without any delay, 16 tokens to a write of the upstream. What is translated costs most here, and the harness costs as much as the fastest proxies: where it uses its whole core, the proxy could do more.',
  run: async (setting: Setting): Promise<Findings> => {
    const windows = await sideBySide(setting, {
      names: setting.variants.names.filter((name) => name !== 'direct'),
      pace: {
        model: modelOf(WORKLOADS.coalesced),
        connections: 64,
        spreadMs: 0,
        warmMs: 400,
        windowMs: 1600,
      },
    })
    const { Portkey: why } = setting.variants.missing
    return {
      figures: {
        'throughput-a': {
          samples: ratioTo(windows, 'tolk', 'A', tokensPerSecond),
          remarks: remarksOn(windows, ['tolk', 'A']),
        },
        'throughput-portkey':
          why === undefined
            ? {
                samples: ratioTo(windows, 'tolk', 'Portkey', tokensPerSecond),
                remarks: remarksOn(windows, ['tolk', 'Portkey']),
              }
            : { why },
      },
      tables: [table(windows)],
      charts: [
        {
          name: 'throughput',
          title: 'Throughput, 16 tokens to a write',
          subtitle: 'thousands of tokens a second through one proxy; more is better',
          bars: windows.names.map((name) => ({
            label: name,
            value: (middle(windows, name, tokensPerSecond) ?? 0) / 1000,
            tone: name === 'tolk' ? ('ours' as const) : ('other' as const),
          })),
        },
      ],
      faults: windows.faults,
    }
  },
}

const table = (windows: Windows) => ({
  columns: ['variant', 'tokens/s', '× A', 'CPU µs/token', 'tokens/read', 'harness'],
  rows: windows.names.map((name) => {
    const toA = ratioTo(windows, name, 'A', tokensPerSecond)
    return [
      name,
      cellText(middle(windows, name, tokensPerSecond)),
      cellText(toA.length === 0 ? null : median(toA)),
      cellText(middle(windows, name, cpuPer('tokens'))),
      cellText(
        middle(windows, name, ({ tokens, reads }) => (reads === 0 ? undefined : tokens / reads)),
      ),
      cellText(middle(windows, name, harnessShare)),
    ]
  }),
})
