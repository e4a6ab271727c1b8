import { expect, test } from 'vitest'
import { decodePs } from '../../../src/dialects/ollama/ps.ts'
import { Failed } from '../../../src/failure.ts'
import { recording } from '../../support/recordings.ts'

test('tells the recorded windows by name', () => {
  expect(decodePs(recording('catalog/ps').bytes.toString('utf8'))).toEqual(
    new Map([
      ['embed:latest', 4096],
      ['plain:latest', 4096],
      ['generic-think:latest', 4096],
    ]),
  )
})

test.each([
  ['{"models":[]}', []],
  ['{"models":null}', []],
  ['{"models":[{"name":"a:latest"}]}', [['a:latest', 0]]],
  ['{"models":[{"model":"a:latest","context_length":64}]}', [['a:latest', 64]]],
  ['{"models":[{"name":"a:latest","context_length":"64"}]}', [['a:latest', 0]]],
  ['{"models":[null,{},{"name":"a:latest","context_length":64}]}', [['a:latest', 64]]],
] as const)('reads %s as far as it goes', (body, loaded) => {
  expect([...decodePs(body)]).toEqual(loaded)
})

test.each(['', '{}', '[]', '404 page not found'])('refuses what is no list: %s', (body) => {
  expect(() => decodePs(body)).toThrow(Failed)
})
