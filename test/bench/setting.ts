/** What every situation is handed, and what it hands back. */
import type { BarChart } from './bar-chart.ts'
import type { Patience } from './patience.ts'
import type { Table } from './table.ts'
import type { TargetId } from './targets.ts'
import type { Variants } from './variants.ts'
import type { Figure } from './verdict.ts'

export type Setting = {
  readonly variants: Variants
  /** tolk's entry, such as `src/main.ts`. */
  readonly program: string
  /** For configurations and logs; gone when the bench ends. */
  readonly folder: string
  /** How often everything is measured in turn. */
  readonly rounds: number
  readonly patience: Patience
  /** Says what is being done. */
  say(line: string): void
}

export type Findings = {
  readonly figures: { readonly [id in TargetId]?: Figure }
  readonly tables: readonly Table[]
  readonly charts: readonly BarChart[]
  /** What makes the bench fail whatever the figures say, such as a wrong answer. */
  readonly faults: readonly string[]
}

export type Situation = {
  /** As it is called on the command line. */
  readonly name: string
  /** Over its table. */
  readonly title: string
  /** What is asked of the proxies, in a sentence for the report. */
  readonly about: string
  run(setting: Setting): Promise<Findings>
}
