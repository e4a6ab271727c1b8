/** L4: what tolk adds to a delta's way, and to the first byte. */
import { connect } from 'node:net'
import { nowUs } from '../../bench/stamp.ts'
import { postOf } from '../../support/socket-client.ts'
import { inBounds, scaled, type Phase, type Soak } from '../phase.ts'
import { quantile } from '../quantile.ts'
import { bodyFor, specOf, type Spec } from '../spec.ts'

const MOST_ADDED_P50_MS = 1
const MOST_ADDED_P99_MS = 10

type Load = { readonly streams: number; readonly perSecond: number }

const LOADS: readonly Load[] = [
  { streams: 50, perSecond: 20 },
  { streams: 200, perSecond: 5 },
]

export const latency: Phase = {
  ids: ['L4'],
  title: 'added latency',
  share: 0.06,
  run: async (soak, ms) => {
    const figures: string[] = []
    let isFast = true
    for (const { streams, perSecond } of LOADS) {
      const count = scaled(soak, streams, streams / 2)
      // Each load twice: direct, and by way of tolk.
      const deltas = Math.max(3, Math.round((perSecond * ms) / 1000 / (2 * LOADS.length)))
      const paceMs = 1000 / perSecond
      const specs = (): readonly Spec[] =>
        Array.from({ length: count }, () => {
          const id = soak.nextId()
          return specOf(id, soak.seed + id, { deltas, paceMs, isStamped: true })
        })
      const direct: number[] = []
      await Promise.all(specs().map((spec) => hearDirect(soak, spec, (us) => direct.push(us))))
      const through: number[] = []
      await Promise.all(specs().map((spec) => hearThrough(soak, spec, (us) => through.push(us))))
      const added = (share: number): number =>
        (quantile(through, share) - quantile(direct, share)) / 1000
      isFast &&= added(0.5) <= MOST_ADDED_P50_MS && added(0.99) <= MOST_ADDED_P99_MS
      figures.push(
        `${count} × ${perSecond}/s: p50 +${added(0.5).toFixed(2)} ms, p99 +${added(0.99).toFixed(2)} ms`,
      )
    }
    await soak.rig.settle()
    return [
      {
        id: 'L4',
        what: 'a delta by way of tolk, and without',
        outcome: inBounds(isFast),
        figures: `${figures.join('; ')} (≤ ${MOST_ADDED_P50_MS} and ≤ ${MOST_ADDED_P99_MS})`,
      },
    ]
  },
}

type Note = (tookUs: number) => void

const hearThrough = ({ rig }: Soak, spec: Spec, note: Note): Promise<unknown> =>
  rig.hear(spec, { stream: true, moment: (us) => note(nowUs() - us) })

/** Without tolk, on a connection of its own. */
const hearDirect = ({ upstream }: Soak, spec: Spec, note: Note): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: upstream.port, noDelay: true })
    socket.setEncoding('latin1').on('data', (octets: string) => {
      const us = nowUs()
      for (const [, moment = ''] of octets.matchAll(/@(\d{6,20})@/g)) note(us - Number(moment))
      if (octets.endsWith('0\r\n\r\n')) socket.destroy()
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve())
    socket.write(postOf('/api/chat', bodyFor(spec, true)))
  })
