import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EmbeddingList } from '../../../src/dialects/openai/embedding-list.ts'
import type { VectorEncoding } from '../../../src/dialects/openai/embedding-request.ts'
import { fromOctets } from '../../../src/wire/octets.ts'

const answer = (
  encoding: VectorEncoding,
  batches: readonly (readonly number[][])[],
  model = 'e',
) => {
  const list = new EmbeddingList(model, encoding)
  for (const batch of batches) list.add(batch)
  return fromOctets(list.end(7).join(''))
}

test('is what OpenAI answers, with an index across all batches', () => {
  expect(
    JSON.parse(
      answer(
        'float',
        [
          [
            [1, 0.5],
            [0, -1],
          ],
          [[0.25, 2]],
        ],
        'größe "x"',
      ),
    ),
  ).toEqual({
    object: 'list',
    data: [
      { object: 'embedding', index: 0, embedding: [1, 0.5] },
      { object: 'embedding', index: 1, embedding: [0, -1] },
      { object: 'embedding', index: 2, embedding: [0.25, 2] },
    ],
    model: 'größe "x"',
    usage: { prompt_tokens: 7, total_tokens: 7 },
  })
})

test('base64 is the 32-bit floats, little-endian', () => {
  const [first] = JSON.parse(answer('base64', [[[1, -2.5]]])).data
  expect(first.embedding).toBe(Buffer.from([0, 0, 128, 63, 0, 0, 32, 192]).toString('base64'))
})

test('both encodings are the same vector, bit for bit', () => {
  const floats = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
    minLength: 1,
    maxLength: 5000,
  })
  fc.assert(
    fc.property(floats, (vector) => {
      const [float] = JSON.parse(answer('float', [[vector]])).data
      const [base64] = JSON.parse(answer('base64', [[vector]])).data
      const bytes = Buffer.from(base64.embedding, 'base64')
      const read = vector.map((_, index) => bytes.readFloatLE(index * 4))
      // JSON has no negative zero of its own; the bytes do.
      expect(read).toEqual([...new Float32Array(vector)])
      expect(float.embedding).toEqual(read.map((value) => (value === 0 ? 0 : value)))
    }),
    { numRuns: 50 },
  )
})
