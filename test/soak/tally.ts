/** What a soak counts: what was asked, what was done to it, and what must be zero. */
import type { Heard, Manner } from './client.ts'
import type { Complaint, Zero } from './oracle.ts'
import type { Spec } from './spec.ts'

/** What must not be, beside what an oracle can see of one answer. */
export const ZEROS = {
  lost: 'deltas lost',
  duplicated: 'deltas duplicated',
  reordered: 'deltas reordered',
  altered: 'deltas altered',
  silent: 'silent failures',
  hung: 'hangs',
  malformed: 'malformed answers',
  wrong: 'wrong failures',
  told: 'private words told',
  'asked-again': 'generations asked for twice',
  unlogged: 'requests that log, metrics and ledger do not agree on',
  'left-over': 'sockets, timers and handles left over',
  crashed: 'crashes and complaints of the process',
  broken: 'other promises broken',
} as const satisfies Readonly<Record<Zero | OtherZero, string>>

type OtherZero = 'asked-again' | 'unlogged' | 'left-over' | 'crashed' | 'broken'

export type ZeroId = keyof typeof ZEROS

export const ZERO_IDS = Object.keys(ZEROS).filter((id): id is ZeroId => id in ZEROS)

/** How many complaints are told in words. */
const MOST_WORDS = 30

export class Tally {
  streams = 0
  wholes = 0
  deltas = 0
  /** Answers that were given in full, failures that were told as such, and clients that had left. */
  readonly ends = { all: 0, failure: 0, part: 0 }
  /** What was done to answers and connections, by kind. */
  readonly injected = new Map<string, number>()
  readonly zeros = new Map<ZeroId, number>()
  /** The first complaints in words. */
  readonly words: string[] = []

  judged({ deltas, got, complaints }: Heard, spec: Spec, { stream, leaves, restMs }: Manner): void {
    if (stream) this.streams += 1
    else this.wholes += 1
    this.deltas += deltas
    this.ends[got] += 1
    if (spec.fault !== 'none') this.inject(spec.fault)
    if (spec.chunking === 'cut') this.inject('lines cut anywhere')
    if (spec.chunking === 'octets') this.inject('one octet to a write')
    if (leaves !== undefined) this.inject(`client leaves by ${leaves.how}`)
    if (restMs !== undefined) this.inject('slow reader')
    for (const complaint of complaints) this.complain(complaint)
  }

  inject(kind: string, count = 1): void {
    this.injected.set(kind, (this.injected.get(kind) ?? 0) + count)
  }

  complain({ zero, count, what }: Omit<Complaint, 'zero'> & { readonly zero: ZeroId }): void {
    this.zeros.set(zero, (this.zeros.get(zero) ?? 0) + count)
    if (this.words.length < MOST_WORDS) this.words.push(`${ZEROS[zero]}: ${what}`)
  }

  /** Complains when the two are not the same. */
  expect(zero: ZeroId, what: string, is: unknown, should: unknown): void {
    if (Object.is(is, should)) return
    this.complain({ zero, count: 1, what: `${what}: ${String(is)} instead of ${String(should)}` })
  }

  /** All that should have been zero. */
  get faults(): number {
    return [...this.zeros.values()].reduce((sum, count) => sum + count, 0)
  }
}
