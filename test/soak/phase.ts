/** A phase of the soak: one or two rows of the plan, in a share of the time. */
import type { Rig } from './rig.ts'
import type { Tally } from './tally.ts'
import type { TolkOptions } from './tolk-process.ts'
import type { Upstream } from './upstream-process.ts'

export type Soak = {
  readonly seed: number
  readonly upstream: Upstream
  /** tolk's entry. */
  readonly program: string
  /** The tolk that lives as long as the soak, so that what it leaves behind adds up. */
  readonly rig: Rig
  readonly tally: Tally
  /** For files; its own. */
  readonly folder: string
  /** The whole of its time, s. */
  readonly seconds: number
  /** How much of the ten minutes there is, 1 for all of it: counts that time does not bound are scaled by it. */
  readonly scale: number
  nextId(): number
  /** Another tolk, configured in its own way; the phase closes it. */
  start(options: StartOptions, upstream?: Upstream): Promise<Rig>
}

export type StartOptions = Omit<TolkOptions, 'upstreamUrl' | 'folder' | 'program'>

export type Verdict = {
  /** Of the plan, such as `L7`. */
  readonly id: string
  readonly what: string
  /**
   * `slow`: all is right, but a time or a size is beyond what the plan has; on a busy machine that says
   * nothing. `not here`: this machine cannot show it.
   */
  readonly outcome: 'pass' | 'fail' | 'slow' | 'not here'
  /** Figures, or why not. */
  readonly figures: string
}

export type Phase = {
  readonly ids: readonly string[]
  readonly title: string
  /** Of the whole time, 0 to 1. */
  readonly share: number
  /** @param ms its time. What must be zero goes to the tally, and fails the phase by itself. */
  readonly run: (soak: Soak, ms: number) => Promise<readonly Verdict[]>
}

/** A count that is scaled, within limits. */
export const scaled = ({ scale }: Soak, full: number, least: number): number =>
  Math.max(least, Math.round(full * Math.min(1, scale)))

/** `slow` unless so. */
export const inBounds = (isSo: boolean): 'pass' | 'slow' => (isSo ? 'pass' : 'slow')
