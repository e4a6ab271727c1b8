/** Server-sent event frames (WHATWG HTML § 9.2). We send `data:` and comments, never another field. */

/** What stands before and after an event's data, for who writes the rest piece by piece. */
export const FRAME_START = 'data: '
export const FRAME_END = '\n\n'

/** One event. `data` must hold no line break: JSON text holds none. */
export const frame = (data: string): string => `${FRAME_START}${data}${FRAME_END}`

/**
 * A comment: every parser built on the standard ignores it, in every position. (An `event: ping`
 * breaks the openai package's stream helper.) `text` is ours and constant, never a client's.
 */
export const comment = (text: string): string => `: ${text}\n\n`
