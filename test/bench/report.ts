/** The bench's own README: what was measured, how, and what stands in the way. */
import { type BarChart, barChartSvg } from './bar-chart.ts'
import { numberText } from './number-text.ts'
import { markdownTable, type Table } from './table.ts'
import { TARGET_IDS, TARGETS, type TargetId } from './targets.ts'
import { type Verdict, verdictText } from './verdict.ts'

export type Reported = {
  readonly verdicts: ReadonlyMap<TargetId, Verdict>
  /** In their order: what each situation asks, and what it found. */
  readonly situations: readonly {
    readonly name: string
    readonly title: string
    readonly about: string
    readonly tables: readonly Table[]
    readonly charts: readonly BarChart[]
  }[]
  /** Why some of it is missing. */
  readonly missing: readonly string[]
  readonly machine: string
  readonly isPinned: boolean
  /** As in `2026-01-31`. */
  readonly date: string
  readonly command: string
  readonly rounds: number
  /** Markdown written by a person. */
  readonly findings: string
}

export type WrittenFile = { readonly name: string; readonly text: string }

/** The table of targets, for a terminal and for the document. */
export const verdictTable = (verdicts: Reported['verdicts']): Table => ({
  columns: [
    'figure, all features on',
    'gate',
    'stretch',
    'measured',
    'spread',
    'verdict',
    'remarks',
  ],
  rows: TARGET_IDS.flatMap((id) => {
    const verdict = verdicts.get(id)
    return verdict === undefined ? [] : [verdictRow(id, verdict)]
  }),
})

const verdictRow = (id: TargetId, verdict: Verdict): readonly string[] => {
  const { title, unit, better, gate, stretch } = TARGETS[id]
  const bound = better === 'lower' ? '≤' : '≥'
  const goals = [`${bound} ${gate}${unit}`, `${bound} ${stretch}${unit}`]
  if (verdict.kind === 'skipped') return [title, ...goals, '–', '–', 'not measured', verdict.why]
  const { median, least, most } = verdict.summary
  return [
    title,
    ...goals,
    `${numberText(median)}${unit}`,
    `${numberText(least)} … ${numberText(most)}`,
    verdictText(verdict),
    verdict.remarks.join('; '),
  ]
}

/** The README and its charts, by file name. */
export const writeReport = (reported: Reported): readonly WrittenFile[] => {
  const charts = [overview(reported.verdicts), ...reported.situations.flatMap((one) => one.charts)]
  return [
    { name: 'README.md', text: documentText(reported) },
    ...charts.map((chart) => ({ name: `${chart.name}.svg`, text: barChartSvg(chart) })),
  ]
}

const documentText = ({ situations, ...reported }: Reported): string => `# What tolk costs

<!-- Written by \`npm run bench\`; the last chapter is findings.md. -->

tolk, as a process of its own with everything on (client keys, a rate limit, the log at \`info\`, heartbeats), beside proxies that do less. **A**
copies bytes with node:http and looks at none of them; **nginx** does so without Node; **Portkey** turns OpenAI's events into OpenAI's
events; **direct** is no proxy at all.

Measured on ${reported.date}, on ${reported.machine}, by

\`\`\`sh
${reported.command}
\`\`\`

${markdownTable(verdictTable(reported.verdicts))}
![${OVERVIEW_TITLE}](overview.svg)

## How to read it

- Read ratios, and only within one run: another machine, and another day on this one, has other microseconds. A ratio is the median of the
  rounds' ratios, and the spread is from the least of them to the most.
- The client and the fake Ollama are processes of their own: raw TCP, with frames that were built before, so that they cost little.
  ${reported.isPinned ? 'The proxy has the first core for itself, they share the second.' : 'Nothing was pinned to a core here.'} All variants run at once, and are loaded one after the other, in another order in
  each of ${reported.rounds} rounds. Where the column *harness* is near 1, client and upstream used their whole core: the proxy could do more than it shows.
- A round in which anything else used more than 0.12 cores is measured again, four times at most; a remark says so when it never was quiet.
- Sampled answers are held against what the upstream said, text, reasoning, finish reason and end. A wrong one fails the run, as does a
  connection that breaks.
- CPU is that of all threads, user and system, from /proc; memory is resident memory. The upstream's writes carry the monotonic clock in
  their text: that is how a token's way is timed.
${reported.missing.map((one) => `- ${one}\n`).join('')}
${situations.map(situationText).join('\n')}
## To run it, and to change it

\`npm run bench -- paced\` measures one situation and writes nothing; \`--quick\` is one round of everything, to see that it runs; \`--help\`
lists the rest. Exit code 1: a gate was missed, or an answer was wrong. \`npm run bench:micro\` times the pure rooms alone, on the inputs of
the tests.

| to find or change | open |
| --- | --- |
| a gate, a stretch | \`targets.ts\` |
| what a situation asks, and its table | \`situations/\` |
| how all are loaded in turn; when it was quiet | \`side-by-side.ts\`, \`patience.ts\` |
| what is measured side by side, with which configuration | \`variants.ts\`, \`tolk-configuration.ts\`, \`nginx.ts\`, \`pass-through.ts\` |
| who answers, and what | \`fake-ollama.ts\`, \`answer-plan.ts\`, \`workload.ts\` |
| who asks, and what it checks | \`load-client.ts\`, \`load-connection.ts\`, \`heard.ts\` |
| CPU and memory, from outside and from within | \`accounting.ts\`, \`inside.ts\` |
| this document, its charts | \`report.ts\`, \`bar-chart.ts\` |

## What stands in the way

${reported.findings.trim()}
`

const situationText = ({
  name,
  title,
  about,
  tables,
  charts,
}: Reported['situations'][number]): string =>
  [
    `## ${title}\n`,
    wrapped(`${about} \`npm run bench -- ${name}\``),
    ...(tables.length === 0 ? ['It was not measured in this run.\n'] : tables.map(markdownTable)),
    ...charts.map((chart) => `![${chart.title}](${chart.name}.svg)\n`),
  ].join('\n')

/** Lines of a document are as long as people can follow. */
const LINE = 140

const wrapped = (text: string): string => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= LINE) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line, ''].join('\n')
}

const OVERVIEW_TITLE = 'How far each figure is from its gate'

/** Every figure on one scale: its gate is 1, and less is better for all of them. */
const overview = (verdicts: Reported['verdicts']): BarChart => ({
  name: 'overview',
  title: OVERVIEW_TITLE,
  subtitle:
    'share of what the gate allows; beyond 1 it is missed, the short lines are the stretches',
  bars: TARGET_IDS.flatMap((id) => {
    const verdict = verdicts.get(id)
    const { short, better, gate, stretch } = TARGETS[id]
    // What has to be whole is not a matter of more or less.
    if (verdict?.kind !== 'measured' || wantsAll(id)) return []
    const share = (value: number): number => (better === 'lower' ? value / gate : gate / value)
    const tone = verdict.holdsGate ? ('ours' as const) : ('missed' as const)
    return [{ label: short, value: share(verdict.summary.median), goal: share(stretch), tone }]
  }),
  marks: [{ value: 1, label: 'gate' }],
})

const wantsAll = (id: TargetId): boolean => TARGETS[id].gate === TARGETS[id].stretch
