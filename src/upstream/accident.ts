/** What befell a call before its answer began: an error of a socket or of ours → its Failure. */
import type { Failure, Unreachable } from '../failure.ts'

/** The code of what the upstream says that is not HTTP. */
export const NO_HTTP = 'NO_HTTP'

/** An attempt to connect that was not made, because too many before it failed. */
export class Resting extends Error {
  override readonly name = 'Resting'
  readonly failure: Failure

  /** @param reason why the last one failed. @param retryAfterMs when the next is made. */
  constructor(reason: Unreachable, retryAfterMs: number) {
    super('the last attempts to connect all failed')
    this.failure = { kind: 'upstream-unreachable', reason, retryAfterMs }
  }
}

/** An error that says what happened in the words of sockets, for {@link accident} and for the log. */
export const socketError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code })

/**
 * Told apart by `code`. What has none that is known is no doing of the upstream's: a fault of ours, or
 * this machine's, such as too few descriptors.
 *
 * @param wasSent whether the request may have been read. A connection that stood may still end as one
 * that was never made (the kernel's probes time out, the route is lost), but not as if nothing had run:
 * clients would run it again.
 */
export const accident = (cause: unknown, wasSent: boolean): Failure => {
  const code = codeOf(cause)
  if (code === NO_HTTP) return malformed('something that is not HTTP')
  if (cause instanceof Resting) return cause.failure
  const reason = reasonOf(code)
  if (reason === undefined) return { kind: 'internal', cause }
  const isTold = !wasSent || reason === 'tls'
  return { kind: 'upstream-unreachable', reason: isTold ? reason : 'reset' }
}

/** @param what as the object of a sentence that begins with "The upstream sent". */
export const malformed = (what: string): Failure => ({
  kind: 'upstream-malformed',
  message: `The upstream sent ${what}.`,
})

const REASONS: Readonly<Record<string, Unreachable>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  ENETUNREACH: 'refused',
  ENETDOWN: 'refused',
  EADDRNOTAVAIL: 'refused',
  // A firewall of this machine.
  EACCES: 'refused',
  EPERM: 'refused',
  ENOTFOUND: 'dns',
  ETIMEDOUT: 'connect-timeout',
  ERR_SOCKET_CONNECTION_TIMEOUT: 'connect-timeout',
  ECONNABORTED: 'reset',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EPROTO: 'tls',
}

const reasonOf = (code: string): Unreachable | undefined => {
  if (code.startsWith('EAI_')) return 'dns'
  return REASONS[code] ?? (TLS.test(code) ? 'tls' : undefined)
}

/** Node's own, OpenSSL's, and what is wrong with a certificate (X509 in Node's `crypto_common.cc`). */
const TLS =
  /^ERR_(?:TLS|SSL|OSSL)_|^CERT_|^CRL_|^UNABLE_TO_|SELF_SIGNED|^(?:ERROR_IN_CERT_.*|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|UNSPECIFIED)$/

const codeOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return ''
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof AggregateError ? codeOf(cause.errors[0]) : ''
}
