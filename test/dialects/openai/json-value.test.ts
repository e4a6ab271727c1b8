import { describe, expect, test } from 'vitest'
import { assertReadable } from '../../../src/dialects/openai/json-value.ts'
import { parseJson } from '../../../src/wire/json.ts'

const nested = (depth: number): unknown => parseJson(`${'['.repeat(depth)}${']'.repeat(depth)}`)

describe('JSON that is passed on', () => {
  test.each(['null', '""', '[1e308,-1e308]', '{"a":[12345678901234567890]}', '[1e-400]'])(
    'may be %s',
    (json) => {
      expect(() => assertReadable(parseJson(json), 'p')).not.toThrow()
    },
  )

  test.each(['1e309', '{"a":[{"b":-1e309}]}', `[${'9'.repeat(400)}]`])(
    'may not hold a number beyond a double: %s',
    (json) => {
      expect(() => assertReadable(parseJson(json), 'p')).toThrow('invalid-request')
    },
  )

  test('may nest 200 levels and no more', () => {
    expect(() => assertReadable(nested(200), 'p')).not.toThrow()
    expect(() => assertReadable(nested(201), 'p')).toThrow('invalid-request')
    expect(() => assertReadable(nested(1_000_000), 'p')).toThrow('invalid-request')
  })
})
