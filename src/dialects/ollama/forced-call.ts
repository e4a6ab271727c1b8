/**
 * A call that has to be made: Ollama knows no `tool_choice`, but it holds an answer to a schema.
 *
 * The tools are offered as ever, and `format` lets the model write nothing but one call of them as JSON: its own
 * syntax of calls comes back as calls, that JSON is made one here. Ollama holds a model that could think and did
 * not to no schema at all (contract § 1.8), so what comes is checked, and text that is no call is a failure.
 */
import type { ChatEvent, Finish, Logprob, ToolCall } from '../../chat/event.ts'
import { callsIn } from '../../chat/leaked-call.ts'
import type { ChatRequest, JsonObject } from '../../chat/request.ts'
import type { Failure } from '../../failure.ts'
import type { Decoder } from '../../wire/codec.ts'
import { fromEscaped } from '../../wire/escaped.ts'
import { isJsonObject } from '../../wire/json.ts'
import { mentionsReference, redirected } from './schema-reference.ts'
import type { EncodedTool } from './tool.ts'

/**
 * The schema of one call: which of the tools, and its arguments.
 *
 * A reference leads from the root of a schema, and arguments are none here: what a tool refers to stands among
 * the definitions of the whole, under the tool's number: two may be of one name, and a name may have a slash.
 */
export const formatOf = (tools: readonly EncodedTool[]): JsonObject => {
  const homes = tools.map(homeOf)
  const calls = homes.map(({ name, schema }) => ({
    type: 'object',
    properties: { name: { type: 'string', enum: [name] }, arguments: schema },
    required: ['name', 'arguments'],
  }))
  const [only] = calls
  const format = only !== undefined && calls.length === 1 ? only : { anyOf: calls }
  const definitions = homes.flatMap(({ moved }) => moved)
  return definitions.length === 0 ? format : { ...format, $defs: Object.fromEntries(definitions) }
}

/** The schema of a tool's arguments inside another, and what has to stand among that one's `$defs` for it. */
const homeOf = ({ function: { name, parameters } }: EncodedTool, index: number) => {
  if (!mentionsReference(parameters)) return { name, schema: parameters, moved: [] }
  const { $defs, ...own } = parameters
  const home = `tool${index}`
  const to = (ref: string): string => {
    if (ref.startsWith(DEFS)) return `${DEFS}${home}.${ref.slice(DEFS.length)}`
    return ref === '#' || ref.startsWith('#/') ? `${DEFS}${home}${ref.slice(1)}` : ref
  }
  const moved = Object.entries(isJsonObject($defs) ? $defs : {}).map(
    ([defined, schema]) => [`${home}.${defined}`, redirected(schema, to)] as const,
  )
  const schema = { $ref: `${DEFS}${home}` }
  return { name, schema, moved: [[home, redirected(own, to)] as const, ...moved] }
}

const DEFS = '#/$defs/'

/**
 * Reads the answer to this request, as a call where one has to be made.
 *
 * @param called says what the client calls a tool that goes upstream under this name.
 */
export const decoderFor = (
  { mustCall = false, tools }: Pick<ChatRequest, 'mustCall' | 'tools'>,
  answer: Decoder<ChatEvent>,
  called: (name: string) => string,
): Decoder<ChatEvent> => {
  if (!mustCall) return answer
  const names = tools.map(({ name }) => name)
  return new ForcedCallDecoder(answer, names, called)
}

/** Characters of an answer that may be held back; a call has some hundred. */
const MAX_HELD = 1_000_000

/** Holds the text back until it is known what it is: beside a call text, alone a call or nothing. */
export class ForcedCallDecoder implements Decoder<ChatEvent> {
  readonly #inner: Decoder<ChatEvent>
  /** As they are upstream, in what the model writes; and as the client has them, in calls that Ollama read. */
  readonly #names: ReadonlySet<string>
  readonly #own: ReadonlySet<string>
  readonly #called: (name: string) => string
  #held = ''
  #logprobs: Logprob[] = []
  #state: 'holding' | 'called' | 'failed' = 'holding'

  /** @param names upstream of the tools that may be called. */
  constructor(
    inner: Decoder<ChatEvent>,
    names: Iterable<string>,
    called: (name: string) => string = (name) => name,
  ) {
    this.#inner = inner
    this.#called = called
    this.#names = new Set(names)
    this.#own = new Set([...this.#names].map(called))
  }

  get records(): number {
    return this.#inner.records
  }

  feed(...slices: readonly string[]): readonly ChatEvent[] {
    return this.#looked(this.#inner.feed(...slices))
  }

  end(): readonly ChatEvent[] {
    return this.#looked(this.#inner.end())
  }

  #looked(events: readonly ChatEvent[]): readonly ChatEvent[] {
    const said: ChatEvent[] = []
    for (const event of events) if (this.#state !== 'failed') this.#look(event, said)
    return said
  }

  #look(event: ChatEvent, said: ChatEvent[]): void {
    if (event.type === 'text' && this.#state === 'holding') {
      this.#held += event.escaped
      this.#logprobs.push(...(event.logprobs ?? []))
      if (this.#held.length > MAX_HELD) this.#fail(said)
    } else if (event.type === 'tool-call') {
      this.#call(event, said)
    } else if (event.type === 'finish' && this.#state === 'holding') {
      this.#finish(event, said)
    } else {
      said.push(event)
    }
  }

  #call(call: ToolCall, said: ChatEvent[]): void {
    if (!this.#own.has(call.name)) return this.#fail(said)
    if (this.#held !== '') said.push({ type: 'text', escaped: this.#held, ...this.#takeLogprobs() })
    this.#held = ''
    this.#state = 'called'
    said.push(call)
  }

  #finish(finish: Finish, said: ChatEvent[]): void {
    const text = withoutFence(fromEscaped(this.#held).trim())
    const [call, ...more] = (callsIn(text, this.#names) ?? []).map((each) => this.#named(each))
    if (call !== undefined) said.push({ ...call, ...this.#takeLogprobs() }, ...more, finish)
    // Cut in the middle of the call: that is what the client has to hear.
    else if (finish.reason === 'length') said.push(finish)
    else this.#fail(said)
  }

  #named({ type, id, name, arguments: args }: ToolCall): ToolCall {
    return { type, id, name: this.#called(name), arguments: args }
  }

  #takeLogprobs(): { readonly logprobs?: readonly Logprob[] } {
    const logprobs = this.#logprobs
    this.#logprobs = []
    return logprobs.length === 0 ? {} : { logprobs }
  }

  #fail(said: ChatEvent[]): void {
    this.#state = 'failed'
    said.push({ type: 'failure', failure: UNMET })
  }
}

const UNMET: Failure = {
  kind: 'model-failed',
  status: 502,
  code: 'tool_choice_failed',
  message:
    "The model made no call, although 'tool_choice' requires one. " +
    'Ask again, or use a model with better tool calling.',
}

/** Models put JSON into fences, where nothing keeps them from it. */
const withoutFence = (text: string): string =>
  text.startsWith(FENCE) && text.endsWith(FENCE)
    ? text.slice(text.indexOf('\n') + 1, -FENCE.length)
    : text

const FENCE = '```'
