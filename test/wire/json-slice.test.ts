import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonElements, jsonSlice } from '../../src/wire/json-slice.ts'

describe('jsonSlice', () => {
  test.for([
    ['{"a":1}', ['a'], '1'],
    [' { "a" : { "b" : 9007199254740993 } } ', ['a', 'b'], '9007199254740993'],
    ['{"z":1,"a":{"y":2,"b":3}}', ['a'], '{"y":2,"b":3}'],
    ['{"a":"}]\\"\\\\","b":[ 1 , "," ]}', ['b'], '[ 1 , "," ]'],
    ['{"a":"\\\\\\"","b":2}', ['b'], '2'],
    ['{"\\u0061":1}', ['a'], '1'],
    ['{"a":1,"a":2}', ['a'], '2'],
    ['{"b":{"a":1},"a":2}', ['a'], '2'],
    ['{"a":null}', ['a'], 'null'],
    ['{"a":-1.5e+3,"b":0}', ['a'], '-1.5e+3'],
    ['  [1, 2]  ', [], '[1, 2]'],
    ['{"a":1}\nmore', [], '{"a":1}'],
    ['{"a":{}}', ['a', 'b'], undefined],
    ['{"a":[{"b":1}]}', ['a', 'b'], undefined],
    ['{"a":"b"}', ['a', 'b'], undefined],
    ['{}', ['a'], undefined],
    ['[]', ['a'], undefined],
  ] as const)('in %s, %j is %s', ([text, keys, slice]) => {
    expect(jsonSlice(text, keys)).toBe(slice)
  })

  test('finds in any JSON what JSON.parse finds, as it was written', () => {
    fc.assert(
      fc.property(tree, (value) => {
        for (const { keys, found } of placesIn(value)) {
          expect(jsonSlice(JSON.stringify(value), keys)).toBe(JSON.stringify(found))
        }
      }),
    )
  })

  test('takes no notice of white space', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom('\t', '\r\n ', ' '), (value, indent) => {
        const text = `${indent}${JSON.stringify(value, null, indent)}${indent}`
        for (const { keys, found } of placesIn(value)) {
          expect(JSON.parse(jsonSlice(text, keys) ?? '')).toEqual(found)
        }
      }),
    )
  })

  test('a nesting as deep as the text is long is no trouble', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(jsonSlice(`{"a":${deep},"b":1}`, ['a'])).toBe(deep)
    expect(jsonElements(deep)).toEqual([deep.slice(1, -1)])
  })
})

describe('jsonElements', () => {
  test.for([
    ['[]', []],
    [' [ ] ', []],
    ['[1]', ['1']],
    ['[ 1 , "a,]" ,{"b":[2,3]}, [ ] ]', ['1', '"a,]"', '{"b":[2,3]}', '[ ]']],
    ['{"a":1}', []],
    ['"[1]"', []],
    ['', []],
  ] as const)('of %s are %j', ([text, elements]) => {
    expect(jsonElements(text)).toEqual(elements)
  })

  test('are those of JSON.parse, as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ stringUnit: 'binary' })), (list) => {
        expect(jsonElements(JSON.stringify(list))).toEqual(list.map((one) => JSON.stringify(one)))
      }),
    )
  })
})

/** An object in which keys and strings are full of what means something to JSON. */
const tree = fc
  .dictionary(
    fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', '{', '}', ',', ':', 'é', '\u2028') }),
    fc.jsonValue({ stringUnit: 'binary' }),
  )
  // JSON.stringify writes integer keys first: then the order is not that of the value.
  .map((object): unknown => JSON.parse(JSON.stringify(object)))

type Place = { readonly keys: readonly string[]; readonly found: unknown }

function* placesIn(value: unknown, keys: readonly string[] = []): Generator<Place> {
  yield { keys, found: value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, found] of Object.entries(value)) yield* placesIn(found, [...keys, key])
}
