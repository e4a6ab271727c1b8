/** Which tests claim a row: those whose title, or whose describe's or table row's, begins with its id. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

export type Claim = {
  readonly id: string
  /** As it stands in the source, placeholders and all. */
  readonly title: string
  /** From the repository's root. */
  readonly file: string
}

/** The ids that a title begins with, such as `U-23 …` or `P-12, P-23 …`. */
export const idsOf = (title: string): readonly string[] =>
  /^(?:[A-Z]-\d{2}(?:, (?=[A-Z]-\d{2}\b))?)+(?= )/.exec(title)?.[0].split(', ') ?? []

/** All that a test's source claims; a title is a string that opens an argument, an element or a value. */
export const claimsIn = (file: string, source: string): readonly Claim[] =>
  [...source.matchAll(TITLE)].flatMap(([, , title = '']) =>
    idsOf(title).map((id) => ({ id, title, file })),
  )

const TITLE = /(?<=[([,:]\s*)(['"`])([A-Z]-\d{2}[ ,](?:\\.|(?!\1)[^\\\n])*)\1/g

/** The claims of every test there is, in the order of their files. */
export const allClaims = (root: string): readonly Claim[] =>
  globSync('test/**/*.test.ts', { cwd: root })
    // Its titles are the examples it is tested with.
    .filter((file) => file !== 'test/rows/rows.test.ts')
    .toSorted()
    .flatMap((file) => claimsIn(file, readFileSync(join(root, file), 'utf8')))

const reportShape = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({ ancestorTitles: z.array(z.string()), title: z.string(), status: z.string() }),
      ),
    }),
  ),
})

/**
 * What became of each row in a run: its ids are found in the titles that vitest's JSON reporter wrote.
 *
 * @throws ZodError when it is no such report.
 */
export const outcomesIn = (report: unknown): ReadonlyMap<string, 'passed' | 'failed'> => {
  const outcomes = new Map<string, 'passed' | 'failed'>()
  const results = reportShape.parse(report).testResults.flatMap((file) => file.assertionResults)
  for (const { ancestorTitles, title, status } of results) {
    if (status !== 'passed' && status !== 'failed') continue
    for (const id of [...ancestorTitles, title].flatMap(idsOf)) {
      if (outcomes.get(id) !== 'failed') outcomes.set(id, status)
    }
  }
  return outcomes
}
