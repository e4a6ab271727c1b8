/** The page that says of every row what happens, how far that is held, and by which test; and what is stale in it. */
import { posix } from 'node:path'
import { GROUPS } from './ids.ts'
import type { Lists } from './verdicts.ts'

/** Where the page is, from the repository's root. */
export const PAGE = 'test/rows/README.md'

/** As `npm run rows -- --write` writes it. */
export const pageOf = (lists: Lists): string => {
  const groups = Object.entries(GROUPS).map(([group, about]) => {
    const rows = Object.keys(lists.rows).filter((id) => id.startsWith(group))
    return [`## ${group}: ${about}`, '', ...HEADING, ...rows.map((id) => lineOf(id, lists))].join(
      '\n',
    )
  })
  return `${[INTRODUCTION, ...groups].join('\n\n')}\n`
}

/**
 * What the page says otherwise than it is, a sentence each. While rows are still to be built it may lag behind their
 * verdicts.
 */
export const staleIn = (page: string, lists: Lists): readonly string[] => {
  const told = [...page.matchAll(LINE)].map(([, id = '', expected, verdict, test = '']) => ({
    id,
    expected,
    verdict,
    file: /\]\(([^)]+)\)/.exec(test)?.[1],
  }))
  const ids = Object.keys(lists.rows)
  const isBuilt = lists.toBuild.length === 0
  const complaints = told.flatMap(({ id, expected, verdict, file }) => {
    const claims = lists.claims.filter((claim) => claim.id === id)
    const isClaimed = claims.some((claim) => linkTo(claim.file) === file)
    return [
      ...(expected === cell(lists.rows[id] ?? '') ? [] : [`${id} means something else by now`]),
      ...(isBuilt && verdict !== cell(verdictOf(id, lists)) ? [`${id} has another verdict`] : []),
      ...(file === undefined || isClaimed ? [] : [`${id} is not held by ${file}`]),
    ]
  })
  const isWhole = told.map(({ id }) => id).join() === ids.join()
  return [...(isWhole ? [] : ['the page has other rows, or another order']), ...complaints]
}

const INTRODUCTION = `# What happens when …

What tolk promises for each way in which a network, an upstream, a client or an attacker can fail it: a line for each row of
its reliability specification, with the test that holds it. A title of that test begins with the row's id, so \`npm test -- -t U-23\`
runs what there is of one. Twenty of them can be watched, octet by octet: \`npm run -s faults\`.

\`npm run -s rows -- --write\` writes this page, from \`ids.ts\`, \`open.ts\` and the tests.`

const HEADING = ['| row | what happens | verdict | test |', '|---|---|---|---|']

/** The id has an anchor, so that other documents can point at it. */
const lineOf = (id: string, lists: Lists): string => {
  const first = lists.claims.find((claim) => claim.id === id)
  const test =
    first === undefined ? '' : `[${first.file.replace('test/', '')}](${linkTo(first.file)})`
  const verdict = cell(verdictOf(id, lists))
  return `| <a id="${id.toLowerCase()}"></a>${id} | ${cell(lists.rows[id] ?? '')} | ${verdict} | ${test} |`
}

const LINE = /^\| <a id="[a-z]-\d\d"><\/a>([A-Z]-\d\d) \| (.*?) \| (.*?) \| (.*?) ?\|$/gm

const verdictOf = (id: string, { claims, notApplicable, inPart }: Lists): string => {
  if (!claims.some((claim) => claim.id === id)) {
    const reason = notApplicable[id]
    return reason === undefined ? 'no test yet' : `cannot happen: ${reason}`
  }
  return inPart[id] === undefined ? 'tested' : `tested, but for this: ${inPart[id]}`
}

const linkTo = (file: string): string => posix.relative(posix.dirname(PAGE), file)

const cell = (text: string): string => text.replaceAll('|', '\\|')
