/** A client that does not read is cut off, and the log says who ended it. */
import type { ServerResponse } from 'node:http'

const cut = new WeakSet<object>()

/** Resets the connection: the kernel keeps nothing for this client either. */
export const cutOff = (response: ServerResponse): void => {
  cut.add(response)
  response.socket?.resetAndDestroy()
}

/**
 * Cuts off a client that takes nothing of what it is still owed for so long. Node counts a write queue
 * that shrinks as life, so a slow reader is left alone.
 */
export const cutOffUnread = (response: ServerResponse, afterMs: number): void => {
  if (!response.writableFinished) response.setTimeout(afterMs, () => cutOff(response))
}

/** Whether it was we who ended it. */
export const wasCutOff = (response: object): boolean => cut.has(response)
