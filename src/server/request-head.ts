/** What Node's parser lets through although no server should act on it: found in a request's raw head. */
import type { IncomingMessage } from 'node:http'

/** Why a request is not served. */
export type HeadFault = {
  readonly status: 400 | 417 | 431
  /** For the client: what to send instead. */
  readonly message: string
}

/**
 * Looks at the head alone, so that neither a route nor a key has been asked for yet: what two readers
 * could take for two different requests is nobody's request (RFC 9112 § 11.2).
 *
 * @returns undefined for a request that may be served.
 */
export const headFault = ({
  rawHeaders,
  headers,
  url = '',
}: IncomingMessage): HeadFault | undefined => {
  // Names and values, one after another. Node 22 drops those beyond its own limit without a word, and
  // who comes after them is not who he seems.
  if (rawHeaders.length > 2 * MAX_HEADERS) return TOO_MANY
  const twice = repeatedHeader(rawHeaders)
  if (twice !== undefined) return malformed(`The header '${twice}' is there twice. Send it once.`)
  // The absolute form is for forward proxies, and the asterisk asks about all of a server.
  if (!url.startsWith('/')) return NO_PATH
  // Node takes `xchunked`, and any list that ends in a word it knows.
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return UNKNOWN_CODING
  const { expect } = headers
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return UNKNOWN_EXPECTATION
  return undefined
}

const MAX_HEADERS = 100

/** Of these Node keeps the first and says nothing of the second; what stands in front of tolk may keep the other. */
const ONCE: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'expect',
])

const LENGTHS: ReadonlySet<number> = new Set(Array.from(ONCE, ({ length }) => length))

/** @returns the first name that stands there again, in lower case. */
const repeatedHeader = (rawHeaders: readonly string[]): string | undefined => {
  let seen: string[] | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const spelled = rawHeaders[at] ?? ''
    // Most have another length, and need not be spelled anew.
    if (!LENGTHS.has(spelled.length)) continue
    const name = spelled.toLowerCase()
    if (!ONCE.has(name)) continue
    if (seen?.includes(name) === true) return name
    seen = [...(seen ?? []), name]
  }
  return undefined
}

const malformed = (message: string): HeadFault => ({ status: 400, message })

const NO_PATH = malformed(
  'The request target is no path. tolk is no forward proxy: send the path alone, such as /v1/models.',
)

const UNKNOWN_CODING = malformed(
  "The only Transfer-Encoding that is understood is 'chunked'. Send that, or a Content-Length.",
)

const UNKNOWN_EXPECTATION: HeadFault = {
  status: 417,
  message: "The only expectation that is understood is '100-continue'. Leave the others out.",
}

const TOO_MANY: HeadFault = {
  status: 431,
  message: 'The request has too many headers. Send fewer.',
}
