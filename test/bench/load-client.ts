/**
 * The load client, a process of its own: raw TCP, no HTTP library, one buffer for all reads.
 *
 * `node load-client.ts`; it takes its orders over IPC, one after the other, and reads the CPU of all who are
 * concerned itself, at the first and the last moment of its window.
 */
import type { Socket } from 'node:net'
import { busySeconds, canAccount, cpuBetween, cpuOf } from './accounting.ts'
import { faultIn, hearAnswer } from './heard.ts'
import { Latency } from './latency.ts'
import { bodyOf, chatRequest, type Listener, openConnection } from './load-connection.ts'
import { type ClientNews, type Hold, type Load, loadOrder, type Loaded } from './news.ts'
import { workloadOf } from './workload.ts'

const tell = (news: ClientNews): void => {
  process.send?.(news)
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Of so many answers, one is looked at, and of a window at most so many. */
const SAMPLE_EVERY = 101
const SAMPLES = 40
/** A connection that fails is opened again after this time, ms, but not without end. */
const AGAIN_MS = 20
const MOST_FAULTS = 200

const runLoad = async (load: Load): Promise<Loaded> => {
  const workload = workloadOf(load.model)
  const request = chatRequest(load.path, load.headers, load.model)
  const firstToken = new Latency()
  const transit = new Latency()
  const faults = new Set<string>()
  const samples: (readonly Buffer[])[] = []
  const counts = { asked: 0, failed: 0, tokens: 0, answers: 0, reads: 0 }
  let isMeasuring = false
  let isOver = false

  const fail = (why: string): void => {
    if (isOver) return
    faults.add(why)
    counts.failed += 1
    if (counts.failed < MOST_FAULTS) setTimeout(open, AGAIN_MS)
  }
  const listener: Listener = {
    isPaced: workload.delayMs > 0,
    wantsSample: () => counts.asked++ % SAMPLE_EVERY === 0 && samples.length < SAMPLES,
    read: () => {
      if (isMeasuring) counts.reads += 1
    },
    firstToken: (us) => {
      if (isMeasuring) firstToken.add(us)
    },
    stamped: (us) => {
      if (!isMeasuring) return
      transit.add(us)
      counts.tokens += 1
    },
    answered: (sample) => {
      if (sample !== null) samples.push(sample)
      if (!isMeasuring) return
      counts.answers += 1
      if (workload.delayMs === 0) counts.tokens += workload.tokens
    },
    closed: fail,
  }
  const sockets: Socket[] = []
  const open = (): void => {
    if (!isOver) sockets.push(openConnection(load.port, request, listener))
  }

  await openAll(load.connections, load.spreadMs, open)
  await after(load.warmMs)
  const start = account(load.watch)
  const startMs = performance.now()
  isMeasuring = true
  await after(load.windowMs)
  isMeasuring = false
  const seconds = (performance.now() - startMs) / 1000
  const end = account(load.watch)
  isOver = true
  for (const socket of sockets) socket.destroy()

  for (const sample of samples) {
    const fault = checked(sample, load)
    if (fault !== undefined) faults.add(`a wrong answer: ${fault}`)
  }
  if (workload.delayMs === 0 && counts.answers === 0) faults.add('no answer ended')
  return {
    news: 'loaded',
    seconds,
    tokens: counts.tokens,
    answers: counts.answers,
    reads: counts.reads,
    checked: samples.length,
    faults: [...faults],
    firstToken: firstToken.quantiles(),
    transit: transit.quantiles(),
    cpu: start === null || end === null ? null : spent(start, end),
  }
}

/** One by one over `spreadMs`, so that answers of one length do not begin and end together. */
const openAll = async (count: number, spreadMs: number, open: () => void): Promise<void> => {
  const startMs = performance.now()
  for (let opened = 0; opened < count; await after(5)) {
    const share = spreadMs === 0 ? 1 : (performance.now() - startMs) / spreadMs
    for (const due = Math.min(count, Math.ceil(count * share)); opened < due; opened++) open()
  }
}

const checked = (sample: readonly Buffer[], load: Load): string | undefined => {
  try {
    const heard = hearAnswer(bodyOf(Buffer.concat(sample)), load.speech)
    return faultIn(heard, workloadOf(load.model), load.mayDropReasoning)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

type Account = NonNullable<ReturnType<typeof account>>

const account = ({ proxy, upstream }: Load['watch']) =>
  canAccount
    ? {
        proxy: proxy === null ? null : cpuOf(proxy),
        upstream: cpuOf(upstream),
        client: cpuOf(process.pid),
        everything: busySeconds(),
      }
    : null

const spent = (start: Account, end: Account): Loaded['cpu'] => ({
  proxy: start.proxy === null || end.proxy === null ? null : cpuBetween(start.proxy, end.proxy),
  upstream: cpuBetween(start.upstream, end.upstream),
  client: cpuBetween(start.client, end.client),
  everything: end.everything - start.everything,
})

let held: Socket[] = []
let isReleased = false

/** All of them begin within this time, ms. */
const HOLD_SPREAD_MS = 4000

const hold = async (order: Hold): Promise<void> => {
  isReleased = false
  const request = chatRequest(order.path, order.headers, order.model)
  const faults = new Set<string>()
  let [open, failed] = [0, 0]
  const look = (): void => {
    if (open + failed === order.connections) tell({ news: 'held', open, faults: [...faults] })
  }
  const openOne = (): void => {
    let hasToken = false
    const listener: Listener = {
      isPaced: true,
      wantsSample: () => false,
      read: () => {},
      firstToken: () => {},
      stamped: () => {
        if (hasToken) return
        hasToken = true
        open += 1
        look()
      },
      answered: () => {},
      closed: (why) => {
        if (isReleased) return
        faults.add(why)
        failed += 1
        look()
      },
    }
    held.push(openConnection(order.port, request, listener))
  }
  await openAll(order.connections, HOLD_SPREAD_MS, openOne)
}

process.on('message', (message) => {
  const order = loadOrder.parse(message)
  switch (order.order) {
    case 'load':
      void runLoad(order).then(tell)
      return
    case 'hold':
      void hold(order)
      return
    case 'release':
      isReleased = true
      for (const socket of held) socket.destroy()
      held = []
      tell({ news: 'released' })
  }
})
process.on('disconnect', () => process.exit())
tell({ news: 'ready' })
