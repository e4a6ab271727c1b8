import { expect, test } from 'vitest'
import { decodeNumCtx } from '../../../src/dialects/ollama/parameters.ts'

test.each([
  ['num_ctx                        64', 64],
  ['temperature                    0.3\nnum_ctx                        8192\nstop   "x"', 8192],
  ['num_ctx                        1.048576e+06', 1_048_576],
  ['num_ctx                        131072\r\n', 131_072],
  ['', 0],
  ['temperature                    0.3', 0],
  ['num_ctx                        ', 0],
  ['num_ctx                        0', 0],
  ['num_ctx                        -1', 0],
  ['num_ctx                        40.5', 0],
  ['num_ctx                        lots', 0],
  ['num_ctx                        1e400', 0],
  ['stop                           "num_ctx 64"', 0],
  [String.raw`stop                           "a\nnum_ctx 64"`, 0],
  ['my_num_ctx                     64', 0],
])('reads %j as %d', (parameters, numCtx) => {
  expect(decodeNumCtx(parameters)).toBe(numCtx)
})
