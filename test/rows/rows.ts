/**
 * Prints the table of the reliability rows: `npm run rows`, or `npm run rows -- report.json` with what became of
 * them in a run (`npm test -- --reporter=json --outputFile=report.json`). With `--prune` it first takes those that have
 * a test by now out of open.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/documents.ts'
import { allClaims, outcomesIn } from './claims.ts'
import { GROUPS, ROWS } from './ids.ts'
import { IN_PART, NOT_APPLICABLE, TO_BUILD } from './open.ts'
import { PAGE, pageOf } from './page.ts'
import { complaintsOf, verdictsOf, type Lists } from './verdicts.ts'

const path = process.argv.slice(2).find((argument) => !argument.startsWith('--'))
const claims = allClaims(ROOT)
const isTested = (id: string): boolean => claims.some((claim) => claim.id === id)
const prunes = process.argv.includes('--prune')

const lists: Lists = {
  rows: ROWS,
  toBuild: prunes ? TO_BUILD.filter((id) => !isTested(id)) : TO_BUILD,
  notApplicable: NOT_APPLICABLE,
  inPart: IN_PART,
  claims,
}
if (prunes) {
  const file = join(ROOT, 'test/rows/open.ts')
  const list = lists.toBuild.map((id) => `'${id}'`).join(', ')
  const pruned = readFileSync(file, 'utf8').replace(
    /(?<=TO_BUILD: readonly string\[\] = \[)[^\]]*/,
    list,
  )
  writeFileSync(file, pruned)
}
if (process.argv.includes('--write')) writeFileSync(join(ROOT, PAGE), pageOf(lists))
const outcomes = path === undefined ? undefined : outcomesIn(JSON.parse(readFileSync(path, 'utf8')))
const verdicts = verdictsOf(lists, outcomes)

for (const [group, about] of Object.entries(GROUPS)) {
  console.log(
    `\n## ${group}: ${about}\n\n| row | verdict | test, or why not | file |\n|---|---|---|---|`,
  )
  for (const { id, verdict, about: text, file } of verdicts) {
    if (id.startsWith(group))
      console.log(`| ${id} | ${verdict} | ${text.replaceAll('|', '\\|')} | ${file} |`)
  }
}

const counts = Object.entries(Object.groupBy(verdicts, ({ verdict }) => verdict))
const words = counts.map(([verdict, these]) => `${these.length} ${verdict}`)
console.log(
  `\n${verdicts.length} rows: ${words.join(', ')}; ${Object.keys(IN_PART).length} in part`,
)

const complaints = complaintsOf(lists)
for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0 || verdicts.some(({ verdict }) => verdict === 'failed')) {
  process.exitCode = 1
}
