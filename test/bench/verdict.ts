/** A figure held against its target. */
import { summarise, type Summary } from './statistics.ts'
import type { Target } from './targets.ts'

/** What a situation found for one target. */
export type Figure =
  | {
      /** One for each round, or each trial. */
      readonly samples: readonly number[]
      /** What a reader has to know of it, such as that the harness was the limit. */
      readonly remarks: readonly string[]
    }
  /** Not measured, and why. */
  | { readonly why: string }

export type Verdict =
  | {
      readonly kind: 'measured'
      readonly summary: Summary
      readonly holdsGate: boolean
      readonly reachesStretch: boolean
      readonly remarks: readonly string[]
    }
  | { readonly kind: 'skipped'; readonly why: string }

/** The median decides. */
export const judge = (target: Target, figure: Figure): Verdict => {
  if ('why' in figure) return { kind: 'skipped', why: figure.why }
  if (figure.samples.length === 0) return { kind: 'skipped', why: 'nothing was measured' }
  const summary = summarise(figure.samples)
  const reaches = (goal: number): boolean =>
    target.better === 'lower' ? summary.median <= goal : summary.median >= goal
  return {
    kind: 'measured',
    summary,
    holdsGate: reaches(target.gate),
    reachesStretch: reaches(target.stretch),
    remarks: figure.remarks,
  }
}

/** For a cell: `gate held, stretch not reached`. */
export const verdictText = (verdict: Verdict): string => {
  if (verdict.kind === 'skipped') return 'not measured'
  if (!verdict.holdsGate) return 'GATE MISSED'
  return verdict.reachesStretch ? 'gate held, stretch reached' : 'gate held, stretch not reached'
}
