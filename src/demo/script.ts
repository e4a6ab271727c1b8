/** Script: what the stand-in does with one answer, step by step, life's accidents included. */

/**
 * One step. Before the first `line` or `bytes`, a `status` chooses the head; it is sent together with
 * the first bytes, as Ollama does (`server/routes.go: streamResponse`). A script that runs out is
 * ended properly, with the last chunk.
 */
export type Step =
  /** The head; with a `body`, also everything that follows it. An object is sent as JSON. */
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string | readonly string[]>>
      readonly body?: string | Uint8Array | object
    }
  /** One NDJSON line: an object as Ollama would write it, or a text as it is; the `\n` is added. */
  | { readonly line: object | string }
  /** Body bytes as they are, cut by `slices` or else by the stand-in's own slicing. */
  | { readonly bytes: string | Uint8Array; readonly slices?: Slicing }
  /** Waits so many milliseconds, or until the client leaves. */
  | { readonly pause: number }
  /** Waits for a promise, or until the client leaves. */
  | { readonly until: Promise<unknown> }
  /** Sends FIN now: no last chunk, and the line under way stays torn. */
  | { readonly tear: true }
  /** Sends RST now; over TLS, where nobody sends one, the socket is destroyed. */
  | { readonly reset: true }
  /** The proper end: the last chunk, and the connection is kept. */
  | { readonly end: true }
  /** Nothing more, until the client leaves or the stand-in closes. */
  | { readonly hold: true }
  /** Bytes straight to the socket, head and framing included: for every lie HTTP can tell. */
  | { readonly raw: string | Uint8Array }

/** The steps of one answer; a generator may go on for ever, it is pulled as the client reads. */
export type Script = Iterable<Step> | AsyncIterable<Step>

/** Cuts bytes into the slices that each become a TCP write of their own. */
export type Slicing = (bytes: Buffer) => Iterable<Buffer>

/** No cut at all. */
export const whole: Slicing = (bytes) => [bytes]
