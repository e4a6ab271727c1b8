/**
 * A streamed answer: batches of events → the client's socket. The hot path lives here alone.
 *
 * One batch makes at most one write, and none is asked for while the socket is full. Written to the
 * ServerResponse itself: a web stream in between costs 1.3 to 2.5 × (performance, main table).
 */
import type { ServerResponse } from 'node:http'
import type { ChatEvent, Failing } from '../chat/event.ts'
import { Failed, type Failure } from '../failure.ts'
import { now, Watch, type Watcher } from '../ticker.ts'
import type { Exchange, Listener } from '../upstream/upstream.ts'
import type { Encoder } from '../wire/codec.ts'
import { comment } from '../wire/sse.ts'
import { ChunkedBody } from './chunked-body.ts'
import { cutOff, cutOffUnread } from './cut-off.ts'
import type { OpenTurn } from './open-turns.ts'
import type { RequestRecord } from './request-record.ts'

export type StreamTiming = {
  /** After how long without a first event 200 is sent all the same, with a comment, ms; 0 never. */
  readonly commitAfterMs: number
  /** A comment after this long without a write, ms; 0 never. */
  readonly heartbeatMs: number
  /** How long a client may leave its socket full before it is cut off, ms. */
  readonly writeStallMs: number
}

/** WHATWG HTML § 9.2 asks for about 15 s; the text is constant, because no client's word belongs here. */
const HEARTBEAT = comment('keep-alive')

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx buffers whole answers unless told not to.
  'x-accel-buffering': 'no',
}

/**
 * In order: *waiting* (no byte is sent: a failure still gets a status), *open* (200 is sent: a failure
 * is said in-band), *ending* (the last word is on its way to the client), *over*.
 */
type State = 'waiting' | 'open' | 'ending' | 'over'

/**
 * @template Said what is said: events of one turn, or of several. One of the type `finish` is the last word,
 *   as a failure is.
 */
export class EventStream<Said extends { readonly type: string } = ChatEvent>
  implements Listener<Said | Failing>, Watcher, OpenTurn
{
  /** Resolves when 200 is sent. Rejects with a Failed when the turn opened with a failure. */
  readonly opened: Promise<void>
  readonly #response: ServerResponse
  readonly #body: ChunkedBody
  readonly #encoder: Encoder<Said | Failing>
  readonly #timing: StreamTiming
  readonly #record: Pick<RequestRecord, 'heartbeats'>
  readonly #started = now()
  readonly #watch = new Watch(this)
  readonly #resolve: () => void
  readonly #reject: (failed: Failed) => void
  #exchange: Exchange | null = null
  #state: State = 'waiting'
  #lastWrite = this.#started
  /** Since when the socket is full. */
  #fullSince: number | null = null

  constructor(
    response: ServerResponse,
    encoder: Encoder<Said | Failing>,
    timing: StreamTiming,
    record: Pick<RequestRecord, 'heartbeats'>,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.opened = promise
    // A fault of ours before anyone awaits it answers 500; it must not end the process as well.
    promise.catch(() => {})
    this.#resolve = resolve
    this.#reject = reject
    this.#response = response
    this.#encoder = encoder
    this.#timing = timing
    this.#record = record
    this.#body = new ChunkedBody(response, this.#drained)
    response.on('close', this.#closed)
    this.#watch.start()
    // The client may have left while its request was being looked at.
    if (response.destroyed) this.#closed()
  }

  /** Ties the stream to the turn it carries, so that a full or closed socket is heard upstream. */
  carry(exchange: Exchange): void {
    this.#exchange = exchange
    if (this.#isDone()) exchange.abort()
  }

  events(batch: readonly (Said | Failing)[]): void {
    const [first] = batch
    const last = batch.at(-1)
    if (first === undefined || last === undefined || this.#isDone()) return
    if (this.#state === 'waiting') {
      if (isFailing(first)) {
        // One that was found on this side, the upstream does not know of.
        this.#exchange?.abort()
        return this.#refuse(first.failure)
      }
      this.#commit()
    }
    const frames = this.#encoder.encode(batch)
    if (last.type !== 'finish' && last.type !== 'failure') return this.#write(frames)
    if (last.type === 'failure') this.#exchange?.abort()
    this.#state = 'ending'
    this.#watch.stop()
    this.#body.end(frames)
    cutOffUnread(this.#response, this.#timing.writeStallMs)
  }

  fail(failure: Failure): void {
    this.events([{ type: 'failure', failure }])
  }

  tick(time: number): void {
    const { commitAfterMs, heartbeatMs, writeStallMs } = this.#timing
    if (this.#fullSince !== null) {
      // A reader that takes nothing is cut off, and the kernel keeps nothing for him either; the
      // closing of his socket ends the rest.
      if (time - this.#fullSince > writeStallMs) cutOff(this.#response)
    } else if (this.#state === 'waiting') {
      if (commitAfterMs === 0 || time - this.#started < commitAfterMs) return
      this.#commit()
      this.#beat()
    } else if (heartbeatMs > 0 && time - this.#lastWrite >= heartbeatMs) {
      this.#beat()
    }
  }

  #beat(): void {
    this.#record.heartbeats += 1
    this.#write(HEARTBEAT)
  }

  #commit(): void {
    this.#state = 'open'
    this.#body.open(200, HEAD)
    this.#resolve()
  }

  #write(octets: string): void {
    if (octets === '') return
    this.#lastWrite = now()
    if (this.#body.write(octets) || this.#fullSince !== null) return
    this.#fullSince = this.#lastWrite
    this.#exchange?.pause()
  }

  readonly #drained = (): void => {
    if (this.#fullSince === null || this.#isDone()) return
    this.#fullSince = null
    this.#exchange?.resume()
  }

  readonly #closed = (): void => {
    if (!this.#isDone()) this.#exchange?.abort()
    if (this.#state === 'waiting') this.#refuse({ kind: 'client-closed' })
    else this.#finish()
  }

  #refuse(failure: Failure): void {
    this.#finish()
    this.#reject(new Failed(failure))
  }

  #finish(): void {
    this.#state = 'over'
    this.#watch.stop()
  }

  #isDone(): boolean {
    return this.#state === 'ending' || this.#state === 'over'
  }
}

const isFailing = (event: { readonly type: string }): event is Failing => event.type === 'failure'
