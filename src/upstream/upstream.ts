/** Upstream: what the server may ask of any upstream. The only seam between the two edges. */
import type { ChatEvent } from '../chat/event.ts'
import type { PromptRequest } from '../chat/prompt.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { Embedded, EmbeddingRequest } from '../embedding/request.ts'
import type { ModelCard } from '../catalog/model-card.ts'

/**
 * Hears a turn. `events` is called once for each upstream read that says anything, synchronously and
 * in order; the very last event of the last batch is a `finish` or a `failure`, and nothing follows.
 * After {@link Exchange.abort} it is not called again.
 *
 * Called, not awaited: a promise for each read is most of what sets web streams apart (performance, main table).
 */
export type Listener<Event = ChatEvent> = {
  events(batch: readonly Event[]): void
}

/** A turn under way. All three are safe at any time, also after its end. */
export type Exchange = {
  /** Stops reading from the upstream's socket: the client's is full. */
  pause(): void
  resume(): void
  /** Closes the upstream's connection at once, so that the model stops. */
  abort(): void
}

/** An upstream model to ask, and the id under which both sides' logs know the request. */
export type ChatTarget = { readonly card: ModelCard; readonly requestId: string }

export type Upstream = {
  /** Starts a turn. Never throws: an accident is a `failure` event. */
  chat(request: ChatRequest, target: ChatTarget, listener: Listener): Exchange
  /** Starts a turn that goes on with a text, or fills a gap in one; as {@link Upstream.chat} it never throws. */
  generate(request: PromptRequest, target: ChatTarget, listener: Listener): Exchange
  /**
   * Makes vectors of a few texts, at most as many as `embedding/batches.ts` puts together.
   *
   * @throws Failed, `client-closed` once `signal` is aborted.
   */
  embed(request: EmbeddingRequest, target: ChatTarget, signal: AbortSignal): Promise<Embedded>
  /**
   * Everything the upstream offers. `onList` hears first what is known before each model is asked
   * about, then more of it now and again, so that one slow model keeps nobody waiting for the others.
   *
   * @throws Failed when the upstream cannot be asked.
   */
  models(
    signal: AbortSignal,
    onList?: (cards: readonly ModelCard[]) => void,
  ): Promise<readonly ModelCard[]>
  /** The upstream's version, such as `0.33.0`. @throws Failed when it cannot be asked. */
  version(signal: AbortSignal): Promise<string>
  /** Closes all connections, those of turns under way included. */
  close(): Promise<void>
}
