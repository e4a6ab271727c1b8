/** The client matrix: collected over a run, printed at its end, and written down when every client was there. */
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Verdict } from './run-client.ts'
import { SCENARIO_IDS, SCENARIOS, type ScenarioId } from './scenarios.ts'

declare module 'vitest' {
  // An interface, for it is merged with vitest's own.
  export interface ProvidedContext {
    /** The folder into which each client's outcome is written. */
    readonly outcomes: string
  }
}

/** What became of one client; without verdicts its toolchain is missing. */
export type Outcome = {
  readonly id: string
  readonly client: string
  readonly language: string
  readonly version: string
  readonly missing?: string
  readonly verdicts?: readonly Verdict[]
}

const HERE = import.meta.dirname

/** Vitest's global setup. @returns its teardown, which tells the outcome. */
export const setup = (project: TestProject): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'client-matrix-'))
  project.provide('outcomes', folder)
  return () => {
    const outcomes = readdirSync(folder)
      .toSorted()
      .map((name): Outcome => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    rmSync(folder, { recursive: true })
    if (outcomes.length === 0) return
    const matrix = matrixOf(outcomes)
    console.log(`\n${matrix}`)
    if (isWhole(outcomes)) writeDown(matrix)
  }
}

/** A row for each scenario, a column for each client, and below it why a client cannot do something. */
export const matrixOf = (outcomes: readonly Outcome[]): string => {
  const reasons: string[] = []
  const row = (id: ScenarioId): string => {
    const cells = outcomes.map((outcome) => cellOf(outcome, id, reasons))
    return `| ${SCENARIOS[id]} | ${cells.join(' | ')} |`
  }
  const heads = outcomes.map(
    ({ client, language, version }) => `${client}<br>${version}<br>${language}`,
  )
  const rows = SCENARIO_IDS.map(row)
  return [
    `| scenario | ${heads.join(' | ')} |`,
    `|---|${outcomes.map(() => '---|').join('')}`,
    ...rows,
    ...(reasons.length === 0 ? [] : ['', ...reasons.map((why, at) => `${at + 1}. ${why}`)]),
  ].join('\n')
}

const cellOf = ({ verdicts }: Outcome, id: ScenarioId, reasons: string[]): string => {
  if (verdicts === undefined) return 'skipped'
  const { verdict = 'fail', detail = '' } = verdicts.find(({ scenario }) => scenario === id) ?? {}
  if (verdict === 'pass' && detail === '') return '✓'
  if (verdict === 'fail') return '**fails**'
  if (!reasons.includes(detail)) reasons.push(detail)
  return `${verdict === 'pass' ? '✓' : 'cannot'} (${reasons.indexOf(detail) + 1})`
}

const isWhole = (outcomes: readonly Outcome[]): boolean =>
  outcomes.length === globSync('*/client.json', { cwd: HERE }).length &&
  outcomes.every(
    ({ verdicts }) => verdicts !== undefined && verdicts.every(({ verdict }) => verdict !== 'fail'),
  )

/** The page is written by hand but for what stands between its two marks. */
const writeDown = (matrix: string): void => {
  const page = join(HERE, 'README.md')
  const text = readFileSync(page, 'utf8')
  const written = text.replace(
    /(?<=<!-- matrix -->\n)[\s\S]*(?=<!-- end of matrix -->)/,
    () => `\n${matrix}\n\n`,
  )
  if (written !== text) writeFileSync(page, written)
}
