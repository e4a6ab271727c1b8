/** Upstream: what the server may ask of any upstream. The only seam between the two edges. */
import type { ChatEvent } from '../chat/event.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { ModelCard } from '../catalog/model-card.ts'

/**
 * Hears a turn. `events` is called once for each upstream read that says anything, synchronously and
 * in order; the very last event of the last batch is a `finish` or a `failure`, and nothing follows.
 * After {@link Exchange.abort} it is not called again.
 *
 * Called, not awaited: a promise per token costs as much as the token (`test/bench/README.md`).
 */
export type Listener = {
  events(batch: readonly ChatEvent[]): void
}

/** A turn under way. All three are safe at any time, also after its end. */
export type Exchange = {
  /** Stops reading from the upstream's socket: the client's is full. */
  pause(): void
  resume(): void
  /** Closes the upstream's connection at once, so that the model stops. */
  abort(): void
}

/** An upstream model, and how it is to be asked. */
export type ChatTarget = { readonly card: ModelCard; readonly requestId: string }

/** How the upstream was found at start: its version, or why there is none. */
export type Upstream = {
  /** Starts a turn. Never throws: an accident is a `failure` event. */
  chat(request: ChatRequest, target: ChatTarget, listener: Listener): Exchange
  /** Everything the upstream offers. @throws Failed when it cannot be asked. */
  models(signal: AbortSignal): Promise<readonly ModelCard[]>
  /** The upstream's version, such as `0.33.0`. @throws Failed when it cannot be asked. */
  version(signal: AbortSignal): Promise<string>
  /** Closes idle connections; turns under way are aborted. */
  close(): Promise<void>
}
