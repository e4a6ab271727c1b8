/** Clients that are bare sockets: each answer goes to an oracle, octet for octet. */
import { connect, type Socket } from 'node:net'
import { Oracle, type End, type Judgement, type Terms } from './oracle.ts'
import { postOf } from '../support/socket-client.ts'
import { bodyFor, type Spec } from './spec.ts'

export type Leaving = {
  /** Once so many deltas were heard; 0 is with the answer's head. `told` is when the soak says so. */
  readonly when: number | 'told'
  readonly how: 'fin' | 'reset' | 'half-close'
}

/** How a client behaves, beside asking and reading. */
export type Manner = Terms & {
  readonly leaves?: Leaving
  /** Rests so long after each read, ms. */
  readonly restMs?: number
  /** Reads nothing at all. */
  readonly isStalled?: boolean
  /** Hears when each delta was written, in microseconds of the monotonic clock. */
  readonly moment?: (us: number) => void
  /** Octets of prompt beside what the upstream reads. */
  readonly ballast?: number
}

/** One request under way. */
export type Asked = {
  readonly oracle: Oracle
  /** Leaves now, or as soon as it is connected. */
  leave(how: Leaving['how']): void
  /** Starts reading, where it was stalled. */
  read(): void
  readonly ended: Promise<Heard>
}

export type Heard = Judgement & { readonly end: End; readonly status: number }

/** How long an answer may take beyond what it lasts by itself, before it counts as hung, ms: a machine may be busy. */
const PATIENCE_MS = 60_000

const lastsMs = ({ firstMs, deltas, paceMs }: Spec): number =>
  Math.min(LONGEST_TIMER_MS - PATIENCE_MS, firstMs + deltas * paceMs)

/** A timer of Node's holds no more (2^31 - 1 ms). */
const LONGEST_TIMER_MS = 2_147_483_647

export type Target = {
  readonly port: number
  readonly headers: Readonly<Record<string, string>>
  readonly isPrivate: (text: string) => boolean
  /** Hears each judgement. */
  readonly judged: (judgement: Heard, spec: Spec, manner: Manner) => void
}

/** Clients of one server; connections are kept for the next request, as pools do. */
export class Clients {
  readonly #target: Target
  readonly #idle: Socket[] = []
  readonly #all = new Set<Socket>()

  constructor(target: Target) {
    this.#target = target
  }

  /** How many connections are open. */
  get open(): number {
    return this.#all.size
  }

  /** Asks, and waits for the end, whatever it is. */
  hear(spec: Spec, manner: Manner): Promise<Heard> {
    return this.ask(spec, manner).ended
  }

  ask(spec: Spec, manner: Manner): Asked {
    const socket = this.#kept() ?? this.#connect()
    const oracle = new Oracle(spec, manner.moment)
    const { promise, resolve } = Promise.withResolvers<Heard>()
    let hasLeft = false
    const end = (how: End): void => {
      clearTimeout(deadline)
      socket.off('data', take).off('close', close)
      if (how === 'whole' && oracle.isKept && !hasLeft) this.#idle.push(socket)
      else socket.destroy()
      const judgement = oracle.judge(hasLeft ? 'left' : how, this.#target.isPrivate, manner)
      const heard = { ...judgement, end: hasLeft ? ('left' as const) : how, status: oracle.status }
      this.#target.judged(heard, spec, manner)
      resolve(heard)
    }
    const leave = (how: Leaving['how']): void => {
      if (hasLeft) return
      hasLeft = true
      if (how === 'reset') socket.resetAndDestroy()
      // What was asked is sent before the end; nothing that still comes is heard.
      else if (how === 'fin') socket.destroySoon()
      else socket.end()
    }
    const take = (octets: string): void => {
      if (hasLeft) return
      oracle.feed(octets)
      const { when = 'told', how = 'fin' } = manner.leaves ?? {}
      if (when !== 'told' && oracle.status !== 0 && oracle.deltas >= when) return leave(how)
      if (oracle.isOver) end('whole')
      else if (manner.restMs !== undefined) rest(socket, manner.restMs)
    }
    const close = (): void => end(oracle.closed() ? 'whole' : 'torn')
    const deadline = setTimeout(() => end('late'), PATIENCE_MS + lastsMs(spec))
    socket.on('data', take).on('close', close)
    if (manner.isStalled === true) socket.pause()
    socket.write(postOf(PATH, bodyFor(spec, manner.stream, manner.ballast), this.#target.headers))
    return { oracle, leave, read: () => void socket.resume(), ended: promise }
  }

  close(): void {
    for (const socket of this.#all) socket.destroy()
  }

  /** One that nobody has left meanwhile. */
  #kept(): Socket | undefined {
    for (;;) {
      const socket = this.#idle.pop()
      if (socket === undefined || (socket.writable && !socket.destroyed)) return socket
    }
  }

  #connect(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#target.port, noDelay: true })
    socket.setEncoding('latin1')
    this.#all.add(socket)
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    socket.once('close', () => {
      this.#all.delete(socket)
      const at = this.#idle.indexOf(socket)
      if (at !== -1) this.#idle.splice(at, 1)
    })
    return socket
  }
}

const PATH = '/v1/chat/completions'

const rest = (socket: Socket, ms: number): void => {
  socket.pause()
  setTimeout(() => socket.resume(), ms)
}
