/** L10: clients that send a byte now and then are shed on time, and nobody else notices. */
import { connectTo, postOf, type SocketClient } from '../../support/socket-client.ts'
import { sleep } from '../drive.ts'
import { inBounds, scaled, type Phase } from '../phase.ts'
import { quantile } from '../quantile.ts'
import { until } from '../rig.ts'
import { bodyFor, specOf } from '../spec.ts'
import { callModels } from './short-calls.ts'

const DRIPPING = 1000
const CONNECTIONS = 25
const SERVER = { headersTimeoutMs: 1000, requestTimeoutMs: 1500 } as const
const DRIP_MS = 200

export const slowSenders: Phase = {
  ids: ['L10'],
  title: 'slow senders',
  share: 0.03,
  run: async (soak, ms) => {
    const rig = await soak.start({ server: SERVER })
    const alone = await callModels(rig, CONNECTIONS, ms / 4, () => sleep(2))
    const count = scaled(soak, DRIPPING, 100)
    const request = postOf(
      '/v1/chat/completions',
      bodyFor(specOf(soak.nextId(), soak.seed), true),
      rig.tolk.headers,
    )
    const began = performance.now()
    const clients: SocketClient[] = []
    for (let n = 0; n < count; n++) {
      const client = await connectTo(`http://127.0.0.1:${rig.tolk.port}`)
      // Half of them drip their head, half their body.
      const whole = n % 2 === 0 ? 0 : request.indexOf('\r\n\r\n') + 4
      client.send(request.slice(0, whole + 1))
      drip(client, request, whole + 1)
      clients.push(client)
    }
    soak.tally.inject('client that drips', count)
    const beside = await callModels(rig, CONNECTIONS, (ms * 3) / 4, () => sleep(2))
    const left = await until(
      () => Promise.resolve(clients.filter(isOpen).length),
      (open) => open === 0,
    )
    const shedMs = performance.now() - began
    soak.tally.expect('broken', 'clients that drip and were not shed', left, 0)
    for (const { socket } of clients) socket.destroy()
    const refused = alone.refused + beside.refused
    soak.tally.expect('broken', 'answers that are not 200 beside them', refused, 0)
    // Whether a request that never came whole has a line depends on how far it came.
    await rig.settle(false)
    await rig.close()
    const ratio = quantile(beside.tookMs, 0.99) / quantile(alone.tookMs, 0.99)
    return [
      {
        id: 'L10',
        what: `${count} clients that drip heads and bodies, beside short calls`,
        outcome: inBounds(ratio <= 2),
        figures: `all shed, the last was seen gone after ${(shedMs / 1000).toFixed(1)} s (limits ${SERVER.headersTimeoutMs} and ${SERVER.requestTimeoutMs} ms); calls p99 × ${ratio.toFixed(2)} (≤ 2)`,
      },
    ]
  },
}

const isOpen = ({ socket }: SocketClient): boolean => !socket.destroyed && !socket.readableEnded

const drip = ({ socket }: SocketClient, text: string, from: number): void => {
  let at = from
  const timer = setInterval(() => {
    if (socket.destroyed || !socket.writable) return clearInterval(timer)
    // Never to the end of it.
    if (at < text.length - 1) socket.write(text.charAt(at++))
  }, DRIP_MS)
  socket.once('close', () => clearInterval(timer))
}
