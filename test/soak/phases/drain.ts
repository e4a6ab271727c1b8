/** L11: asked to stop, tolk lets answers end that can, tells the others, and nothing holds it up. */
import { connectTo } from '../../support/socket-client.ts'
import type { Asked } from '../client.ts'
import { inBounds, scaled, type Phase } from '../phase.ts'
import { LATE_MS } from '../processes.ts'
import { until } from '../rig.ts'
import { specOf } from '../spec.ts'

const STREAMS = 500
const PACE_MS = 100

export const drain: Phase = {
  ids: ['L11'],
  title: 'drain',
  share: 0.04,
  run: async (soak, ms) => {
    const { tally } = soak
    const drainMs = Math.max(1500, Math.min(20_000, Math.round(ms * 0.7)))
    const rig = await soak.start({
      // Nothing but the drain may end them.
      upstream: { idleTimeoutMs: 60_000, firstByteTimeoutMs: 60_000 },
      shutdown: { drainMs },
    })
    const count = scaled(soak, STREAMS, 60)
    const ask = (deltas: number, mayFail: boolean): Asked => {
      const id = soak.nextId()
      const spec = specOf(id, soak.seed + id, { deltas, paceMs: PACE_MS })
      return rig.ask(spec, { stream: true, mayFail })
    }
    // A quarter to half of the time, which leaves as much to a machine that is busy.
    const shortest = Math.ceil(drainMs / 4 / PACE_MS)
    const short = Array.from({ length: count }, (_, n) => ask(shortest + (n % shortest), false))
    const long = Array.from({ length: 10 }, () => ask(1_000_000, true))
    const half = await connectTo(`http://127.0.0.1:${rig.tolk.port}`)
    half.send('GET /v1/models HTTP/1.1\r\nHo')
    const probe = await connectTo(`http://127.0.0.1:${rig.tolk.port}`)
    probe.send('GET /readyz HTTP/1.1\r\n')
    await until(
      () => Promise.resolve([...short, ...long].filter(({ oracle }) => oracle.deltas === 0).length),
      (waiting) => waiting === 0,
    )
    const began = performance.now()
    rig.tolk.signal('SIGTERM')
    const refusedMs = await untilRefused(rig.tolk.port, began)
    probe.send('Host: a\r\n\r\n')
    const said = await probe.closed(LATE_MS)
    tally.expect('broken', 'readyz while it drains', said.slice(9, 12), '503')
    const code = await rig.tolk.ended(drainMs + LATE_MS)
    const tookMs = performance.now() - began
    tally.expect('broken', 'exit code after a drain', code, 0)
    const ends = await Promise.all(short.map(({ ended }) => ended))
    const cut = ends.filter(({ got }) => got !== 'all').length
    tally.expect('broken', 'short answers that the drain has cut', cut, 0)
    const told = (await Promise.all(long.map(({ ended }) => ended))).filter(
      ({ got }) => got === 'failure',
    ).length
    tally.expect('silent', 'long answers that were told', told, long.length)
    const { requests } = rig.tolk.log.update()
    // The probe is a request, too.
    tally.expect('unlogged', 'log lines of a drain', requests, rig.sent + 1)
    half.socket.destroy()
    rig.clients.close()
    return [
      {
        id: 'L11',
        what: `SIGTERM under ${count} short and ${long.length} endless streams, and half a header`,
        outcome: inBounds(Math.abs(tookMs - drainMs) <= 1000),
        figures: `${cut} short ones cut, ${told} of ${long.length} endless ones told, new connections refused after ${refusedMs.toFixed(0)} ms, exit code ${code} after ${(tookMs / 1000).toFixed(2)} s (deadline ${drainMs / 1000} ± 1)`,
      },
    ]
  },
}

/** @returns when nobody new was let in any more, ms. */
const untilRefused = async (port: number, began: number): Promise<number> => {
  await until(
    async () => {
      try {
        const { socket } = await connectTo(`http://127.0.0.1:${port}`)
        socket.destroy()
        return false
      } catch {
        return true
      }
    },
    (isRefused) => isRefused,
  )
  return performance.now() - began
}
