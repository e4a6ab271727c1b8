/** A whole answer in JSON, on its way to the client. */
import type { ServerResponse } from 'node:http'
import { cutOffUnread } from './cut-off.ts'

const HEAD = { 'content-type': 'application/json', 'cache-control': 'no-store' }

/**
 * Sends it piece by piece: it is long, and joining it would hold it twice.
 *
 * @param pieces octets.
 * @param writeStallMs how long the client may leave it unread.
 */
export const writeWhole = (
  response: ServerResponse,
  pieces: readonly string[],
  writeStallMs: number,
): void => {
  let length = 0
  for (const piece of pieces) length += piece.length
  response.writeHead(200, { ...HEAD, 'content-length': length })
  response.cork()
  for (const piece of pieces) response.write(piece, 'latin1')
  response.end()
  cutOffUnread(response, writeStallMs)
}
