import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  anyList,
  compiled,
  double,
  integer,
  jsonObject,
  list,
  meaning,
  oneOf,
} from '../../../src/dialects/openai/field.ts'
import { check } from '../../../src/wire/json.ts'

const schema = z.object({
  word: oneOf(['a', 'b']).nullish(),
  meant: meaning(new Map([['a', 1]])).nullish(),
  number: z.union([double, z.string()]).nullish(),
  count: integer(1, 5).nullish(),
  object: jsonObject.nullish(),
  any: anyList.nullish(),
  list: list(z.object({ a: z.string() })).nullish(),
  model: z.string().refine((name) => name !== ''),
})

test('a compiled schema takes and refuses what it would have, in the same words', () => {
  const value = fc.oneof(
    fc.constantFrom('', 'a', 'b', 1, 7, 0.5, null, undefined, true, JSON.rawJSON('1e400')),
    fc.constantFrom([], {}, [{ a: '' }], [{ a: '' }, { a: 1 }], [1], { __proto__: null }),
  )
  const keys = Object.keys(schema.shape)
  const body = fc.oneof(
    value,
    fc.dictionary(fc.constantFrom(...keys, 'other'), value),
    fc
      .dictionary(fc.constantFrom('other', 'count', 'list'), value)
      .map((rest) => Object.assign({ model: 'm' }, rest)),
  )
  const quick = compiled(schema)
  fc.assert(
    fc.property(body, (wire) => {
      expect(check(quick(), wire)).toEqual(check(schema, wire))
    }),
    { numRuns: 2000 },
  )
})

test('a schema is compiled once', () => {
  const quick = compiled(schema)
  expect(quick()).toBe(quick())
  expect(quick()).not.toBe(schema)
})
