/** One connection to the upstream: a socket, and one exchange at a time on it. */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { now } from '../ticker.ts'
import { BodyDecoder } from '../wire/http-body.ts'
import { HeadDecoder } from '../wire/http-head.ts'
import { NO_HTTP, socketError } from './accident.ts'
import type { Dial } from './dial.ts'
import type { Reply } from './http.ts'
import type { Incidents } from './incidents.ts'

/**
 * When an answer was lost: `unsent` is before there was a connection to ask on; `stale` is before its
 * first octet, on a connection that was kept from an earlier answer, within {@link STALE_MS} of the
 * request: the upstream had most likely closed it before it read the request (reliability R1).
 */
export type Loss = 'unsent' | 'stale' | 'before-head' | 'after-head'

/** What a connection carries: a request, and who hears the answer. */
export type Call = {
  /** Octets; all of the request where `body` is `null`. */
  readonly head: string
  readonly body: string | Buffer | null
  readonly reply: Reply
  /** The request will not be needed again. */
  forget(): void
  /** The connection ended, or stopped making sense, before the answer ended. */
  lost(cause: unknown, loss: Loss): void
}

/** Where connections rest between two calls. */
export type Home = {
  readonly connectTimeoutMs: number
  /** An answer has ended; the connection closes when it is not kept. @param keptMs the server's own limit. */
  give(connection: Connection, keptMs: number | null): void
  /** It is closed. */
  gone(connection: Connection): void
  /** How an attempt to connect went: one of these is told, once. */
  stood(): void
  failed(cause: unknown): void
  gaveUp(): void
  readonly incidents: Pick<Incidents, 'dropped'>
}

/**
 * | state | read | end of the other side | call is dropped |
 * |---|---|---|---|
 * | `connecting` | – | lost | closed |
 * | `waiting` for a head | a head → `reading` | lost | closed |
 * | `reading` a body | its end → `idle`, or `closed` | lost, unless it is the body's end | closed |
 * | `idle` | closed: nobody asked for it | closed | – |
 * | `closed` | – | – | – |
 */
type State = 'connecting' | 'waiting' | 'reading' | 'idle' | 'closed'

/** How long after a request the end of a kept connection is still put down to its having been kept, ms. */
export const STALE_MS = 1000
/** How long a connection is silent before the kernel asks whether the other side is there, ms. */
const PROBE_MS = 60_000

/**
 * What every socket reads into: a read is handed over in the call that follows it, and copied there,
 * so one buffer serves all (64 KB for each of 5,000 streams would be 320 MB).
 */
const READ = Buffer.allocUnsafeSlow(64 * 1024)

export class Connection {
  /** When it has been idle for too long, in {@link now}'s milliseconds. */
  idleUntil = 0
  readonly #home: Home
  readonly #socket: Socket
  readonly #head = new HeadDecoder()
  readonly #body = new BodyDecoder()
  readonly #timer: NodeJS.Timeout
  #state: State = 'connecting'
  #call: Call | null
  #hasHeard = false
  /** Of a connection that does not stand yet: reads belong to the handshake until then. */
  #isPaused = false
  #isKept = false
  #keptMs: number | null = null
  /** When the last request was written, of those that follow another. */
  #writtenAt = Number.NEGATIVE_INFINITY
  /** When the call was dropped that it is closed for. */
  #droppedAt = 0

  /** @throws as {@link Dial.open}. */
  constructor(dial: Dial, home: Home, call: Call) {
    this.#home = home
    this.#call = call
    this.#socket = dial.open({
      buffer: READ,
      callback: (count) => {
        this.#read(count)
        return true
      },
    })
    this.#timer = setTimeout(() => this.#lose(TIMED_OUT()), home.connectTimeoutMs)
    this.#socket
      .on(dial.ready, () => this.#connected())
      .on('end', () => this.#ended())
      .on('error', (cause) => this.#lose(cause))
      .on('close', () => this.#closed())
  }

  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /** Sends the next request; the connection is idle. */
  carry(call: Call): void {
    this.#call = call
    this.#hasHeard = false
    this.#writtenAt = now()
    this.#socket.ref()
    this.#write(call)
    // A long one, such as images, is not kept for the minutes that a model may read it.
    if (call.body !== null) setTimeout(() => this.#outlast(call), STALE_MS).unref()
  }

  pause(call: Call): void {
    if (this.#call !== call) return
    if (this.#state === 'connecting') this.#isPaused = true
    else this.#socket.pause()
  }

  resume(call: Call): void {
    if (this.#call !== call) return
    if (this.#state === 'connecting') this.#isPaused = false
    else this.#socket.resume()
  }

  /** Whether this call is under way, and the kernel has all of its request. */
  hasSent(call: Call): boolean {
    const isUnderWay = this.#call === call && this.#state !== 'connecting'
    return isUnderWay && this.#socket.writableLength === 0
  }

  /** Closes at once, if this call is still under way: nothing more is heard of it. */
  drop(call: Call): void {
    if (this.#call !== call) return
    this.#droppedAt = now()
    if (this.#state === 'connecting') this.#home.gaveUp()
    this.#shut()
  }

  /** Closes at once; a call under way is lost. */
  close(): void {
    this.#lose(CLOSED())
  }

  #connected(): void {
    const call = this.#call
    if (this.#state !== 'connecting' || call === null) return
    clearTimeout(this.#timer)
    this.#home.stood()
    this.#socket.setNoDelay(true)
    this.#socket.setKeepAlive(true, PROBE_MS)
    if (this.#isPaused) this.#socket.pause()
    this.#write(call)
    // A connection that never carried an answer is not retried, so nobody needs its request again.
    call.forget()
  }

  /** What happens to this call from now on is no reason to send it again. */
  #outlast(call: Call): void {
    if (this.#call !== call) return
    this.#writtenAt = Number.NEGATIVE_INFINITY
    call.forget()
  }

  #write({ head, body }: Call): void {
    this.#state = 'waiting'
    if (body === null) {
      this.#socket.write(head, 'latin1')
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    if (typeof body === 'string') this.#socket.write(body, 'utf8')
    else this.#socket.write(body)
    this.#socket.uncork()
  }

  #read(count: number): void {
    const octets = READ.toString('latin1', 0, count)
    const call = this.#call
    try {
      if (this.#state === 'reading') this.#readBody(octets)
      else if (this.#state === 'waiting') this.#readHead(octets)
      else this.close()
    } catch (cause) {
      // A listener's fault costs its own call, not the process.
      if (this.#call === call) this.#lose(cause)
    }
  }

  #readHead(octets: string): void {
    const call = this.#call
    if (call === null) return
    this.#hasHeard = true
    const head = this.#head.feed(octets)
    if (head === null) return
    if (head === 'malformed') return this.#lose(NOT_HTTP())
    const { rest } = this.#head
    this.#head.reset()
    this.#body.start(head.framing, head.length)
    this.#isKept = head.isKept
    this.#keptMs = head.keptMs
    this.#state = 'reading'
    call.forget()
    call.reply.head(head.status, head.headers)
    if (this.#call === call) this.#readBody(rest)
  }

  #readBody(octets: string): void {
    const call = this.#call
    if (call === null) return
    const pieces = this.#body.feed(octets)
    if (pieces.length > 0) {
      call.reply.data(pieces)
      if (this.#call !== call) return
    }
    if (this.#body.isDone) this.#finish(call)
    else if (this.#body.isMalformed) this.#lose(NOT_HTTP())
  }

  #finish(call: Call): void {
    // An upload that nobody waits for any more would be the next request's beginning.
    const isKept = this.#isKept && !this.#body.hasSurplus && this.#socket.writableLength === 0
    if (isKept) this.#rest()
    else this.#shut()
    call.reply.end()
  }

  #rest(): void {
    this.#call = null
    this.#state = 'idle'
    // An end that comes while nobody reads is not heard, and idle sockets keep no process alive.
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#socket.unref()
    this.#home.give(this, this.#keptMs)
  }

  #ended(): void {
    const call = this.#call
    if (this.#state !== 'reading' || call === null || !this.#body.end()) return this.close()
    this.#finish(call)
  }

  #lose(cause: unknown): void {
    if (this.#state === 'closed') return
    if (this.#state === 'connecting') this.#home.failed(cause)
    const call = this.#call
    const loss = this.#loss()
    this.#shut()
    call?.lost(cause, loss)
  }

  #closed(): void {
    if (this.#droppedAt > 0) this.#home.incidents.dropped(now() - this.#droppedAt)
    if (this.#state !== 'closed') this.#lose(CLOSED())
  }

  #loss(): Loss {
    if (this.#state === 'connecting') return 'unsent'
    if (this.#state === 'reading') return 'after-head'
    const isStale = !this.#hasHeard && now() - this.#writtenAt < STALE_MS
    return isStale ? 'stale' : 'before-head'
  }

  #shut(): void {
    this.#state = 'closed'
    this.#call = null
    clearTimeout(this.#timer)
    this.#socket.destroy()
    this.#home.gone(this)
  }
}

const CLOSED = (): Error => socketError('ECONNRESET', 'the connection was closed')
const TIMED_OUT = (): Error => socketError('ETIMEDOUT', 'no connection in time')
const NOT_HTTP = (): Error => socketError(NO_HTTP, 'what came is not HTTP/1.1')
