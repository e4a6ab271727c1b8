import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf, MAX_CHARACTERS, MAX_INPUTS } from '../../src/embedding/batches.ts'

const long = 'x'.repeat(MAX_CHARACTERS)

test.each([
  ['one', ['a'], [['a']]],
  ['as many as fit', Array.from({ length: MAX_INPUTS }, String), [MAX_INPUTS]],
  ['one more', Array.from({ length: MAX_INPUTS + 1 }, String), [MAX_INPUTS, 1]],
  ['thousands', Array.from({ length: 2048 }, String), Array.from({ length: 32 }, () => MAX_INPUTS)],
  ['a long one', ['a', long, 'b'], [1, 1, 1]],
  ['one that is too long by itself', [`${long}x`], [1]],
])('%s', (_, inputs, expected) => {
  const batches = [...batchesOf(inputs)]
  expect(
    batches.map((batch, index) => (Array.isArray(expected[index]) ? batch : batch.length)),
  ).toEqual(expected)
  expect(batches.flat()).toEqual(inputs)
})

test('any inputs come out as they went in, in batches that are not empty and not too large', () => {
  const input = fc.nat(MAX_CHARACTERS).map((length) => 'y'.repeat(length + 1))
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('z'), input), { maxLength: 200 }), (inputs) => {
      const batches = [...batchesOf(inputs)]
      expect(batches.flat()).toEqual(inputs)
      for (const batch of batches) {
        expect(batch.length).toBeGreaterThan(0)
        expect(batch.length).toBeLessThanOrEqual(MAX_INPUTS)
        const characters = batch.length > 1 ? batch.join('').length : 0
        expect(characters).toBeLessThanOrEqual(MAX_CHARACTERS)
      }
    }),
  )
})
