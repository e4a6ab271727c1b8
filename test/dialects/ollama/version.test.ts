import { expect, test } from 'vitest'
import { decodeVersion } from '../../../src/dialects/ollama/version.ts'
import { recording } from '../../support/recordings.ts'

test('reads the recorded version', () => {
  expect(decodeVersion(recording('catalog/version').bytes.toString('utf8'))).toBe('0.0.0')
})

test.each(['', 'Ollama is running', '{}', '{"version":null}', '{"version":""}', '[]'])(
  'refuses what is no version: %s',
  (body) => {
    expect(() => decodeVersion(body)).toThrow(
      expect.objectContaining({
        failure: { kind: 'upstream-malformed', message: expect.stringContaining('/api/version') },
      }),
    )
  },
)
