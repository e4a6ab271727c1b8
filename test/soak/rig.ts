/** A tolk between the soak's clients and its upstream; whatever one says is held against what the others say. */
import { sumOf } from '../support/read-metrics.ts'
import { Clients, type Asked, type Heard, type Manner } from './client.ts'
import type { Depth, Inside } from './inside.ts'
import { LATE_MS } from './processes.ts'
import type { Spec } from './spec.ts'
import type { Tally } from './tally.ts'
import { startTolkProcess, type TolkOptions, type TolkProcess } from './tolk-process.ts'
import type { Upstream } from './upstream-process.ts'

export class Rig {
  readonly tolk: TolkProcess
  readonly upstream: Upstream
  readonly clients: Clients
  /** Requests that were sent whole, or so far that tolk has to log them. */
  sent = 0
  readonly #tally: Tally
  readonly #isRough: boolean
  #ids: string[] = []

  /** @param isRough whether failures may come at any moment. */
  constructor(tolk: TolkProcess, upstream: Upstream, tally: Tally, isRough: boolean) {
    this.tolk = tolk
    this.upstream = upstream
    this.#tally = tally
    this.#isRough = isRough
    this.clients = this.clientsOf(tolk.port)
  }

  /** Clients of another port, which leads to this tolk all the same. */
  clientsOf(port: number): Clients {
    return new Clients({
      port,
      headers: this.tolk.headers,
      isPrivate: (text) =>
        text.includes(`:${this.upstream.port}`) || /127\.0\.0\.1|\/api\//.test(text),
      judged: (heard, spec, manner) => {
        this.#tally.judged(heard, spec, manner)
        if (heard.requestId !== undefined) this.#ids.push(heard.requestId)
      },
    })
  }

  ask(spec: Spec, manner: Manner): Asked {
    this.sent += 1
    return this.clients.ask(spec, this.#isRough ? { ...manner, mayFail: true } : manner)
  }

  hear(spec: Spec, manner: Manner): Promise<Heard> {
    return this.ask(spec, manner).ended
  }

  /** How many answers the upstream is giving, and requests tolk has not ended. */
  async underWay(): Promise<number> {
    const [{ open }, figures] = await Promise.all([this.upstream.figures(), this.tolk.metrics()])
    return open + sumOf(figures, 'tolk_requests_in_flight')
  }

  /**
   * Waits until nothing is under way; then log, metrics and ledger have to agree, request by request.
   *
   * @param isExact whether every request that was sent is known to have been heard.
   */
  async settle(isExact = true): Promise<void> {
    const tally = this.#tally
    const rest = await until(
      () => this.underWay(),
      (left) => left === 0,
    )
    tally.expect('left-over', 'requests under way', rest, 0)
    const isAgreed = ({ logged, counted }: Said): boolean =>
      logged === counted && (!isExact || logged === this.sent)
    const said = await until(() => this.#said(), isAgreed)
    tally.expect('unlogged', 'log lines to requests in the metrics', said.logged, said.counted)
    if (isExact) tally.expect('unlogged', 'log lines to requests sent', said.logged, this.sent)
    else this.sent = said.logged
    const { log } = this.tolk
    const missing = this.#ids.filter((id) => !log.has(id))
    tally.expect('unlogged', `answers without a log line (${missing[0] ?? ''})`, missing.length, 0)
    this.#ids = []
    tally.expect('unlogged', 'requests logged twice', log.twice, 0)
    for (const what of log.complaints.splice(0)) tally.complain({ zero: 'crashed', count: 1, what })
    const before = this.upstream.blamed
    const seen = await this.upstream.figures()
    this.upstream.blamed = seen
    const { tooOften, pipelined, unreadable } = seen
    tally.expect('asked-again', 'chats asked again once begun', tooOften, before.tooOften)
    tally.expect('malformed', 'requests before an answer had ended', pipelined, before.pipelined)
    tally.expect('malformed', 'chats that cannot be read', unreadable, before.unreadable)
  }

  /** Waits until tolk has closed its idle connections, having none from us. @returns how many it kept. */
  async idle(): Promise<number> {
    this.clients.close()
    const { sockets } = await until(
      () => this.upstream.figures(),
      (figures) => figures.sockets === 0,
    )
    return sockets
  }

  /** What tolk holds once idle connections are closed, or the least that was seen in time. */
  async rested(depth: Depth, isRested: (inside: Inside) => boolean): Promise<Inside> {
    return until(() => this.tolk.inside(depth), isRested)
  }

  async close(): Promise<void> {
    this.clients.close()
    await this.tolk.stop()
  }

  async #said(): Promise<Said> {
    const figures = await this.tolk.metrics()
    const counted = sumOf(figures, 'tolk_requests_total')
    const probes = PROBES.map((route) => sumOf(figures, 'tolk_requests_total', { route }))
    return {
      logged: this.tolk.log.update().requests,
      counted: counted - probes.reduce((sum, count) => sum + count, 0),
    }
  }
}

type Said = { readonly logged: number; readonly counted: number }

/** A probe that finds all well is logged for who debugs alone. */
const PROBES = ['/livez', '/readyz', '/healthz']

/** Looks again and again until it is so, or it is too late. @returns what was seen last. */
export const until = async <T>(
  look: () => Promise<T>,
  isSo: (seen: T) => boolean,
  ms = LATE_MS,
): Promise<T> => {
  const started = performance.now()
  for (;;) {
    const seen = await look()
    if (isSo(seen) || performance.now() - started > ms) return seen
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const startRig = async (
  upstream: Upstream,
  tally: Tally,
  isRough: boolean,
  options: Omit<TolkOptions, 'upstreamUrl'>,
): Promise<Rig> => {
  const tolk = await startTolkProcess({ ...options, upstreamUrl: upstream.url })
  return new Rig(tolk, upstream, tally, isRough)
}
