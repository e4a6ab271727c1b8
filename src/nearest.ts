/** The known names a mistyped one was probably meant to be. */

/**
 * The plausible `candidates` for `word`, best first, at most `max`. Upper and lower case count as the
 * same. Plausible is a name at most a third of whose letters are typed wrongly (a swapped pair is one
 * mistake), or one that begins with the word or holds all of it, as `llama3` does in
 * `llama3.2:latest`.
 */
export const nearest = (word: string, candidates: Iterable<string>, max = 3): readonly string[] => {
  const wanted = word.toLowerCase()
  return [...new Set(candidates)]
    .map((name) => ({ name, rank: rankOf(wanted, name.toLowerCase()) }))
    .filter(({ rank }) => rank < IMPLAUSIBLE)
    .toSorted((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    .slice(0, max)
    .map(({ name }) => name)
}

const IMPLAUSIBLE = Number.POSITIVE_INFINITY

// A shorter word is found inside too many names for that to mean anything.
const LONG_ENOUGH = 3

// Names come from clients too: a longer word is never a slip of the finger, and the distance is quadratic.
const TOO_LONG = 200

/** Mistakes first; a name that only continues the word comes behind a name with one slip in it. */
const rankOf = (word: string, name: string): number => {
  if (word.length > TOO_LONG || name.length > TOO_LONG) return IMPLAUSIBLE
  const longest = Math.max(word.length, name.length)
  const mistakes = distance(word, name)
  if (mistakes <= Math.max(1, Math.floor(longest / 3)) && mistakes < longest) return mistakes
  if (Math.min(word.length, name.length) < LONG_ENOUGH) return IMPLAUSIBLE
  const difference = Math.abs(word.length - name.length) / longest
  if (name.startsWith(word) || word.startsWith(name)) return 1 + difference
  return name.includes(word) || word.includes(name) ? 2 + difference : IMPLAUSIBLE
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
const distance = (from: string, to: string): number => {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const swapped =
        from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
          ? at(beforeLast, column - 2) + 1
          : IMPLAUSIBLE
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (same ? 0 : 1),
          swapped,
        ),
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

const at = (row: readonly number[], column: number): number => row[column] ?? IMPLAUSIBLE
