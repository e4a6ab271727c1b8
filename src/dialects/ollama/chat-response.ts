/** /api/chat's NDJSON lines → ChatEvent (`api/types.go: ChatResponse`, 0.33). */
import { z } from 'zod'
import type {
  ChatEvent,
  Finish,
  Logprob,
  Reasoning,
  Text,
  TokenLogprob,
  ToolCall,
  Usage,
} from '../../chat/event.ts'
import type { Failure } from '../../failure.ts'
import type { Decoder } from '../../wire/codec.ts'
import { toEscaped } from '../../wire/escaped.ts'
import { jsonElements, jsonSlice } from '../../wire/json-slice.ts'
import { isModest } from '../../wire/json-size.ts'
import { check } from '../../wire/json.ts'
import { Lines, type HearLine } from '../../wire/lines.ts'
import { fromOctets } from '../../wire/octets.ts'
import { decodeDoneReason } from './done-reason.ts'
import { decodeErrorLine } from './error.ts'
import { readPlainEnd, readPlainLine } from './plain-line.ts'
import type { Hide } from './private-text.ts'

const tokenLogprob = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number()).nullish(),
})

const toolCall = z.object({
  id: z.string().nullish(),
  function: z.object({
    name: z.string().min(1),
    // Of the arguments only the source text is used: parsing would lose digits and key order.
    arguments: z.looseObject({}).nullish(),
  }),
})

/** A number that counts nothing says nothing: the answer beside it is worth more. */
const count = z
  .number()
  .nullish()
  .transform((value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined))

/** What any answer's line has beside what the model says in it. */
export const answerFields = {
  done: z.boolean().nullish(),
  done_reason: z.string().nullish(),
  logprobs: z
    .array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob).nullish() }))
    .nullish(),
  prompt_eval_count: count,
  eval_count: count,
}

const chatResponse = z.object({
  message: z
    .object({
      content: z.string().nullish(),
      thinking: z.string().nullish(),
      tool_calls: z.array(toolCall).nullish(),
    })
    .nullish(),
  ...answerFields,
})

type ChatResponse = z.infer<typeof chatResponse>

/** How the lines of an endpoint are read. */
export type LineReading = {
  /** The fast lane: what a line says, or null when that takes a closer look. */
  readonly plain: (octets: string, start: number, end: number) => Reasoning | Text | Finish | null
  /** Any other line, as `/api/chat` would have written it. */
  readonly response: z.ZodType<ChatResponse>
}

const CHAT: LineReading = {
  plain: (octets, start, end) =>
    readPlainLine(octets, start, end) ?? readPlainEnd(octets, start, end),
  response: chatResponse,
}

/** How a line is not as it should be; one behind the last word is not heard, the others end the answer. */
export type OddLine = 'too-long' | 'not-json' | 'no-chat-response' | 'after-done'

/**
 * Reads one answer. Within a line the order is reasoning, text, calls, finish; an `error` line, a line
 * that is no chat response, and an end without `done` are failures. What follows the last word is
 * not read.
 */
export class ChatResponseDecoder implements Decoder<ChatEvent> {
  readonly #lines: Lines
  readonly #odd: (kind: OddLine) => void
  readonly #hide: Hide | undefined
  readonly #called: (name: string) => string
  readonly #reads: LineReading
  #records = 0
  #over: 'done' | 'failed' | null = null
  /** Log probabilities of lines that say nothing yet: tokens held back by one of Ollama's parsers. */
  #waiting: Logprob[] = []

  /**
   * @param maxLineLength bytes; tool arguments are always one line (contract § 6).
   * @param odd hears of each line that is not as it should be.
   * @param hide takes out of an error what only the caller knows to be secret.
   * @param called says what the client calls a tool that the model called so.
   * @param reads how a line is read; as `/api/chat` writes it, unless said.
   */
  constructor(
    maxLineLength: number,
    odd: (kind: OddLine) => void = () => {},
    hide?: Hide,
    called: (name: string) => string = (name) => name,
    reads: LineReading = CHAT,
  ) {
    this.#lines = new Lines(maxLineLength)
    this.#odd = odd
    this.#hide = hide
    this.#called = called
    this.#reads = reads
  }

  get records(): number {
    return this.#records
  }

  feed(...slices: readonly string[]): readonly ChatEvent[] {
    const events: ChatEvent[] = []
    const hear: HearLine = (octets, start, end) => this.#line(octets, start, end, events)
    for (const slice of slices) this.#lines.feed(slice, hear)
    if (this.#lines.overflowed) this.#bad('too-long', 'a line longer than the limit', events)
    return events
  }

  /** A last line may lack its newline: remote stubs append an error without one (contract § 1.7). */
  end(): readonly ChatEvent[] {
    const events: ChatEvent[] = []
    this.#lines.end((line, start, end) => {
      // Half a line is a torn answer, not a malformed one.
      if ('value' in parsed(this.#textOf(line))) this.#line(line, start, end, events)
    })
    this.#fail({ kind: 'upstream-truncated' }, events)
    return events
  }

  #line(octets: string, start: number, end: number, events: ChatEvent[]): void {
    if (this.#over !== null) return this.#late(octets.slice(start, end))
    const plain = this.#reads.plain(octets, start, end)
    if (plain !== null) {
      this.#records++
      if (plain.type === 'finish') this.#over = 'done'
      events.push(this.#withLogprobs(plain))
      return
    }
    const text = this.#textOf(octets.slice(start, end))
    if (text.trim() === '') return
    this.#records++
    const read = parsed(text)
    if ('fault' in read) return this.#bad('not-json', read.fault, events)
    const { value } = read
    const failure = decodeErrorLine(value, this.#hide)
    if (failure !== null) return this.#fail(failure, events)
    const checked = check(this.#reads.response, value)
    if ('problem' in checked) {
      const where = checked.problem.param === null ? '' : ` (${checked.problem.param})`
      return this.#bad('no-chat-response', `a line that is no chat response${where}`, events)
    }
    const response = checked.value
    if (response.message == null && response.done !== true) {
      return this.#bad('no-chat-response', 'a line without a message', events)
    }
    this.#response(response, text, events)
  }

  /** The first line may have a byte order mark. */
  #textOf(line: string): string {
    const text = fromOctets(line)
    return this.#records === 0 && text.startsWith('\uFEFF') ? text.slice(1) : text
  }

  #response(response: ChatResponse, source: string, events: ChatEvent[]): void {
    const said: ChatEvent[] = []
    const { thinking, content, tool_calls: calls } = response.message ?? {}
    if (thinking != null && thinking !== '')
      said.push({ type: 'reasoning', escaped: toEscaped(thinking) })
    if (content != null && content !== '') said.push({ type: 'text', escaped: toEscaped(content) })
    if (calls != null)
      for (const call of toolCalls(calls, source)) {
        said.push({ ...call, name: this.#called(call.name) })
      }
    if (response.done === true) {
      const reason = decodeDoneReason(response.done_reason)
      said.push({ type: 'finish', reason, usage: usageOf(response) })
      this.#over = 'done'
    }
    for (const logprob of response.logprobs ?? []) this.#waiting.push(decodeLogprob(logprob))
    for (const event of said) events.push(this.#withLogprobs(event))
  }

  /** The line's first event carries what waits, as Ollama's own /v1 does. */
  #withLogprobs(event: ChatEvent): ChatEvent {
    if (this.#waiting.length === 0 || event.type === 'failure') return event
    const logprobs = this.#waiting
    this.#waiting = []
    return { ...event, logprobs }
  }

  /** What follows a failure is no news; blanks say nothing. */
  #late(line: string): void {
    if (this.#over === 'done' && line.trim() !== '') this.#odd('after-done')
  }

  #bad(kind: OddLine, what: string, events: ChatEvent[]): void {
    if (this.#over !== null) return
    this.#odd(kind)
    this.#fail(malformed(what), events)
  }

  #fail(failure: Failure, events: ChatEvent[]): void {
    if (this.#over !== null) return
    this.#over = 'failed'
    events.push({ type: 'failure', failure })
  }
}

const toolCalls = (calls: readonly z.infer<typeof toolCall>[], source: string): ToolCall[] => {
  const sources = jsonElements(jsonSlice(source, ['message', 'tool_calls']) ?? '')
  return calls.map(({ id, function: { name, arguments: args } }, index) => ({
    type: 'tool-call',
    id: id ?? '',
    name,
    arguments:
      args == null ? '{}' : (jsonSlice(sources[index] ?? '', ['function', 'arguments']) ?? '{}'),
  }))
}

/** Go leaves out a count that is zero. For what was generated that is a fact; a prompt of zero tokens
 * there is not: older servers leave out a prompt they had cached (contract § 1.6). */
const usageOf = ({ prompt_eval_count: prompt, eval_count: completion }: ChatResponse): Usage => ({
  ...(prompt != null && { promptTokens: prompt }),
  completionTokens: completion ?? 0,
})

const decodeLogprob = ({
  top_logprobs: top,
  ...token
}: NonNullable<ChatResponse['logprobs']>[number]): Logprob => ({
  ...decodeTokenLogprob(token),
  top: (top ?? []).map(decodeTokenLogprob),
})

const decodeTokenLogprob = ({
  token,
  logprob,
  bytes,
}: z.infer<typeof tokenLogprob>): TokenLogprob => ({ token, logprob, bytes: bytes ?? null })

const parsed = (text: string): { readonly value: unknown } | { readonly fault: string } => {
  // A line of brackets would hold up everybody for seconds.
  if (!isModest(text)) return { fault: 'a line of more JSON than any answer has' }
  try {
    return { value: JSON.parse(text) }
  } catch {
    return { fault: 'a line that is not JSON' }
  }
}

const malformed = (what: string): Failure => ({
  kind: 'upstream-malformed',
  message: `The upstream sent ${what}.`,
})
