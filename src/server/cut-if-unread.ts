/** A last word that nobody reads. */
import type { ServerResponse } from 'node:http'

/**
 * Cuts off a client that takes nothing of what it is still owed for so long, and frees what the kernel
 * holds for it too. Node counts a write queue that shrinks as life, so a slow reader is left alone.
 */
export const cutIfUnread = (response: ServerResponse, afterMs: number): void => {
  if (response.writableFinished) return
  response.setTimeout(afterMs, () => response.socket?.resetAndDestroy())
}
