import { expect, test } from 'vitest'
import {
  decodeIncludeUsage,
  ignoredStreamOptions,
} from '../../../src/dialects/openai/stream-options.ts'

test.each([
  [undefined, false],
  [null, false],
  [{}, false],
  [{ include_usage: false }, false],
  [{ include_usage: true }, true],
])('usage of %j: %j', (wire, wanted) => {
  expect(decodeIncludeUsage({ stream_options: wire })).toBe(wanted)
})

test.each([
  [undefined, []],
  [{ include_obfuscation: null }, []],
  [{ include_obfuscation: false }, []],
  [{ include_obfuscation: true }, ['stream_options.include_obfuscation']],
])('of %j it is told that %j has no effect', (wire, names) => {
  expect(ignoredStreamOptions({ stream_options: wire })).toEqual(names)
})
