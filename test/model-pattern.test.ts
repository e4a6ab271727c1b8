import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesModel } from '../src/model-pattern.ts'

describe('a pattern names models', () => {
  test.each([
    ['gpt-oss:20b', 'gpt-oss:20b', true],
    ['gpt-oss:20b', 'gpt-oss:120b', false],
    ['gpt-oss:*', 'gpt-oss:20b', true],
    ['gpt-oss:*', 'gpt-oss-x:20b', false],
    ['*', 'anything/at:all', true],
    ['', 'x', false],
    ['llama3', 'llama3:latest', true],
    ['llama3', 'llama3:8b', false],
    ['llama3:latest', 'llama3:latest', true],
    ['LLAMA3', 'llama3:latest', true],
    ['hf.co/*', 'hf.co/x/Qwen3:Q4_K_M', true],
    ['*:8b', 'qwen3:8b', true],
    ['*:8b', 'qwen3:8b-q4', false],
    ['*qwen*8b*', 'hf.co/qwen3:8b-q4', true],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
  ])('%s, %s: %s', (pattern, name, matching) => {
    expect(matchesModel(pattern, name)).toBe(matching)
  })

  test('matches what a regular expression would, for any pieces', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
    fc.assert(
      fc.property(letters, name, (pattern, model) => {
        const expression = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`)
        expect(matchesModel(pattern, model)).toBe(expression.test(model))
      }),
    )
  })

  // The deadline is the check: backtracking over these would outlast the machine.
  test('is quick where a regular expression would not be', { timeout: 5_000 }, () => {
    expect(matchesModel('*a'.repeat(500), 'a'.repeat(2000) + 'b')).toBe(false)
  })
})
