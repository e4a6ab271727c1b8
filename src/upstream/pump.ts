/** One streamed answer: slices of octets → batches of events, one for each read; deadlines counted in lines. Never throws. */
import type { ChatEvent } from '../chat/event.ts'
import type { Failure } from '../failure.ts'
import { now, Watch, type Watcher } from '../ticker.ts'
import type { Decoder } from '../wire/codec.ts'
import { fromOctets } from '../wire/octets.ts'
import type { Reply, ReplyHeaders, Sending, WholeReply } from './http.ts'
import type { Exchange, Listener } from './upstream.ts'

/** How long a turn may be silent, ms; 0 is for ever. */
export type Patience = {
  /** Until the first line: queueing, loading the model, reading the prompt. */
  readonly firstByteTimeoutMs: number
  /** Between two lines. */
  readonly idleTimeoutMs: number
  /** From the request to the last line. */
  readonly totalTimeoutMs: number
  /**
   * How long the upstream may go on loading a model for a client that left before the first line:
   * Ollama throws a load away with its last client (contract § 6).
   */
  readonly loadGraceMs: number
}

export type PumpOptions = {
  readonly decoder: Decoder<ChatEvent>
  readonly listener: Listener
  readonly patience: Patience
  /** What an answer with another status than 200 means. */
  readonly refusal: (reply: WholeReply) => Failure
  /** Hears of a head that is not as Ollama's, though it can be understood. */
  readonly odd?: (kind: string) => void
  /** The upstream's name for the model. */
  readonly model: string
  /** Models that go on loading for nobody; those that share it hold one load of each, not one a client. */
  readonly lingering: Set<string>
}

/** Bytes of a refusal's body that are read: an error is a sentence, an error page is nobody's business. */
const MAX_REFUSAL = 64 * 1024
/** How long a socket may take to end after its last line before it is dropped, ms. */
const TAIL_MS = 1000
/** What Ollama says of its lines. */
const NDJSON = 'application/x-ndjson'

/**
 * In order: *waiting* for the first line, *reading*, *ended* (the last word is said, the socket ends),
 * *over*. A turn whose client left in *waiting* may linger there, heard by nobody.
 */
type State = 'waiting' | 'reading' | 'ended' | 'over'

/** An answer with another status than 200, as far as it has come; `body` in octets. */
type Refusal = {
  readonly status: number
  readonly headers: ReplyHeaders
  body: string
  readonly since: number
}

export class Pump implements Reply, Exchange, Watcher {
  readonly #decoder: Decoder<ChatEvent>
  readonly #patience: Patience
  readonly #refusalOf: (reply: WholeReply) => Failure
  readonly #odd: ((kind: string) => void) | undefined
  readonly #started = now()
  readonly #watch = new Watch(this)
  #listener: Listener | null
  readonly #model: string
  readonly #lingering: Set<string>
  #exchange: Sending | null = null
  #state: State = 'waiting'
  #refusal: Refusal | null = null
  #paused = false
  #lastRecord = this.#started
  /** When the client left while waiting. */
  #left: number | null = null

  constructor({ decoder, listener, patience, refusal, model, lingering, odd }: PumpOptions) {
    this.#model = model
    this.#lingering = lingering
    this.#decoder = decoder
    this.#listener = listener
    this.#patience = patience
    this.#refusalOf = refusal
    this.#odd = odd
    this.#watch.start()
  }

  /** Ties the pump to the exchange whose reply it hears. */
  start(exchange: Sending): this {
    this.#exchange = exchange
    return this
  }

  head(status: number, headers: ReplyHeaders): void {
    const { 'content-encoding': encoding, 'content-type': type } = headers
    if (status !== 200) this.#refusal = { status, headers, body: '', since: now() }
    // We asked for identity: what is compressed all the same is not inflated (reliability U-59).
    else if (encoding !== undefined && encoding !== 'identity') this.#fail(COMPRESSED)
    // Somebody's login page. Any other type may be wrong, as long as the lines are right (U-37, U-60).
    else if (type !== NDJSON) this.#otherType(String(type))
  }

  #otherType(type: string): void {
    if (/^text\/html\b/i.test(type)) this.#fail(WEB_PAGE)
    else if (!/^application\/(?:x-ndjson|json)\b/i.test(type)) this.#odd?.('content-type')
  }

  data(pieces: readonly string[]): void {
    if (this.#state === 'over') return
    if (this.#refusal !== null) {
      this.#refusal.body += pieces.join('')
      if (this.#refusal.body.length > MAX_REFUSAL) this.#refuse(this.#refusal)
      return
    }
    // A read that holds no end of a line is no progress: bytes that drip are silence.
    const before = this.#decoder.records
    const events = this.#decoded(pieces)
    if (this.#decoder.records !== before) this.#progress()
    this.#say(events)
  }

  end(): void {
    if (this.#refusal !== null) return this.#refuse(this.#refusal)
    if (this.#state !== 'ended' && this.#state !== 'over') this.#say(this.#decoded(null))
    this.#close()
  }

  fail(failure: Failure): void {
    if (this.#state === 'ended') return this.#close()
    // Part of an error page says as much as the whole of it.
    if (this.#refusal === null) this.#fail(failure)
    else this.#refuse(this.#refusal)
  }

  pause(): void {
    this.#paused = true
    this.#exchange?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#lastRecord = now()
    this.#exchange?.resume()
  }

  abort(): void {
    this.#listener = null
    if (this.#state === 'over' || this.#left !== null) return
    if (!this.#mayLinger()) return this.#drop()
    this.#left = now()
    this.#lingering.add(this.#model)
  }

  tick(time: number): void {
    const { firstByteTimeoutMs, idleTimeoutMs, totalTimeoutMs, loadGraceMs } = this.#patience
    if (this.#state === 'ended') {
      if (time - this.#lastRecord > TAIL_MS) this.#drop()
      return
    }
    // What an error page's head says is enough, should its body never end.
    if (this.#refusal !== null && time - this.#refusal.since > TAIL_MS) {
      return this.#refuse(this.#refusal)
    }
    if (this.#left !== null && time - this.#left > loadGraceMs) return this.#drop()
    if (exceeds(time - this.#started, totalTimeoutMs))
      return this.#timeOut('answer', totalTimeoutMs)
    if (this.#state === 'waiting') {
      if (exceeds(time - this.#started, firstByteTimeoutMs)) {
        this.#timeOut('first-line', firstByteTimeoutMs)
      }
    } else if (!this.#paused && exceeds(time - this.#lastRecord, idleTimeoutMs)) {
      this.#timeOut('next-line', idleTimeoutMs)
    }
  }

  /** A load that was begun is worth an end, and one request is enough to keep it going. */
  #mayLinger(): boolean {
    return (
      this.#patience.loadGraceMs > 0 &&
      this.#state === 'waiting' &&
      this.#exchange?.isSent === true &&
      !this.#lingering.has(this.#model)
    )
  }

  /** @param pieces the next ones; `null` for the end. */
  #decoded(pieces: readonly string[] | null): readonly ChatEvent[] {
    try {
      return pieces === null ? this.#decoder.end() : this.#decoder.feed(...pieces)
    } catch (cause) {
      return [{ type: 'failure', failure: { kind: 'internal', cause } }]
    }
  }

  #progress(): void {
    this.#lastRecord = now()
    if (this.#state !== 'waiting') return
    this.#state = 'reading'
    // The load is done, and nobody waits for the answer.
    if (this.#left !== null) this.#drop()
  }

  #say(events: readonly ChatEvent[]): void {
    const last = events.at(-1)
    if (last === undefined || this.#state === 'ended' || this.#state === 'over') return
    const { type } = last
    if (type === 'finish') this.#state = 'ended'
    const listener = this.#listener
    if (type === 'finish' || type === 'failure') this.#listener = null
    const isHeard = listener === null || tell(listener, events)
    if (type === 'failure' || !isHeard) this.#drop()
  }

  #timeOut(phase: 'first-line' | 'next-line' | 'answer', waitedMs: number): void {
    this.#fail({ kind: 'upstream-timeout', phase, waitedMs })
  }

  #refuse({ status, headers, body }: Refusal): void {
    this.#fail(this.#refusalOf({ status, headers, body: fromOctets(body) }))
  }

  #fail(failure: Failure): void {
    this.#say([{ type: 'failure', failure }])
    this.#drop()
  }

  #drop(): void {
    this.#close()
    this.#exchange?.abort()
  }

  #close(): void {
    this.#state = 'over'
    this.#watch.stop()
    if (this.#left === null) return
    this.#lingering.delete(this.#model)
    this.#left = null
  }
}

/**
 * A listener that throws is a bug of ours, and costs its own turn alone: thrown on, out of a socket's
 * event or the ticker's, it would cost the process.
 *
 * @returns whether the listener heard.
 */
const tell = (listener: Listener, events: readonly ChatEvent[]): boolean => {
  try {
    listener.events(events)
    return true
  } catch (cause) {
    try {
      listener.events([{ type: 'failure', failure: { kind: 'internal', cause } }])
    } catch {
      // It has been told; more cannot be done.
    }
    return false
  }
}

const exceeds = (ms: number, limit: number): boolean => limit > 0 && ms > limit

const COMPRESSED: Failure = {
  kind: 'upstream-malformed',
  message: 'The upstream sent a compressed answer although none was asked for.',
}

const WEB_PAGE: Failure = {
  kind: 'upstream-malformed',
  message: 'The upstream answered with a web page. Is its base URL that of an Ollama?',
}
