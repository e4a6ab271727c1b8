/** Chance → what one client asks, how it behaves, and what the upstream does to it. */
import type { Manner } from './client.ts'
import { FAULTS, isCutShort, isFault, PATIENT, type Fault } from './faults.ts'
import { seeded } from './random.ts'
import { specOf, type Spec } from './spec.ts'

export type Mix = {
  /** Shares, 0 to 1. */
  readonly faults: number
  readonly leaving: number
  readonly whole: number
  readonly slow: number
  /** The longest answer, deltas. */
  readonly deltas: number
  /** Whether faults may last until tolk's own deadline. */
  readonly isPatient: boolean
}

export type Asking = { readonly spec: Spec; readonly manner: Manner }

/** The same for the same seed. */
export const askingOf = (id: number, seed: number, mix: Mix): Asking => {
  const random = seeded(seed)
  const fault = random.chance(mix.faults) ? random.pick(mix.isPatient ? INJECTED : BRISK) : 'none'
  const chunking = random.weighted({ line: 5, batch: 3, cut: 4, octets: 1 })
  // Octet by octet a short answer is long enough.
  const deltas = random.between(1, chunking === 'octets' ? 6 : mix.deltas)
  const spec = specOf(id, seed, {
    deltas,
    chunking,
    fault,
    thinking: random.chance(0.3) ? random.between(0, deltas) : 0,
    at: isCutShort(fault) ? random.between(0, deltas - 1) : 0,
    paceMs: chunking !== 'octets' && random.chance(0.1) ? random.between(1, 5) : 0,
  })
  const stream = !random.chance(mix.whole)
  const how = random.pick(['fin', 'reset', 'half-close'] as const)
  return {
    spec,
    manner: {
      stream,
      ...(stream &&
        random.chance(mix.leaving) && { leaves: { when: random.between(0, deltas), how } }),
      ...(random.chance(mix.slow) && { restMs: random.between(1, 20) }),
    },
  }
}

const INJECTED: readonly Fault[] = Object.keys(FAULTS)
  .filter(isFault)
  .filter((fault) => fault !== 'none')

const BRISK = INJECTED.filter((fault) => !PATIENT.includes(fault))
