import { expect, test } from 'vitest'
import { encodeThink } from '../../../src/dialects/ollama/think.ts'

test.each([true, false, 'low', 'medium', 'high', 'max', undefined] as const)(
  'says the effort %j in the same word',
  (effort) => {
    expect(encodeThink(effort)).toBe(effort)
  },
)
