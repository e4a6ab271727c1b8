import { expect, test } from 'vitest'
import { Failed } from '../src/failure.ts'

test('carries its failure to whoever catches it, and its cause to the log alone', () => {
  const cause = new Error('ECONNREFUSED 10.0.0.1')
  const failure = { kind: 'upstream-unreachable', reason: 'refused' } as const
  const failed = new Failed(failure, cause)
  expect(failed).toBeInstanceOf(Error)
  expect(failed.name).toBe('Failed')
  expect(failed.failure).toBe(failure)
  expect(failed.cause).toBe(cause)
  expect(failed.message).toBe('upstream-unreachable')
})
