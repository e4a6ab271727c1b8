/** The table of rows is whole: each has a test, or says why it has none. */
import { describe, expect, test } from 'vitest'
import { documentAt, ROOT } from '../support/documents.ts'
import { allClaims, claimsIn, idsOf, outcomesIn } from './claims.ts'
import { GROUPS, ROWS } from './ids.ts'
import { IN_PART, NOT_APPLICABLE, TO_BUILD } from './open.ts'
import { PAGE, pageOf, staleIn } from './page.ts'
import { complaintsOf, verdictsOf, type Lists } from './verdicts.ts'

const THERE_IS: Lists = {
  rows: ROWS,
  toBuild: TO_BUILD,
  notApplicable: NOT_APPLICABLE,
  inPart: IN_PART,
  claims: allClaims(ROOT),
}

test('each row of the specification has a test or a reason, and none is claimed that is no row', () => {
  expect(complaintsOf(THERE_IS)).toEqual([])
})

test('the page of what happens is as `npm run rows -- --write` writes it', () => {
  expect(staleIn(documentAt(PAGE), THERE_IS)).toEqual([])
})

test('the README points at rows that there are', () => {
  const anchors = [...documentAt('README.md').matchAll(/\(test\/rows\/README\.md#([^)]+)\)/g)]
  const ids = new Set(Object.keys(ROWS).map((id) => id.toLowerCase()))
  expect(anchors.length).toBeGreaterThan(11)
  expect(anchors.map(([, anchor = '']) => anchor).filter((anchor) => !ids.has(anchor))).toEqual([])
})

test('the rows are numbered without a gap', () => {
  const sizes = { P: 25, A: 19, R: 24, U: 67, C: 21, S: 13, F: 14, B: 10, N: 20 }
  const numbered = Object.entries(sizes).flatMap(([group, size]) =>
    Array.from({ length: size }, (_, at) => `${group}-${String(at + 1).padStart(2, '0')}`),
  )
  expect(Object.keys(ROWS)).toEqual(numbered)
  expect(Object.keys(GROUPS)).toEqual(Object.keys(sizes))
})

test.each([
  ['U-23 an end', ['U-23']],
  ['P-12, P-23 a long line', ['P-12', 'P-23']],
  ['an end, U-23', []],
  ['U-23', []],
  ['U-234 an end', []],
  ['U-23: an end', []],
])('%j begins with %j', (title, ids) => {
  expect(idsOf(title)).toEqual(ids)
})

test.each([
  ['a test', "test('U-01 a', () => {})", ['U-01 a']],
  ['a describe over lines', "describe(\n  'U-01 a',\n  () => {})", ['U-01 a']],
  ['a table’s title', "test.each(TABLE)('U-01 %s', f)", ['U-01 %s']],
  ['a row of a table', "test.each([['U-01 a', 1], ['U-02 b', 2]])('%s', f)", ['U-01 a', 'U-02 b']],
  ['a field', "{ title: 'U-01 a' }", ['U-01 a']],
  ['any quotes', 'test("U-01 it\'s", f); test(`U-02 b`, f)', ["U-01 it's", 'U-02 b']],
  ['a comment', "// as 'U-01 a' does\n", []],
  ['another place in a title', "test('as U-01 a', f)", []],
])('%s is read from a source', (_, source, titles) => {
  expect(claimsIn('a.test.ts', source).map(({ title }) => title)).toEqual(titles)
})

const LISTS: Lists = {
  rows: { 'U-01': 'refused', 'U-02': 'no name', 'U-03': 'hangs' },
  toBuild: ['U-02'],
  notApplicable: { 'U-03': 'no resolver' },
  inPart: {},
  claims: [{ id: 'U-01', title: 'U-01 is a 502', file: 'a.test.ts' }],
}
const crowd = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`F-${at + 10}`, 'why']))

describe('what is wrong with the lists is said', () => {
  test.each<[what: string, lists: Partial<Lists>, complaint: string]>([
    ['a row in none', { toBuild: [] }, 'U-02 has neither a test nor an entry in open.ts'],
    ['an id that is no row', { toBuild: ['U-02', 'U-99'] }, 'U-99 is no row'],
    [
      'a test of no row',
      { claims: [...LISTS.claims, { id: 'U-77', title: 'U-77 x', file: '' }] },
      'U-77 is no row',
    ],
    [
      'an entry whose row has a test',
      { toBuild: ['U-01', 'U-02'] },
      'U-01 is in open.ts although it has a test, or another entry',
    ],
    [
      'a row in both',
      { toBuild: ['U-02', 'U-03'] },
      'U-03 is in open.ts although it has a test, or another entry',
    ],
    [
      'a part of nothing',
      { inPart: { 'U-02': 'all' } },
      'U-02 is said to be tested in part, and has no test',
    ],
    [
      'too many reasons',
      { rows: { ...LISTS.rows, ...crowd }, notApplicable: { ...LISTS.notApplicable, ...crowd } },
      '17 rows are not applicable; 15 may be',
    ],
  ])('%s', (_, lists, complaint) => {
    expect(complaintsOf({ ...LISTS, ...lists })).toEqual([complaint])
  })

  test('and of lists that fit nothing', () => {
    expect(complaintsOf(LISTS)).toEqual([])
  })
})

describe('the page', () => {
  const page = pageOf(LISTS)

  test('has a line for each row: what happens, how far it is held, by which test', () => {
    expect(page.split('\n').filter((each) => each.includes('<a id='))).toEqual([
      '| <a id="u-01"></a>U-01 | refused | tested | [a.test.ts](../../a.test.ts) |',
      '| <a id="u-02"></a>U-02 | no name | no test yet |  |',
      '| <a id="u-03"></a>U-03 | hangs | cannot happen: no resolver |  |',
    ])
    expect(staleIn(page, LISTS)).toEqual([])
  })

  const built: Lists = { ...LISTS, toBuild: [], notApplicable: { 'U-02': 'a', 'U-03': 'b|c' } }
  const more = { id: 'U-02', title: 'U-02 y', file: 'test/b.test.ts' }

  test.each<[what: string, was: Lists, is: Partial<Lists>, complaint: string]>([
    [
      'a row that came',
      LISTS,
      { rows: { ...LISTS.rows, 'U-04': 'new' } },
      'the page has other rows, or another order',
    ],
    [
      'another sentence',
      LISTS,
      { rows: { ...LISTS.rows, 'U-01': 'x' } },
      'U-01 means something else by now',
    ],
    ['a test that went', LISTS, { claims: [] }, 'U-01 is not held by ../../a.test.ts'],
    [
      'another reason',
      built,
      { notApplicable: { 'U-02': 'a', 'U-03': 'd' } },
      'U-03 has another verdict',
    ],
    ['a test that came', built, { claims: [...LISTS.claims, more] }, 'U-02 has another verdict'],
    ['a part that is missing', built, { inPart: { 'U-01': 'all' } }, 'U-01 has another verdict'],
  ])('is stale after %s', (_, was, is, complaint) => {
    expect(staleIn(pageOf(was), { ...was, ...is })).toEqual([complaint])
  })

  test('may lag behind verdicts while rows are still to be built, and may name any test of a row', () => {
    expect(staleIn(page, { ...LISTS, toBuild: ['U-02'], inPart: { 'U-01': 'all' } })).toEqual([])
    const earlier = { id: 'U-01', title: 'U-01 z', file: '0.test.ts' }
    expect(staleIn(pageOf(built), { ...built, claims: [earlier, ...built.claims] })).toEqual([])
  })
})

const reportOf = (...results: readonly (readonly [path: readonly string[], status: string])[]) => ({
  testResults: [
    {
      assertionResults: results.map(([path, status]) => ({
        ancestorTitles: path.slice(0, -1),
        title: path.at(-1),
        status,
      })),
    },
  ],
})

test('a row has passed when all of its tests have, whatever carries its id', () => {
  const report = reportOf(
    [['U-01 a', 'streamed'], 'passed'],
    [['U-01 a', 'whole'], 'failed'],
    [['U-01 a', 'kept'], 'passed'],
    [['head', 'U-02 b'], 'passed'],
    [['U-03 c'], 'skipped'],
  )
  expect([...outcomesIn(report)]).toEqual([
    ['U-01', 'failed'],
    ['U-02', 'passed'],
  ])
})

test('the verdict is that of the run, and otherwise only that there is a test', () => {
  expect(verdictsOf(LISTS).map(({ verdict }) => verdict)).toEqual([
    'tested',
    'open',
    'not applicable',
  ])
  for (const [outcomes, verdict] of [
    [new Map([['U-01', 'failed'] as const]), 'failed'],
    [new Map([['U-01', 'passed'] as const]), 'passed'],
    [new Map<string, 'passed'>(), 'not run'],
  ] as const) {
    expect(verdictsOf(LISTS, outcomes)[0]?.verdict).toBe(verdict)
  }
  const inPart = { 'U-01': 'the hint' }
  expect(verdictsOf({ ...LISTS, inPart })[0]?.about).toBe('is a 502; MISSING: the hint')
})
