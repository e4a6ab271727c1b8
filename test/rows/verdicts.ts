/** A verdict for each row of the specification, and what is wrong with the lists that lead to it. */
import { idsOf, type Claim } from './claims.ts'

export type Lists = {
  /** By id, what is expected. */
  readonly rows: Readonly<Record<string, string>>
  /** Rows without a test. */
  readonly toBuild: readonly string[]
  /** By id, why no test can be written. */
  readonly notApplicable: Readonly<Record<string, string>>
  /** By id, what its tests do not show yet. */
  readonly inPart: Readonly<Record<string, string>>
  readonly claims: readonly Claim[]
}

export type Verdict = {
  readonly id: string
  readonly verdict: 'passed' | 'failed' | 'not run' | 'tested' | 'open' | 'not applicable'
  /** The first test that claims it, and how many more; or the reason; or what is expected. */
  readonly about: string
  /** Of that test; empty where there is none. */
  readonly file: string
}

/** How many rows may be declared impossible. */
export const MOST_NOT_APPLICABLE = 15

/** @param outcomes of a run; without them a row with a test is only `tested`. */
export const verdictsOf = (
  { rows, notApplicable, inPart, claims }: Lists,
  outcomes?: ReadonlyMap<string, 'passed' | 'failed'>,
): readonly Verdict[] =>
  Object.entries(rows).map(([id, expected]) => {
    const [first, ...more] = claims.filter((claim) => claim.id === id)
    if (first === undefined) {
      const reason = notApplicable[id]
      return reason === undefined
        ? { id, verdict: 'open', about: expected, file: '' }
        : { id, verdict: 'not applicable', about: reason, file: '' }
    }
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    const missing = inPart[id] === undefined ? '' : `; MISSING: ${inPart[id]}`
    return {
      id,
      verdict: outcomes === undefined ? 'tested' : (outcomes.get(id) ?? 'not run'),
      about: `${first.title.slice(idsOf(first.title).join(', ').length + 1)}${others}${missing}`,
      file: first.file,
    }
  })

/** Says what does not fit together, a sentence each. */
export const complaintsOf = ({
  rows,
  toBuild,
  notApplicable,
  inPart,
  claims,
}: Lists): readonly string[] => {
  const tested = new Set(claims.map(({ id }) => id))
  const impossible = Object.keys(notApplicable)
  const excused = [...toBuild, ...impossible]
  const named = new Set([...tested, ...excused, ...Object.keys(inPart)])
  return [
    ...[...named].filter((id) => !(id in rows)).map((id) => `${id} is no row`),
    ...Object.keys(rows)
      .filter((id) => !tested.has(id) && !excused.includes(id))
      .map((id) => `${id} has neither a test nor an entry in open.ts`),
    ...excused
      .filter((id, at) => tested.has(id) || excused.indexOf(id) !== at)
      .map((id) => `${id} is in open.ts although it has a test, or another entry`),
    ...Object.keys(inPart)
      .filter((id) => !tested.has(id))
      .map((id) => `${id} is said to be tested in part, and has no test`),
    ...(impossible.length > MOST_NOT_APPLICABLE
      ? [`${impossible.length} rows are not applicable; ${MOST_NOT_APPLICABLE} may be`]
      : []),
  ]
}
