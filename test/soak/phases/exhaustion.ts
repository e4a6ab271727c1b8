/** L14: without descriptors, and with little memory, tolk refuses or is slow, and goes on when there is room again. */
import { connectTo, type SocketClient } from '../../support/socket-client.ts'
import { drive } from '../drive.ts'
import { type Phase, type Soak, type Verdict } from '../phase.ts'
import { until, type Rig } from '../rig.ts'
import { specOf } from '../spec.ts'

const FILES = 100
const CONNECTIONS = 200
const HEAP_MB = 96
const BODY = 4 * 1024 * 1024
const AT_ONCE = 24
const WHATEVER = { stream: true, mayFail: true, mayBeTorn: true } as const

export const exhaustion: Phase = {
  ids: ['L14'],
  title: 'exhaustion',
  share: 0.03,
  run: async (soak, ms) => [await withoutFiles(soak), await withoutMemory(soak, ms)],
}

const withoutFiles = async (soak: Soak): Promise<Verdict> => {
  const rig = await soak.start({
    // What node is told is its hard limit, too: it would raise a soft one.
    wrapper: ['sh', '-c', `ulimit -n ${FILES} && exec "$@"`, 'sh'],
  })
  const held: SocketClient[] = []
  let refused = 0
  for (let n = 0; n < CONNECTIONS; n++) {
    const client = await connectTo(`http://127.0.0.1:${rig.tolk.port}`).catch(() => null)
    if (client === null) refused += 1
    else held.push(client)
  }
  // Whoever asks now is answered, refused or not let in; nobody may wait for ever.
  const beside = await rig.hear(specOf(soak.nextId(), soak.seed), WHATEVER)
  const closed = held.filter(({ socket }) => socket.destroyed || socket.readableEnded).length
  for (const { socket } of held) socket.destroy()
  soak.tally.expect('crashed', 'alive without descriptors', rig.tolk.isAlive(), true)
  await recovers(soak, rig)
  await rig.settle(false)
  await rig.close()
  return {
    id: 'L14',
    what: `${CONNECTIONS} connections to a tolk of ${FILES} descriptors`,
    outcome: 'pass',
    figures: `${refused + closed} not let in, one that asked meanwhile: ${beside.status === 0 ? 'not let in' : beside.status}; afterwards all is well`,
  }
}

const withoutMemory = async (soak: Soak, ms: number): Promise<Verdict> => {
  const rig = await soak.start({ nodeFlags: [`--max-old-space-size=${HEAP_MB}`] })
  const before = { ...soak.tally.ends }
  const requests = await drive({ atOnce: AT_ONCE, ms: ms / 3, most: 2000 }, () =>
    // Who is refused while he sends may find the connection gone before he has read why.
    rig.hear(specOf(soak.nextId(), soak.seed), { ...WHATEVER, ballast: BODY }),
  )
  soak.tally.expect('crashed', `alive with ${HEAP_MB} MB`, rig.tolk.isAlive(), true)
  await recovers(soak, rig)
  const { rss } = await rig.tolk.inside('now')
  await rig.settle(false)
  await rig.close()
  const { all, failure, part } = soak.tally.ends
  return {
    id: 'L14',
    what: `requests of 4 MB, ${AT_ONCE} at once, to a heap of ${HEAP_MB} MB`,
    outcome: 'pass',
    figures: `${requests} requests: ${all - before.all} answered, ${failure - before.failure} refused, ${part - before.part} cut off; ${(rss / 1e6).toFixed(0)} MB resident; afterwards all is well`,
  }
}

const recovers = async (soak: Soak, rig: Rig): Promise<void> => {
  const got = await until(
    async () => {
      return (await rig.hear(specOf(soak.nextId(), soak.seed), WHATEVER)).got
    },
    (seen) => seen === 'all',
  )
  soak.tally.expect('broken', 'an answer once there is room again', got, 'all')
}
