/** Lanes read well: a label where a lane begins, words wrapped beside it. */
import { expect, test } from 'vitest'
import { createLanes } from '../../src/demo/lanes.ts'

const printed = (
  says: readonly (readonly [Parameters<ReturnType<typeof createLanes>['say']>[0], string])[],
  options: { colours?: boolean; columns?: number } = {},
): string => {
  let text = ''
  const write = (words: string): void => {
    text += words
  }
  const lanes = createLanes(write, { colours: false, columns: 40, ...options })
  for (const [lane, words] of says) lanes.say(lane, words)
  lanes.end()
  return text
}

test('labels a lane once, however many pieces it comes in', () => {
  expect(
    printed([
      ['reasoning', 'I'],
      ['reasoning', ' think.'],
      ['content', 'Hi'],
      ['content', '!'],
      ['tool call', 'f({})'],
    ]),
  ).toBe('reasoning │ I think.\n  content │ Hi!\ntool call │ f({})\n')
})

test('wraps between words and never inside one', () => {
  const pieces = 'An interpreter carries each word across'.match(/\s*\S{1,4}/g) ?? []
  const text = printed(pieces.map((piece) => ['content', piece] as const))
  expect(text).toBe('  content │ An interpreter carries\n          │ each word across\n')
})

test('keeps the line breaks of what was said', () => {
  expect(printed([['content', 'one\ntwo']])).toBe('  content │ one\n          │ two\n')
})

test('breaks what has no blanks at the edge', () => {
  const text = printed(Array.from({ length: 8 }, () => ['content', 'xxxxxxxx'] as const))
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(40)
  expect(text.replaceAll(/[^x]/g, '')).toHaveLength(64)
})

test('paints only where it is asked to', () => {
  const escape = String.fromCodePoint(27)
  expect(printed([['content', 'x']])).not.toContain(escape)
  expect(printed([['content', 'x']], { colours: true })).toContain(`${escape}[32m  content`)
})
