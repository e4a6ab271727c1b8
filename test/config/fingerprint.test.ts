/** Two processes were configured alike, or not; secrets count, and none can be read out of it. */
import { expect, test } from 'vitest'
import { fingerprint } from '../../src/config/fingerprint.ts'
import { load } from './world.ts'

const SECRET = { OLLAMA_API_KEY: 'canary', TOLK_API_KEYS: 'laptop=sk-1' }

test('is the same for the same configuration, wherever it stands', () => {
  const { config } = load({ env: { ...SECRET, TOLK_PORT: '1' } })
  expect(fingerprint(config)).toMatch(/^[0-9a-f]{64}$/)
  expect(fingerprint(load({ env: SECRET, flags: { port: '1' } }).config)).toBe(fingerprint(config))
})

test.each([
  [{ TOLK_PORT: '2' }],
  [{ OLLAMA_API_KEY: 'canary2' }],
  [{ TOLK_API_KEYS: 'laptop=sk-2' }],
  [{ TOLK_API_KEYS: 'laptop=sk-1,phone=sk-2' }],
  [{ TOLK_WORKERS: '2' }],
])('is another with %j', (change) => {
  const other = load({ env: { ...SECRET, ...change } }).config
  expect(fingerprint(other)).not.toBe(fingerprint(load({ env: SECRET }).config))
})
