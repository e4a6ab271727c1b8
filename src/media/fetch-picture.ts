/** Fetches one picture: from a public address, within a time and a size, and nothing that is none. */
import dns, { type LookupAddress } from 'node:dns'
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as askHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as askHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { readPicture } from '../picture.ts'
import { isPublicAddress } from './public-address.ts'

export type FetchLimits = {
  /** From the first look-up to the last byte, ms. */
  readonly timeoutMs: number
  /** The largest file that is taken. */
  readonly maxBytes: number
}

/** What the outside world is to it; tests have one of their own. */
export type Outside = {
  readonly resolve: (
    host: string,
    done: (error: Error | null, found: readonly LookupAddress[]) => void,
  ) => void
  readonly isPublic: (address: string) => boolean
}

/** Pixels of the largest picture that is passed on: a small file can hold a billion (reliability F-09). */
const MAX_PIXELS = 64_000_000

/**
 * No redirect is followed, no proxy of the environment asked, no cookie or key sent, and what is compressed is not
 * inflated. The address is checked where the connection is made, and the connection goes to the checked address alone:
 * a name that answers otherwise the second time gains nothing (reliability F-04).
 *
 * @returns null for whatever goes wrong: what was heard from there is nobody's business.
 */
export const fetchPicture = (
  url: URL,
  { timeoutMs, maxBytes }: FetchLimits,
  signal: AbortSignal,
  outside: Outside = INTERNET,
): Promise<Buffer | null> =>
  new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    // An address is never looked up.
    if (isIP(host) !== 0 && !outside.isPublic(host)) return resolve(null)
    const give = (file: Buffer | null): void => {
      clearTimeout(timer)
      resolve(file)
      asked.destroy()
    }
    const asked = ask(url, lookupOf(outside), signal)
    const timer = setTimeout(() => give(null), timeoutMs)
    asked.on('error', () => give(null))
    asked.on('response', (reply) => {
      if (!isWelcome(reply, maxBytes)) return give(null)
      const chunks: Buffer[] = []
      let size = 0
      reply.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes) return give(null)
        chunks.push(chunk)
      })
      reply.on('error', () => give(null))
      reply.on('end', () => {
        const file = Buffer.concat(chunks)
        give(reply.complete && isPicture(file) ? file : null)
      })
    })
    asked.end()
  })

const INTERNET: Outside = {
  resolve: (host, done) =>
    dns.lookup(host, { all: true }, (error, found) => done(error, found ?? [])),
  isPublic: isPublicAddress,
}

const ask = (url: URL, lookup: LookupFunction, signal: AbortSignal): ClientRequest => {
  const common = {
    lookup,
    signal,
    headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'tolk' },
  }
  // An agent of its own: the global one may be told of a proxy by the environment.
  return url.protocol === 'https:'
    ? askHttps(url, { ...common, agent: new HttpsAgent(), rejectUnauthorized: true })
    : askHttp(url, { ...common, agent: new HttpAgent() })
}

const lookupOf =
  ({ resolve, isPublic }: Outside): LookupFunction =>
  (host, { all }, done) => {
    resolve(host, (error, found) => {
      const [first] = found
      // One that is not public spoils the others: which of them is used is not ours to say.
      if (
        error !== null ||
        first === undefined ||
        !found.every(({ address }) => isPublic(address))
      ) {
        return done(error ?? new Error('no public address'), [])
      }
      if (all === true) done(null, [...found])
      else done(null, first.address, first.family)
    })
  }

const isWelcome = ({ statusCode, headers }: IncomingMessage, maxBytes: number): boolean => {
  const encoding = headers['content-encoding'] ?? 'identity'
  const length = Number(headers['content-length'] ?? 0)
  return statusCode === 200 && encoding === 'identity' && length <= maxBytes
}

const isPicture = (file: Buffer): boolean => {
  const picture = readPicture(file)
  if (picture === null) return false
  const pixels = picture.width * picture.height
  return pixels > 0 && pixels <= MAX_PIXELS
}
