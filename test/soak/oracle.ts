/** Hears one answer from its first octet to its last, and judges whether it is what was promised. */
import { AnswerReader } from './answer-reader.ts'
import { completionShape, errorEnvelope, EventReader } from './event-reader.ts'
import { FAULTS } from './faults.ts'
import { Hearing, heardAtOnce, type Lots } from './hearing.ts'
import { saidIn, type Spec } from './spec.ts'
import { digestOf } from './words.ts'

/** How it ended: as HTTP has it, by the connection's end, because the client left, or not at all in time. */
export type End = 'whole' | 'torn' | 'left' | 'late'

/** What is never to happen; each has a count that must be 0. */
export type Zero =
  | keyof Omit<Lots, 'whole'>
  /** A failure that looks like success, or an end without a last word. */
  | 'silent'
  /** No end within the deadline. */
  | 'hung'
  /** HTTP, SSE or JSON that is not well-formed, or an answer that is none of those there are. */
  | 'malformed'
  /** A failure where all was well, or another than the one there was. */
  | 'wrong'
  /** The upstream's address or path in an answer. */
  | 'told'

export type Complaint = { readonly zero: Zero; readonly count: number; readonly what: string }

export type Judgement = {
  readonly complaints: readonly Complaint[]
  /** What the client got. */
  readonly got: 'all' | 'failure' | 'part'
  readonly deltas: number
  readonly requestId: string | undefined
}

/** Under which circumstances an answer is judged. */
export type Terms = {
  readonly stream: boolean
  /** Whether the upstream may fail at any moment, beside what its spec says: it is killed and paused. */
  readonly mayFail?: boolean
  /** Whether tolk may not let a client in: there is nothing left to answer with. */
  readonly mayBeTorn?: boolean
}

/** What is kept of an error's body, or of a whole answer, octets. */
const MOST_BODY = 64 * 1024 * 1024

export class Oracle {
  readonly #spec: Spec
  readonly #answer = new AnswerReader()
  readonly #hearing: Hearing
  readonly #events: EventReader
  #body = ''

  constructor(spec: Spec, moment?: (us: number) => void) {
    this.#spec = spec
    this.#hearing = new Hearing(spec, moment)
    this.#events = new EventReader(this.#hearing)
  }

  get isOver(): boolean {
    return this.#answer.isOver || this.#answer.complaint !== null
  }

  get isKept(): boolean {
    return this.#answer.isKept
  }

  /** Whether 100 Continue was said. */
  get mayContinue(): boolean {
    return this.#answer.continues > 0
  }

  get status(): number {
    return this.#answer.status
  }

  get comments(): number {
    return this.#events.comments
  }

  /** How many deltas were heard. */
  get deltas(): number {
    return this.#hearing.next
  }

  /** Whether the last word was said. */
  get isDone(): boolean {
    return this.#events.terminal !== null
  }

  /** The other side has closed the connection. @returns whether that was the answer's end. */
  closed(): boolean {
    this.#answer.end()
    return this.isOver
  }

  feed(octets: string): void {
    const body = this.#answer.feed(octets)
    if (body === '') return
    if (this.#isStream()) this.#events.feed(body)
    else if (this.#body.length < MOST_BODY) this.#body += body
  }

  /** @param isPrivate whether a text names what no client may hear of. */
  judge(end: End, isPrivate: (text: string) => boolean, terms: Terms): Judgement {
    const complaints: Complaint[] = []
    const complain = (zero: Zero, what: string, count = 1): void => {
      if (count > 0)
        complaints.push({ zero, count, what: `${what} (${JSON.stringify(this.#spec)})` })
    }
    const got = this.#got(end, terms.stream, complain)
    const { lost, duplicated, reordered, altered } = this.#hearing.lots
    complain('lost', 'lost', lost)
    complain('duplicated', 'duplicated', duplicated)
    complain('reordered', 'reordered', reordered)
    complain('altered', 'altered', altered)
    if (got === 'all') this.#judgeAll(complain)
    else if (got === 'failure') this.#judgeFailure(terms, complain)
    else if (end === 'late') complain('hung', `hung after ${this.deltas} deltas`)
    else if (end === 'torn' && !(terms.mayBeTorn === true && this.status === 0)) {
      complain('silent', `an end without a last word, ${this.status}`)
    }
    if (this.#hearing.next > saidIn(this.#spec)) complain('altered', 'more than was said')
    if (isPrivate(this.#errorText()) || isPrivate(JSON.stringify(this.#answer.headers))) {
      complain('told', `told: ${this.#errorText().slice(0, 200)}`)
    }
    return {
      complaints,
      got,
      deltas: this.#hearing.lots.whole,
      requestId: this.#answer.headers['x-request-id'],
    }
  }

  #isStream(): boolean {
    const type = this.#answer.headers['content-type'] ?? ''
    return this.#answer.status === 200 && type.startsWith('text/event-stream')
  }

  #got(end: End, stream: boolean, complain: Complain): Judgement['got'] {
    const { complaint, status } = this.#answer
    if (complaint !== null) complain('malformed', complaint)
    if (end !== 'whole') return 'part'
    if (status !== 200) {
      const envelope = errorEnvelope.safeParse(jsonIn(this.#body))
      if (!envelope.success) complain('malformed', `${status} ${this.#body.slice(0, 80)}`)
      return 'failure'
    }
    if (stream !== this.#isStream()) complain('malformed', 'another form than was asked for')
    return this.#isStream() ? this.#gotStream(complain) : this.#gotWhole(complain)
  }

  #gotStream(complain: Complain): Judgement['got'] {
    this.#events.end()
    const { complaint, terminal } = this.#events
    if (complaint !== null) complain('malformed', complaint)
    if (terminal === null) complain('silent', 'a stream without a last word')
    return terminal === 'done' ? 'all' : terminal === 'error' ? 'failure' : 'part'
  }

  #gotWhole(complain: Complain): Judgement['got'] {
    const completion = completionShape.safeParse(jsonIn(this.#body))
    if (!completion.success) {
      complain('malformed', `no completion: ${this.#body.slice(0, 80)}`)
      return 'part'
    }
    const { content, reasoning_content: thinking = '' } = completion.data.choices[0].message
    heardAtOnce(this.#hearing, this.#spec, thinking, content ?? '')
    return 'all'
  }

  #judgeAll(complain: Complain): void {
    if (FAULTS[this.#spec.fault].gets === 'failure') {
      return complain('silent', 'a failure that looks like success')
    }
    const missing = this.#spec.deltas - this.#hearing.next
    if (missing > 0) complain('lost', 'lost at the end', missing)
    if (this.#hearing.digest() !== digestOf(this.#spec)) complain('altered', 'another SHA-256')
  }

  #judgeFailure({ stream, mayFail = false }: Terms, complain: Complain): void {
    if (mayFail) return
    const promised = FAULTS[this.#spec.fault]
    const code = this.#code()
    if (promised.gets === 'all')
      return complain(
        'wrong',
        `failed though all was well after ${this.deltas}: ${this.#errorText().slice(0, 300)}`,
      )
    const codes: readonly (string | null)[] = promised.codes
    if (!codes.includes(code)) complain('wrong', `another failure: ${this.status} ${code}`)
    // Part of an answer that was to come whole is no answer.
    if (promised.keeps === 'some' || !stream) return
    complain('lost', 'lost before the failure', saidIn(this.#spec) - this.#hearing.next)
  }

  #code(): string | null {
    if (this.#isStream()) return this.#events.errorCode
    return errorEnvelope.safeParse(jsonIn(this.#body)).data?.error.code ?? null
  }

  /** What was said of a failure; words of the model's are nobody's secret. */
  #errorText(): string {
    return this.status === 200 ? this.#events.errorText : this.#body
  }
}

type Complain = (zero: Zero, what: string, count?: number) => void

const jsonIn = (octets: string): unknown => {
  try {
    // Octets stay octets: a delta's are compared as such.
    return JSON.parse(octets)
  } catch {
    return null
  }
}
