import { expect, test } from 'vitest'
import { explain } from '../../src/config/explain.ts'

const origin = { kind: 'default' } as const

test('aligns names, values and origins', () => {
  expect(
    explain([
      { name: 'a', shown: '1', origin },
      { name: 'long.name', shown: '"value"', origin: { kind: 'flag', name: '--x' } },
      { name: 'b', shown: '2', origin: { kind: 'environment', name: 'TOLK_B' } },
      { name: 'c', shown: '3', origin: { kind: 'file', file: 'f', variables: ['A', 'B'] } },
    ]),
  ).toEqual([
    'a          1        default',
    'long.name  "value"  --x',
    'b          2        TOLK_B',
    'c          3        f, ${A}, ${B}',
  ])
})

test('does not let one long value push the others away', () => {
  const long = 'x'.repeat(100)
  expect(
    explain([
      { name: 'a', shown: long, origin },
      { name: 'b', shown: '1', origin },
    ]),
  ).toEqual([`a  ${long}  default`, 'b  1  default'])
})

test('explains nothing with nothing', () => {
  expect(explain([])).toEqual([])
})
