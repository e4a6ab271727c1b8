/** How long, which phases, which seed; and what is zero, and what is not, at the end. */
import { describe, expect, test } from 'vitest'
import { readCommandLine } from './command-line.ts'
import { PHASES } from './phases.ts'
import { summary, verdictLine } from './report.ts'
import { specOf } from './spec.ts'
import { Tally } from './tally.ts'

const read = (...args: readonly string[]) => readCommandLine(args, ['L1', 'L3', 'L7'], 42)

describe('the command line', () => {
  test('left alone, it is ten minutes of everything', () => {
    expect(read()).toMatchObject({ seconds: 600, seed: 42, only: [], isHelp: false })
  })

  test.each([
    [['--minutes', '2'], { seconds: 120 }],
    [['--minutes', '0.5'], { seconds: 30 }],
    [['--seconds', '60'], { seconds: 60 }],
    [['--seed', '7'], { seed: 7 }],
    [['--program', 'src/main.ts'], { program: 'src/main.ts' }],
    [['--only', 'L3,L7'], { only: ['L3', 'L7'] }],
    [['--only', 'L3', '--only', 'L1'], { only: ['L3', 'L1'] }],
  ])('%j', (args, expected) => {
    expect(read(...args)).toMatchObject(expected)
  })

  test.each([
    ['--only', 'L99'],
    ['--seconds', '1'],
    ['--seconds', 'x'],
    ['--minutes', ''],
    ['--seconds', '1e9'],
    ['--fast'],
    ['more'],
  ])('%s %s is not understood', (...args) => {
    expect(() => read(...args)).toThrow(/./)
  })
})

test('the phases have every row of the plan, and leave time to begin and end', () => {
  const ids = PHASES.flatMap((phase) => phase.ids)
  expect(ids.toSorted()).toEqual(Array.from({ length: 15 }, (_, n) => `L${n + 1}`).toSorted())
  const share = PHASES.reduce((sum, phase) => sum + phase.share, 0)
  expect(share).toBeGreaterThan(0.8)
  expect(share).toBeLessThanOrEqual(1)
})

describe('the tally', () => {
  const heard = {
    complaints: [],
    got: 'all',
    deltas: 20,
    requestId: 'req_1',
    end: 'whole',
    status: 200,
  } as const

  test('counts what was done', () => {
    const tally = new Tally()
    tally.judged(heard, specOf(1, 1, { fault: 'done-twice', chunking: 'cut' }), { stream: true })
    tally.judged({ ...heard, got: 'part', deltas: 3 }, specOf(2, 1), {
      stream: false,
      leaves: { when: 3, how: 'reset' },
    })
    expect(tally).toMatchObject({
      streams: 1,
      wholes: 1,
      deltas: 23,
      ends: { all: 1, failure: 0, part: 1 },
      faults: 0,
    })
    expect(Object.fromEntries(tally.injected)).toEqual({
      'done-twice': 1,
      'lines cut anywhere': 1,
      'client leaves by reset': 1,
    })
  })

  test('knows what should be zero and is not', () => {
    const tally = new Tally()
    tally.expect('hung', 'a', 1, 1)
    expect(tally.faults).toBe(0)
    tally.expect('hung', 'streams', 2, 0)
    const complaints = [{ zero: 'lost' as const, count: 3, what: 'lost' }]
    tally.judged({ ...heard, complaints }, specOf(1, 1), { stream: true })
    expect(tally.faults).toBe(4)
    const text = summary(tally, [])
    expect(text).toMatch(/deltas lost +3/)
    expect(text).toMatch(/hangs +1/)
    expect(text).toMatch(/deltas altered +0/)
    expect(text).toContain('! hangs: streams: 2 instead of 0')
  })

  test('a verdict is one line', () => {
    const verdict = { id: 'L2', what: 'all', outcome: 'not here', figures: 'none' } as const
    expect(verdictLine(verdict)).toBe('  L2   not here  all: none')
  })
})
