/** What a soak found, as its last screen shows it. */
import { terminalTable } from '../bench/table.ts'
import type { Verdict } from './phase.ts'
import { ZERO_IDS, ZEROS, type Tally } from './tally.ts'

/** A line of the course. */
export const verdictLine = ({ id, what, outcome, figures }: Verdict): string =>
  `  ${id.padEnd(4)} ${outcome.padEnd(9)} ${what}: ${figures}`

export const summary = (tally: Tally, verdicts: readonly Verdict[]): string => {
  const { streams, wholes, deltas, ends } = tally
  const zeros = ZERO_IDS.map((id) => [ZEROS[id], String(tally.zeros.get(id) ?? 0)])
  const injected = [...tally.injected].toSorted(([a], [b]) => a.localeCompare(b))
  const count = (outcome: Verdict['outcome']): number =>
    verdicts.filter((verdict) => verdict.outcome === outcome).length
  return [
    `\n${streams} streams and ${wholes} whole answers, ${deltas} deltas checked: ${ends.all} answered in full, ${ends.failure} failures told, ${ends.part} left by their client.`,
    `\nInjected\n${terminalTable({ columns: ['fault', 'times'], rows: injected.map(([kind, times]) => [kind, String(times)]) })}`,
    `Must be zero\n${terminalTable({ columns: ['what', 'found'], rows: zeros })}`,
    ...tally.words.map((word) => `  ! ${word}`),
    `${count('pass')} passed, ${count('slow')} right but slow, ${count('not here')} not shown here, ${count('fail')} failed`,
  ].join('\n')
}
