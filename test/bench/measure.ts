/** Situations, one after the other: what each found is said at once, and held against its targets. */
import type { Findings, Setting, Situation } from './setting.ts'
import { terminalTable } from './table.ts'
import { TARGET_IDS, TARGETS, type TargetId } from './targets.ts'
import { type Figure, judge, type Verdict } from './verdict.ts'

export type Found = { readonly situation: Situation; readonly findings: Findings }

/** @param lastStartMs of the process's clock: what would begin later is left out. */
export const measure = async (
  situations: readonly Situation[],
  setting: Setting,
  lastStartMs: number,
): Promise<readonly Found[]> => {
  const found: Found[] = []
  for (const situation of situations) {
    const startMs = performance.now()
    const findings =
      startMs > lastStartMs
        ? failed('no time was left for it')
        : await situation.run(setting).catch((error: unknown) => failed(messageOf(error)))
    found.push({ situation, findings })
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
    setting.say(`\n${situation.title} (${situation.name}, ${seconds} s)`)
    for (const table of findings.tables) setting.say(terminalTable(table))
    for (const fault of findings.faults) setting.say(`FAULT ${situation.name}: ${fault}`)
  }
  return found
}

/** One situation that breaks takes no other along, and fails the bench. */
const failed = (why: string): Findings => ({ figures: {}, tables: [], charts: [], faults: [why] })

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** @param isWhole whether every target was to be measured: then one that was not is shown as such. */
export const judgeAll = (
  found: readonly Found[],
  isWhole: boolean,
): ReadonlyMap<TargetId, Verdict> => {
  const verdicts = new Map<TargetId, Verdict>()
  for (const id of TARGET_IDS) {
    const figure =
      figureOf(found, id) ?? (isWhole ? { why: 'its situation failed in this run' } : undefined)
    if (figure !== undefined) verdicts.set(id, judge(TARGETS[id], figure))
  }
  return verdicts
}

const figureOf = (found: readonly Found[], id: TargetId): Figure | undefined => {
  for (const { findings } of found) {
    const figure = findings.figures[id]
    if (figure !== undefined) return figure
  }
  return undefined
}

/** Whether a gate was missed, or anything went wrong on the way. */
export const hasFailed = (
  verdicts: ReadonlyMap<TargetId, Verdict>,
  found: readonly Found[],
): boolean =>
  [...verdicts.values()].some((one) => one.kind === 'measured' && !one.holdsGate) ||
  found.some(({ findings }) => findings.faults.length > 0)
