/** What the bench writes: verdicts, tables, charts, and the document they stand in. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { barChartSvg } from './bar-chart.ts'
import { readCommandLine } from './command-line.ts'
import { familyOf } from './machine.ts'
import { cellText, numberText } from './number-text.ts'
import { writeReport } from './report.ts'
import { markdownTable, terminalTable } from './table.ts'
import { TARGET_IDS, TARGETS, type TargetId } from './targets.ts'
import { judge, verdictText } from './verdict.ts'

const lower = {
  title: 't',
  short: 's',
  unit: ' ms',
  better: 'lower',
  gate: 4,
  stretch: 1.5,
} as const
const higher = {
  title: 't',
  short: 's',
  unit: ' ×',
  better: 'higher',
  gate: 8,
  stretch: 12,
} as const

describe('a verdict', () => {
  test.each([
    [lower, [1, 1.5, 9], 'gate held, stretch reached'],
    [lower, [1.6, 4, 4], 'gate held, stretch not reached'],
    [lower, [4.1], 'GATE MISSED'],
    [higher, [12, 14, 1], 'gate held, stretch reached'],
    [higher, [8], 'gate held, stretch not reached'],
    [higher, [7.9], 'GATE MISSED'],
    [lower, [], 'not measured'],
  ])('on %j with %j: %s', (target, samples, text) => {
    expect(verdictText(judge(target, { samples, remarks: [] }))).toBe(text)
  })

  test('on what was not measured says why', () => {
    expect(judge(lower, { why: 'no such thing' })).toEqual({
      kind: 'skipped',
      why: 'no such thing',
    })
  })
})

test('every stretch is at least as hard as its gate', () => {
  for (const { better, gate, stretch } of Object.values(TARGETS)) {
    expect(better === 'lower' ? stretch <= gate : stretch >= gate).toBe(true)
  }
})

test.each([
  [0.1234, '0.12'],
  [1.5, '1.50'],
  [36.23, '36.2'],
  [283.4, '283'],
  [9988.2, '9,988'],
])('%d is shown as %s', (value, text) => {
  expect(numberText(value)).toBe(text)
  expect(cellText(value)).toBe(text)
})

test('what is not there is shown as a dash', () => {
  expect([null, undefined, Number.NaN].map(cellText)).toEqual(['–', '–', '–'])
})

const TABLE = { columns: ['a', 'b'], rows: [['long one', '1'], ['x|y', '22']] } // prettier-ignore

test('a table is aligned by what its columns hold, and escaped in a document', () => {
  expect(terminalTable(TABLE)).toBe('  a          b\n  long one   1\n  x|y       22\n')
  expect(markdownTable(TABLE)).toBe('| a | b |\n| --- | ---: |\n| long one | 1 |\n| x\\|y | 22 |\n')
})

describe('a chart', () => {
  const svg = barChartSvg({
    name: 'c',
    title: 'Cost & more',
    subtitle: 'µs',
    bars: [
      { label: 'tolk', value: 10, tone: 'ours' },
      { label: '<A>', value: 40 },
    ],
    marks: [{ value: 20, label: 'gate' }],
  })

  test('has bars as long as their values', () => {
    const [, ...widths] = [...svg.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, px]) =>
      Number(px),
    )
    expect(widths).toHaveLength(2)
    expect((widths[1] ?? 0) / (widths[0] ?? 1)).toBeCloseTo(4, 1)
  })

  test('escapes what is said, and brings a page of its own for light and dark', () => {
    expect(svg).toContain('Cost &amp; more')
    expect(svg).toContain('&lt;A&gt;')
    expect(svg).toContain('prefers-color-scheme: dark')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('survives having nothing to show', () => {
    const bars = [{ label: 'none', value: 0 }]
    expect(barChartSvg({ name: 'c', title: '', subtitle: '', bars })).not.toMatch(/NaN|Infinity/)
  })
})

test('the report names every figure, includes every chart it links, and ends with the findings', () => {
  const verdicts = new Map(
    TARGET_IDS.map((id): [TargetId, ReturnType<typeof judge>] => [
      id,
      judge(TARGETS[id], { samples: [TARGETS[id].gate], remarks: [] }),
    ]),
  )
  const chart = { name: 'one', title: 'One', subtitle: '', bars: [{ label: 'a', value: 1 }] }
  const files = writeReport({
    verdicts,
    situations: [{ name: 's', title: 'Of s', about: 'About.', tables: [TABLE], charts: [chart] }],
    missing: ['No nginx.'],
    machine: 'a machine',
    isPinned: true,
    date: '2026-01-31',
    command: 'npm run bench',
    rounds: 4,
    findings: 'What was found.\n',
  })
  const document = files.find(({ name }) => name === 'README.md')?.text ?? ''
  for (const { title } of Object.values(TARGETS)) expect(document).toContain(`| ${title} |`)
  const linked = [...document.matchAll(/\]\(([\w-]+\.svg)\)/g)].map(([, name]) => name)
  expect(linked).toEqual(['overview.svg', 'one.svg'])
  expect(files.map(({ name }) => name)).toEqual(['README.md', ...linked])
  expect(document).toContain('## Of s\n\nAbout.')
  expect(document).toMatch(/## What stands in the way\n\nWhat was found\.\n$/)
})

const kept = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')

test('the report that is kept ends with the findings that are kept', () => {
  expect(kept('README.md').split('\n## What stands in the way\n\n')[1]).toBe(kept('findings.md'))
})

test.each([
  ['AMD EPYC 9R14', 'AMD EPYC'],
  ['Intel(R) Xeon(R) Platinum 8488C', 'Intel Xeon'],
  ['Apple M4 Pro', 'Apple silicon'],
  ['a chip of tomorrow', 'another family'],
])('%s is told as %s', (model, family) => {
  expect(familyOf(model)).toBe(`${family} (${process.arch})`)
})

describe('the command line', () => {
  test('names situations, and what is installed elsewhere', () => {
    expect(readCommandLine(['paced', '--quick', '--portkey', 'p.js'], ['paced'], {})).toEqual({
      situations: ['paced'],
      isQuick: true,
      isHelp: false,
      portkey: 'p.js',
      program: undefined,
    })
  })

  test.each([[['faster']], [['--fast']]])('refuses %j', (args) => {
    expect(() => readCommandLine(args, ['paced'], {})).toThrow(/fast/)
  })
})
