import { describe, expect, test } from 'vitest'
import {
  definitionsOf,
  mentionsReference,
  renamed,
  targetOf,
} from '../../../src/dialects/ollama/schema-reference.ts'

const root = {
  $defs: { City: { type: 'string' }, 'a/b~c d': 1, list: [{ x: 2 }], number: JSON.rawJSON('1') },
  definitions: { City: { type: 'number' }, Old: true },
}

describe('a reference', () => {
  test.each([
    ['#', root],
    ['#/$defs/City', { type: 'string' }],
    ['#/%24defs/City', { type: 'string' }],
    ['#/$defs/a~1b~0c%20d', 1],
    ['#/$defs/list/0/x', 2],
    ['#/definitions/Old', true],
    ['#/$defs/Nowhere', undefined],
    ['#/$defs/City/type/length', undefined],
    ['#/$defs/number/rawJSON', undefined],
    ['#/$defs/%zz', undefined],
    ['#/constructor', undefined],
    ['#/$defs/list/length', 1],
    ['#City', undefined],
    ['City', undefined],
    ['https://example.com/city.json#/$defs/City', undefined],
  ])('%s leads to %j', (ref, target) => {
    expect(targetOf(root, ref)).toEqual(target)
  })

  test.each([
    [{ $ref: '#' }, true],
    [[{ a: [{ $ref: 5 }] }], true],
    [{ ref: '$ref', a: ['$ref'] }, false],
    ['$ref', false],
    [null, false],
    [JSON.rawJSON('1'), false],
  ])('is in %j: %j', (value, found) => {
    expect(mentionsReference(value)).toBe(found)
  })
})

describe('definitions of old', () => {
  test('stand among the new ones, under a name of their own', () => {
    expect(definitionsOf(root)).toEqual({
      ...root.$defs,
      'definitions.City': { type: 'number' },
      Old: true,
    })
    expect(definitionsOf({ $defs: 5, definitions: [] })).toEqual({})
  })

  test('are referred to there', () => {
    const value = {
      a: [{ $ref: '#/definitions/Old/x' }, { $ref: '#/definitions/City' }],
      b: { $ref: '#/$defs/City', default: '#/definitions/Old' },
    }
    expect(renamed(value, root)).toEqual({
      a: [{ $ref: '#/$defs/Old/x' }, { $ref: '#/$defs/definitions.City' }],
      b: { $ref: '#/$defs/City', default: '#/definitions/Old' },
    })
    expect(renamed(value, { $defs: {} })).toBe(value)
  })

  test('keep the digits of what stands beside a reference', () => {
    const value = { maximum: JSON.rawJSON('12345678901234567890'), $ref: '#/definitions/Old' }
    expect(JSON.stringify(renamed(value, root))).toBe(
      '{"maximum":12345678901234567890,"$ref":"#/$defs/Old"}',
    )
  })
})
