/** What befell a call before its answer began: an error of a socket or of ours → its Failure. */
import type { Failure, Unreachable } from '../failure.ts'

/** An error that says what happened in the words of sockets, for {@link accident} and for the log. */
export const socketError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code })

/** Told apart by `code`; whatever has none that is known was said by the upstream, and is not HTTP. */
export const accident = (cause: unknown): Failure => {
  const code = codeOf(cause)
  const reason = REASONS[code] ?? (isTls(code) ? 'tls' : undefined)
  return reason === undefined
    ? malformed('something that is not HTTP')
    : { kind: 'upstream-unreachable', reason }
}

/** @param what as the object of a sentence that begins with "The upstream sent". */
export const malformed = (what: string): Failure => ({
  kind: 'upstream-malformed',
  message: `The upstream sent ${what}.`,
})

const REASONS: Readonly<Record<string, Unreachable>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EADDRNOTAVAIL: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ETIMEDOUT: 'connect-timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EPROTO: 'tls',
}

const isTls = (code: string): boolean =>
  /^ERR_(?:TLS|SSL|OSSL)_|^CERT_|^UNABLE_TO_|SELF_SIGNED|^HOSTNAME_MISMATCH$/.test(code)

const codeOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return ''
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof AggregateError ? codeOf(cause.errors[0]) : ''
}
