/** L7: all clients leave at once, in each moment of an answer, and the upstream hears of each. */
import { nowUs } from '../../bench/stamp.ts'
import { sumOf } from '../../support/read-metrics.ts'
import { connectTo, postOf, type SocketClient } from '../../support/socket-client.ts'
import type { Asked, Leaving } from '../client.ts'
import { inBounds, scaled, type Phase, type Soak } from '../phase.ts'
import { quantile } from '../quantile.ts'
import { LATE_MS } from '../processes.ts'
import { until } from '../rig.ts'
import { bodyFor, specOf, type Spec } from '../spec.ts'

const STREAMS = 1000
const ROUNDS = 20
const MOST_P99_MS = 50
const WAYS: readonly Leaving['how'][] = ['reset', 'fin', 'half-close']

/** The moments in which a client can leave, and how an answer is brought to each. */
const MOMENTS = {
  'awaiting the head': { over: { firstMs: 60_000 }, isThere: undefined },
  heartbeating: {
    over: { firstMs: 60_000 },
    isThere: ({ oracle }: Asked): boolean => oracle.comments > 0,
  },
  streaming: {
    over: { deltas: 100_000, paceMs: 200 },
    isThere: ({ oracle }: Asked): boolean => oracle.deltas > 0,
  },
  'after the last word': {
    over: { deltas: 2, fault: 'done-then-open' },
    isThere: ({ oracle }: Asked): boolean => oracle.isDone,
  },
} as const satisfies Readonly<
  Record<string, { over: Partial<Spec>; isThere: ((asked: Asked) => boolean) | undefined }>
>

export const abortStorm: Phase = {
  ids: ['L7'],
  title: 'abort storm',
  share: 0.07,
  run: async (soak, ms) => {
    const count = scaled(soak, STREAMS, 60)
    const began = performance.now()
    const moments = Object.entries(MOMENTS)
    const delays = new Map<string, number[]>()
    let rounds = 0
    do {
      for (const [moment, { over, isThere }] of moments) {
        const how = WAYS[rounds % WAYS.length] ?? 'reset'
        const took = await storm(soak, count, how, over, isThere)
        delays.set(moment, [...(delays.get(moment) ?? []), ...took])
      }
      await leaveUploading(soak, Math.min(count, 100))
      rounds += 1
    } while (rounds < ROUNDS && performance.now() - began < ms)
    await soak.rig.settle()
    const queued = await leaveQueue(soak, count)
    const all = [...delays.values()].flat()
    const p99 = quantile(all, 0.99)
    const each = [...delays]
      .filter(([, took]) => took.length > 0)
      .map(
        ([moment, took]) =>
          `${moment} ${quantile(took, 0.5).toFixed(1)}/${quantile(took, 0.99).toFixed(1)}`,
      )
    return [
      {
        id: 'L7',
        what: `${count} clients leave at once, ${rounds} × in ${moments.length + 2} moments`,
        outcome: inBounds(p99 <= MOST_P99_MS),
        figures: `abort p50 ${quantile(all, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (≤ ${MOST_P99_MS}) over ${all.length}; ${queued} left the queue unseen; p50/p99 ${each.join(', ')}; nothing left open`,
      },
    ]
  },
}

/** @returns how long each leaving took to reach the upstream, ms. */
const storm = async (
  soak: Soak,
  count: number,
  how: Leaving['how'],
  over: Partial<Spec>,
  isThere: ((asked: Asked) => boolean) | undefined,
): Promise<readonly number[]> => {
  const { rig, upstream, tally } = soak
  const asked = new Set<number>()
  const left = new Map<number, number>()
  upstream.onNews = (news) => {
    if (news.news === 'asked') asked.add(news.id)
    if (news.news === 'left') left.set(news.id, news.us)
  }
  const ids = Array.from({ length: count }, () => soak.nextId())
  const clients = ids.map((id) =>
    rig.ask(specOf(id, soak.seed + id, { isWatched: true, ...over }), {
      stream: true,
      leaves: { when: 'told', how },
    }),
  )
  const missing = await until(
    () =>
      Promise.resolve(
        ids.filter((id) => !asked.has(id)).length +
          clients.filter((client) => isThere?.(client) === false).length,
      ),
    (waiting) => waiting === 0,
  )
  tally.expect('broken', 'streams that did not come to where their clients leave', missing, 0)
  // Whoever has ended by himself meanwhile has left nothing behind to be measured.
  const before = new Set(left.keys())
  const us = nowUs()
  for (const client of clients) client.leave(how)
  await Promise.all(clients.map(({ ended }) => ended))
  const isOver = await until(
    () => Promise.resolve(left.size),
    (size) => size >= count,
    LATE_MS / 2,
  )
  tally.expect('left-over', 'upstream answers after their clients have left', count - isOver, 0)
  upstream.onNews = () => {}
  if (over.fault === 'done-then-open') return []
  return [...left].filter(([id]) => !before.has(id)).map(([, leftUs]) => (leftUs - us) / 1000)
}

/** Half of a request is there when its client leaves: nothing is asked of the upstream. */
const leaveUploading = async (soak: Soak, count: number): Promise<void> => {
  const { rig, seed, tally } = soak
  const { chats } = await rig.upstream.figures()
  const fields = { ...rig.tolk.headers, Expect: '100-continue' }
  const clients: SocketClient[] = []
  for (let n = 0; n < count; n++) {
    const request = postOf(PATH, bodyFor(specOf(soak.nextId(), seed), true), fields)
    const [head = '', body = ''] = request.split('\r\n\r\n')
    const client = await connectTo(`http://127.0.0.1:${rig.tolk.port}`)
    client.send(`${head}\r\n\r\n`)
    await client.until(/ 100 /, LATE_MS)
    client.send(body.slice(0, 20))
    clients.push(client)
    rig.sent += 1
  }
  for (const { socket } of clients) socket.resetAndDestroy()
  tally.inject('client leaves while uploading', count)
  await rig.settle()
  tally.expect(
    'broken',
    'chats asked for half a request',
    (await rig.upstream.figures()).chats,
    chats,
  )
}

/** Whoever leaves before his turn has asked the upstream nothing. @returns how many did. */
const leaveQueue = async (soak: Soak, count: number): Promise<number> => {
  const rig = await soak.start({
    limits: { maxInFlight: IN_FLIGHT, perKeyInFlight: 0 },
    queue: { maxLength: 10_000 },
  })
  const { chats } = await rig.upstream.figures()
  const ask = (): Asked =>
    rig.ask(specOf(soak.nextId(), soak.seed, { deltas: 100_000, paceMs: 200 }), {
      stream: true,
      leaves: { when: 'told', how: 'reset' },
    })
  const running = Array.from({ length: IN_FLIGHT }, ask)
  const arrived = await reached(running, ({ oracle }) => oracle.deltas > 0)
  const waiting = Array.from({ length: count }, ask)
  const queued = await reached(waiting, ({ oracle }) => oracle.comments > 0)
  soak.tally.expect('broken', 'streams before the queue, and in it', arrived + queued, 0)
  for (const client of waiting) client.leave('reset')
  await Promise.all(waiting.map(({ ended }) => ended))
  await until(
    async () => sumOf(await rig.tolk.metrics(), 'tolk_requests_in_flight'),
    (open) => open === IN_FLIGHT,
  )
  for (const client of running) client.leave('reset')
  await Promise.all(running.map(({ ended }) => ended))
  await rig.settle()
  const asked = (await rig.upstream.figures()).chats - chats
  soak.tally.expect('broken', 'chats asked for those who left the queue', asked, IN_FLIGHT)
  await rig.close()
  soak.tally.inject('client leaves the queue', count)
  return count
}

/** @returns how many have not come there in time. */
const reached = (clients: readonly Asked[], isThere: (client: Asked) => boolean): Promise<number> =>
  until(
    () => Promise.resolve(clients.filter((client) => !isThere(client)).length),
    (missing) => missing === 0,
  )

/** How many chats are under way while the others wait. */
const IN_FLIGHT = 5

const PATH = '/v1/chat/completions'
