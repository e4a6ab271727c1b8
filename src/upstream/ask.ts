/** Ask: one small question to the upstream. */

/**
 * Asks the upstream one small question and gives back the text of a 200's body.
 *
 * @throws Failed in every other case, after `upstream.metaTimeoutMs` at the latest: nobody who calls
 * this sets a deadline of its own.
 */
export type Ask = (
  method: 'GET' | 'POST',
  path: string,
  body: string | null,
  signal: AbortSignal,
) => Promise<string>
