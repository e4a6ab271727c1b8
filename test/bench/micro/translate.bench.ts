/** A token's way through the middle, decode → turn → encode, by how many share a read. */
import { expect, test } from 'vitest'
import { chatRecordings, recording } from '../../support/recordings.ts'
import { hear, stream } from '../../support/translate.ts'

/** Tokens of one answer: enough for what is made once for each of them not to show. */
const TOKENS = 640

test(`an answer of ${TOKENS} tokens, by tokens per read`, async ({ bench }) => {
  const [one, eight, many] = [1, 8, 64].map(reads)
  expect(said(many)).toBe(said(one))
  await bench.compare(
    bench('1 to a read', () => {
      said(one)
    }),
    bench('8 to a read', () => {
      said(eight)
    }),
    bench('64 to a read', () => {
      said(many)
    }),
  )
})

test('every recorded chat', async ({ bench }) => {
  const whole = chatRecordings().map(({ bytes }) => [bytes.toString('latin1')])
  const byLine = whole.map(([text = '']) => text.split(LINE_END))
  expect(byLine.map(said)).toEqual(whole.map(said))
  await bench.compare(
    bench('in one read each', () => {
      for (const slices of whole) said(slices)
    }),
    bench('line by line', () => {
      for (const slices of byLine) said(slices)
    }),
  )
})

/** What a streaming client gets of an upstream's reads. */
const said = (slices: readonly string[] = []): string => stream(hear(slices)).join('')

const LINE_END = /(?<=\n)/

/** A recorded answer whose words are said again and again, so many of them to a read, and its end. */
const reads = (perRead: number): readonly string[] => {
  const recorded = recording('chat/native/think-text').bytes.toString('latin1').split(LINE_END)
  const words = recorded.filter(
    (line) => /"content":"[^"]/.test(line) && line.includes('"done":false'),
  )
  if (words.length === 0) throw new Error('a recording without words')
  const lines = Array.from({ length: TOKENS }, (_, index) => words[index % words.length])
  const slices = Array.from({ length: TOKENS / perRead }, (_, index) =>
    lines.slice(index * perRead, (index + 1) * perRead).join(''),
  )
  return [...slices, recorded.at(-1) ?? '']
}
