/** A call that a model printed under the name that its tool has upstream: nobody further up would know that name. */
import type { ChatEvent } from '../../chat/event.ts'
import { LeakedCall } from '../../chat/leaked-call.ts'
import type { ChatRequest } from '../../chat/request.ts'
import type { Decoder } from '../../wire/codec.ts'

/** Makes it a call, under the client's own name; all else passes as it is. For requests with renamed tools alone. */
export class PrintedAliasDecoder implements Decoder<ChatEvent> {
  readonly #inner: Decoder<ChatEvent>
  readonly #printed: LeakedCall
  readonly #called: (name: string) => string

  /**
   * @param request as it went upstream.
   * @param called says what the client calls them.
   */
  constructor(
    inner: Decoder<ChatEvent>,
    { tools }: Pick<ChatRequest, 'tools'>,
    called: (name: string) => string,
  ) {
    this.#inner = inner
    this.#printed = new LeakedCall(new Set(tools.map(({ name }) => name)))
    this.#called = called
  }

  get records(): number {
    return this.#inner.records
  }

  feed(...slices: readonly string[]): readonly ChatEvent[] {
    return this.#righted(this.#inner.feed(...slices))
  }

  end(): readonly ChatEvent[] {
    return this.#righted(this.#inner.end())
  }

  #righted(events: readonly ChatEvent[]): readonly ChatEvent[] {
    if (this.#printed.isSettled) return events
    const said: ChatEvent[] = []
    for (const event of events) this.#printed.take(event, said)
    return said.map((event) => (event.type === 'tool-call' ? this.#own(event) : event))
  }

  #own<Call extends { readonly name: string }>(call: Call): Call {
    return { ...call, name: this.#called(call.name) }
  }
}
