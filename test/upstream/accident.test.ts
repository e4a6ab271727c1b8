/** Accidents are told apart by their codes, and nothing that may have run is said not to have. */
import { describe, expect, test } from 'vitest'
import type { Unreachable } from '../../src/failure.ts'
import { accident, NO_HTTP, Resting, socketError } from '../../src/upstream/accident.ts'

const CODES: readonly (readonly [reason: Unreachable, ...codes: readonly string[]])[] = [
  ['refused', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'],
  ['dns', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'],
  ['connect-timeout', 'ETIMEDOUT', 'ERR_SOCKET_CONNECTION_TIMEOUT'],
  ['reset', 'ECONNRESET', 'EPIPE', 'ECONNABORTED'],
  [
    'tls',
    'EPROTO',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_OSSL_PEM_NO_START_LINE',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'CRL_HAS_EXPIRED',
    'ERROR_IN_CERT_NOT_AFTER_FIELD',
    'INVALID_CA',
    'INVALID_PURPOSE',
    'PATH_LENGTH_EXCEEDED',
    'UNSPECIFIED',
  ],
]

const rows = CODES.flatMap(([reason, ...codes]) => codes.map((code) => [code, reason] as const))

const unreachable = (reason: Unreachable) => ({ kind: 'upstream-unreachable', reason })

describe('before there was a connection', () => {
  test.each(rows)('%s is "%s"', (code, reason) => {
    expect(accident(socketError(code, ''), false)).toEqual(unreachable(reason))
  })

  test('of two addresses the first one counts', () => {
    const both = [socketError('ECONNREFUSED', ''), socketError('ETIMEDOUT', '')]
    expect(accident(new AggregateError(both), false)).toEqual(unreachable('refused'))
  })
})

test.each(rows)('once the request was sent, %s is "tls" or "reset"', (code, reason) => {
  const expected = reason === 'tls' ? 'tls' : 'reset'
  expect(accident(socketError(code, ''), true)).toEqual(unreachable(expected))
})

test('only what is not HTTP is put down to the upstream', () => {
  expect(accident(socketError(NO_HTTP, ''), true)).toMatchObject({ kind: 'upstream-malformed' })
  for (const cause of [socketError('EMFILE', ''), new TypeError('ours'), 'no error at all']) {
    expect(accident(cause, false)).toEqual({ kind: 'internal', cause })
  }
})

test('an attempt that was not made says why the last one failed, and when the next is made', () => {
  expect(accident(new Resting('connect-timeout', 1000), false)).toEqual({
    kind: 'upstream-unreachable',
    reason: 'connect-timeout',
    retryAfterMs: 1000,
  })
})
