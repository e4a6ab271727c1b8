/** Server-sent event frames (WHATWG HTML § 9.2). We send `data:` and comments, never another field. */

/** One event. `data` must hold no line break: JSON text holds none. */
export const frame = (data: string): string => `data: ${data}\n\n`

/**
 * A comment: every parser built on the standard ignores it, in every position. (An `event: ping`
 * breaks the openai package's stream helper.) `text` is ours and constant, never a client's.
 */
export const comment = (text: string): string => `: ${text}\n\n`
