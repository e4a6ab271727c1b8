/** L6: short calls, as many as go: the list of models, and chats that are answered whole. */
import { keptConnection } from '../../support/kept-connection.ts'
import { drive } from '../drive.ts'
import { inBounds, scaled, type Phase } from '../phase.ts'
import { quantile } from '../quantile.ts'
import type { Rig } from '../rig.ts'
import { specOf } from '../spec.ts'

const CONNECTIONS = 100
const MOST_CALLS = 200_000
const LEAST_PER_SECOND = 5000
const CHATS = 200
const UPSTREAM_MS = 50
const MOST_ADDED_P99_MS = 50

export const shortCalls: Phase = {
  ids: ['L6'],
  title: 'short calls',
  share: 0.05,
  run: async (soak, ms) => {
    const { rig } = soak
    const { calls, refused, tookMs } = await callModels(rig, CONNECTIONS, ms / 2)
    soak.tally.expect('broken', 'answers that are not 200 to GET /v1/models', refused, 0)
    const perSecond = (calls / (ms / 2)) * 1000

    const chatMs: number[] = []
    const atOnce = scaled(soak, CHATS, 50)
    await drive({ atOnce, ms: ms / 2, most: MOST_CALLS }, async () => {
      const spec = specOf(soak.nextId(), soak.seed, { deltas: 5, firstMs: UPSTREAM_MS })
      const began = performance.now()
      await rig.hear(spec, { stream: false })
      chatMs.push(performance.now() - began)
    })
    await rig.settle()
    const added = quantile(chatMs, 0.99) - UPSTREAM_MS
    return [
      {
        id: 'L6',
        what: `GET /v1/models on ${CONNECTIONS} connections; ${atOnce} chats at once, given whole`,
        outcome: inBounds(perSecond >= LEAST_PER_SECOND && added <= MOST_ADDED_P99_MS),
        figures: `${perSecond.toFixed(0)} a second (≥ ${LEAST_PER_SECOND}), p99 ${quantile(tookMs, 0.99).toFixed(1)} ms; ${chatMs.length} chats, p99 ${added.toFixed(1)} ms beside the upstream's ${UPSTREAM_MS} (≤ ${MOST_ADDED_P99_MS})`,
      },
    ]
  },
}

type Calls = { readonly calls: number; readonly refused: number; readonly tookMs: number[] }

/** Asks for the models again and again. @param restMs of each connection between two calls. */
export const callModels = async (
  rig: Rig,
  connections: number,
  ms: number,
  rest: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Calls> => {
  const fields = Object.entries(rig.tolk.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const request = `GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields.join('')}\r\n`
  const tookMs: number[] = []
  let [calls, refused] = [0, 0]
  const connect = () => keptConnection(`http://127.0.0.1:${rig.tolk.port}`)
  const open = await Promise.all(Array.from({ length: connections }, connect))
  const began = performance.now()
  await Promise.all(
    open.map(async (first) => {
      let connection = first
      while (performance.now() - began < ms && calls < MOST_CALLS) {
        const asked = performance.now()
        calls += 1
        rig.sent += 1
        const { status, headers } = await connection.ask(request)
        tookMs.push(performance.now() - asked)
        if (status !== 200) refused += 1
        if (headers['connection'] === 'close') {
          connection.leave()
          connection = await connect()
        }
        await rest()
      }
      connection.leave()
    }),
  )
  return { calls, refused, tookMs }
}
