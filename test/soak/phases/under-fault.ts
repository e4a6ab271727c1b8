/** L3: a fault drawn for each stream, and what the client gets is a prefix with the right last word. */
import { drive } from '../drive.ts'
import { askingOf } from '../mix.ts'
import type { Phase } from '../phase.ts'
import { seedOf } from '../random.ts'
import { PATIENCE } from '../tolk-process.ts'

const MOST_STREAMS = 20_000
const AT_ONCE = 200
/** So long before its end the phase begins nothing that only a deadline of tolk's ends, ms. */
const TAIL_MS = Math.max(PATIENCE.firstByteTimeoutMs, PATIENCE.idleTimeoutMs)

export const underFault: Phase = {
  ids: ['L3'],
  title: 'fidelity under fault',
  share: 0.13,
  run: async (soak, ms) => {
    const { tally, rig } = soak
    const before = { deltas: tally.deltas, ...tally.ends }
    const streams = await drive({ atOnce: AT_ONCE, ms, most: MOST_STREAMS }, (_, leftMs) => {
      const id = soak.nextId()
      const { spec, manner } = askingOf(id, seedOf(soak.seed, id), {
        faults: 0.8,
        leaving: 0.12,
        whole: 0.2,
        slow: 0.05,
        deltas: 100,
        isPatient: leftMs > Math.min(TAIL_MS, ms / 3),
      })
      return rig.hear(spec, manner)
    })
    await rig.settle()
    const { all, failure, part } = tally.ends
    return [
      {
        id: 'L3',
        what: 'a fault for each of four streams in five',
        outcome: 'pass',
        figures: `${streams} requests, ${tally.deltas - before.deltas} deltas: ${all - before.all} answered in full, ${failure - before.failure} told of their failure, ${part - before.part} left by their client`,
      },
    ]
  },
}
