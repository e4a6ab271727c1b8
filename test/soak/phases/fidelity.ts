/** L2: as many deltas as go through, in three chunkings, and not one of them other than it was said. */
import { drive } from '../drive.ts'
import { inBounds, type Phase } from '../phase.ts'
import { specOf } from '../spec.ts'

const MOST_DELTAS = 10_000_000
const STREAMS = 64
const PER_STREAM = 2000
const LEAST_PER_SECOND = 60_000
/** Answers are said again, so that what they should be is worked out once. */
const ANSWERS = 24

export const fidelity: Phase = {
  ids: ['L2'],
  title: 'fidelity, unpaced',
  share: 0.1,
  run: async (soak, ms) => {
    const before = soak.tally.deltas
    const began = performance.now()
    const chunkings = ['line', 'batch', 'cut'] as const
    const bounds = { atOnce: STREAMS, ms, most: MOST_DELTAS / PER_STREAM }
    const answers = await drive(bounds, (n) =>
      soak.rig.hear(
        specOf(soak.nextId(), soak.seed + (n % ANSWERS), {
          deltas: PER_STREAM,
          thinking: 200,
          chunking: chunkings[n % chunkings.length] ?? 'line',
        }),
        { stream: true },
      ),
    )
    const seconds = (performance.now() - began) / 1000
    const deltas = soak.tally.deltas - before
    await soak.rig.settle()
    const perSecond = deltas / seconds
    return [
      {
        id: 'L2',
        what: `${STREAMS} streams as fast as they go, ${chunkings.length} chunkings`,
        outcome: inBounds(perSecond >= LEAST_PER_SECOND),
        figures: `${deltas} deltas in ${answers} answers, each checked by number and SHA-256; ${perSecond.toFixed(0)} a second (≥ ${LEAST_PER_SECOND})`,
      },
    ]
  },
}
