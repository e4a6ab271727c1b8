/** Files that may be open, as Linux says it; how many connections they are room for. */
import { expect, test } from 'vitest'
import { connectionsWithin, filesFor, openFileLimit } from '../../src/server/open-files.ts'

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     
Max processes             15422                15422                processes 
Max open files            ${soft.padEnd(20)} 524288               files     
Max locked memory         67108864             67108864             bytes     
`

test.each([
  ['the one in force', limits('1024'), 1024],
  ['none', limits('unlimited'), Infinity],
  ['what nobody can read', '', Infinity],
])('%s', (_, text, files) => {
  expect(openFileLimit(() => text)).toBe(files)
})

test('R-10 the files of so many connections are no more than there may be', () => {
  for (const files of [256, 1024, 20_000, 20_001]) {
    expect(filesFor(connectionsWithin(files))).toBeLessThanOrEqual(files)
    expect(filesFor(connectionsWithin(files) + 1)).toBeGreaterThan(files)
  }
  expect(filesFor(10_000)).toBe(20_100)
  expect(connectionsWithin(Infinity)).toBe(Infinity)
  expect(connectionsWithin(50)).toBe(1)
})
