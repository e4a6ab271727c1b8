/** Loaded into tolk's process before tolk itself: counts what it does there, and tells the test that started it. */
import { createHook } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'
import { Session, type Profiler } from 'node:inspector'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import { getHeapSpaceStatistics, getHeapStatistics, writeHeapSnapshot } from 'node:v8'

/** What was done since the process began. */
export type Counts = {
  /** Reads that brought bytes of the upstream, as the kernel gave them; and those bytes. */
  readonly upstreamReads: number
  readonly upstreamBytes: number
  /** Writes as the kernel sees them: corked pieces are one. */
  readonly upstreamWrites: number
  readonly clientWrites: number
  /** Writes to standard output's descriptor, which is the log's. */
  readonly logWrites: number
}

/** What a socket holds in this process: bytes read and not yet taken, or written and not yet with the kernel. */
export type Held = { readonly side: 'client' | 'upstream'; readonly bytes: number }

/** What can be asked, and what is answered. */
export type Answers = {
  counts: Counts
  held: readonly Held[]
  /** Bytes of heap and of buffers that are reachable: garbage is collected first. */
  reachable: number
  /** Bytes of heap that count as old, garbage included: the young is collected first, and what is old is not. */
  old: number
  /** Bytes of heap in use, garbage included. Between two collections it only grows: by what is allocated. */
  used: number
  /**
   * Blocks of tolk's own source that ran since this was last asked: a function, a branch, a turn of a
   * loop is one each. The first time it begins to count.
   */
  blocks: number
  /**
   * Asynchronous resources that began since this was last asked, by kind: `PROMISE`, `TickObject`,
   * `Timeout` … The first time it begins to count.
   */
  begun: Readonly<Record<string, number>>
  /** Timers that began since `begun` was first asked, and still run. */
  timers: number
  /** Answered when so many bytes of the upstream, all told, have been read. */
  arrived: number
  /** A snapshot of everything that is reachable is written to this path. */
  snapshot: string
}

export type Question = {
  readonly id: number
  readonly ask: keyof Answers
  /** Of `arrived` and `snapshot`. */
  readonly detail: string
}

const counts = {
  upstreamReads: 0,
  upstreamBytes: 0,
  upstreamWrites: 0,
  clientWrites: 0,
  logWrites: 0,
}
let onRead: (() => void) | undefined
const sockets = new Map<Socket, Held['side']>()

const keep = (socket: Socket, side: Held['side']): void => {
  sockets.set(socket, side)
  socket.once('close', () => sockets.delete(socket))
}

subscribe('net.server.socket', (message) => {
  if (typeof message === 'object' && message !== null && 'socket' in message) {
    if (message.socket instanceof Socket) keep(message.socket, 'client')
  }
})

/** Counts a handle's reads: `socket` may be read in any way that Node has. */
const countReads = (socket: Socket): void => {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new Error('a socket without a handle')
  const heard: unknown = Reflect.get(handle, 'onread')
  if (typeof heard !== 'function') throw new Error('a handle that does not tell of reads')
  let before = 0
  Reflect.set(handle, 'onread', function counted(this: unknown, ...read: unknown[]): void {
    const bytes = Number(Reflect.get(handle, 'bytesRead'))
    // The end of a connection is told as a read, too.
    if (bytes > before) counts.upstreamReads += 1
    counts.upstreamBytes += bytes - before
    before = bytes
    Reflect.apply(heard, this, read)
    onRead?.()
  })
}

/** Does `first` whenever a socket is told to do this. */
const beforeEach = (method: 'connect' | '_write' | '_writev', first: (it: Socket) => void) => {
  const original: unknown = Reflect.get(Socket.prototype, method)
  if (typeof original !== 'function') throw new Error(`a socket does not ${method}`)
  Reflect.set(
    Socket.prototype,
    method,
    function counted(this: Socket, ...args: unknown[]): unknown {
      first(this)
      return Reflect.apply(original, this, args)
    },
  )
}

beforeEach('connect', (socket) => {
  keep(socket, 'upstream')
  socket.once('connect', () => countReads(socket))
})
const countWrite = (socket: Socket): void => {
  const side = sockets.get(socket)
  if (side !== undefined) counts[`${side}Writes`] += 1
}
beforeEach('_write', countWrite)
beforeEach('_writev', countWrite)

const { write } = fs
Reflect.set(fs, 'write', (...args: unknown[]): unknown => {
  if (args[0] === 1) counts.logWrites += 1
  return Reflect.apply(write, fs, args)
})
syncBuiltinESMExports()

let begun: Record<string, number> = {}
const timers = new Set<number>()
const hook = createHook({
  init: (id, type) => {
    begun[type] = (begun[type] ?? 0) + 1
    if (type === 'Timeout') timers.add(id)
  },
  destroy: (id) => timers.delete(id),
})

let profiler: Session | null = null
const startProfiler = (): Session => {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return session
}

const SOURCE = new URL('../../src/', import.meta.url).href

/** A session of its own process answers at once. */
const blocks = (): number => {
  profiler ??= startProfiler()
  let scripts: readonly Profiler.ScriptCoverage[] = []
  profiler.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error
    scripts = result
  })
  return scripts
    .filter(({ url }) => url.startsWith(SOURCE))
    .flatMap(({ functions }) => functions)
    .flatMap(({ ranges }) => ranges)
    .reduce((sum, { count }) => sum + count, 0)
}

const collect = (): void => {
  if (globalThis.gc === undefined) throw new Error('Node was started without --expose-gc.')
  globalThis.gc()
}

const arrived = (bytes: number): Promise<number> =>
  new Promise((resolve) => {
    onRead = () => {
      if (counts.upstreamBytes >= bytes) resolve(counts.upstreamBytes)
    }
    onRead()
  })

type Answering<Q extends keyof Answers> = (detail: string) => Answers[Q] | Promise<Answers[Q]>

const answers: { readonly [Q in keyof Answers]: Answering<Q> } = {
  counts: () => counts,
  held: () =>
    [...sockets].map(([{ readableLength, writableLength }, side]) => ({
      side,
      bytes: readableLength + writableLength,
    })),
  reachable: () => {
    collect()
    const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics()
    return heap + buffers
  },
  old: () => {
    globalThis.gc?.({ type: 'minor' })
    return (
      getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')
        ?.space_used_size ?? 0
    )
  },
  used: () => getHeapStatistics().used_heap_size,
  blocks,
  begun: () => {
    hook.enable()
    const since = begun
    begun = {}
    return since
  },
  timers: () => timers.size,
  arrived: (bytes) => arrived(Number(bytes)),
  snapshot: (path) => writeHeapSnapshot(path),
}

process.on('message', ({ id, ask, detail }: Question) => {
  void (async () => process.send?.({ id, answer: await answers[ask](detail) }))()
})
// The channel keeps nothing alive: tolk ends as it would without a test.
process.channel?.unref()
