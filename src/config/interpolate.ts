/** `${NAME}` in the strings of a file → what the environment says. */
import { nodeAt } from './json-schema.ts'
import { isTree, nameOf, type Path, type Tree } from './tree.ts'
import { readWritten } from './written-value.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type Interpolated = {
  readonly value: unknown
  /** The variables used, by the name of the place that used them. */
  readonly variables: ReadonlyMap<string, readonly string[]>
  readonly problems: readonly Unfilled[]
}

/** A text that could not be filled in: its place, and the sentence about it. */
export type Unfilled = { readonly place: string; readonly sentence: string }

/**
 * `$${` stands for `${` itself. Keys are left as they are. A text that named a variable is then read
 * as the option's own variable would be, so that `port: "${PORT}"` is a number.
 */
export const interpolate = (tree: Tree, environment: Environment, file: string): Interpolated => {
  const variables = new Map<string, readonly string[]>()
  const problems: Unfilled[] = []

  const inText = (text: string, path: Path): unknown => {
    const place = nameOf(path)
    const names: string[] = []
    const filled = text.replace(PLACEHOLDER, (whole, name: string | undefined) => {
      if (whole === ESCAPED) return '${'
      if (name === undefined || !NAME.test(name)) {
        const sentence = `\`${place}\` in ${file} has a \`\${\` that no variable's name follows; write \`$\${\` for the two characters themselves.`
        problems.push({ place, sentence })
        return whole
      }
      names.push(name)
      const value = environment[name]
      if (value === undefined) {
        const sentence = `\`${place}\` in ${file} needs the environment variable ${name}, which is not set; set it, or leave the option out.`
        problems.push({ place, sentence })
      }
      return value ?? ''
    })
    if (names.length > 0) variables.set(place, names)
    return names.length > 0 ? readWritten(filled, nodeAt(path) ?? {}) : filled
  }

  const unnameable = (path: Path): void => {
    const place = nameOf(path)
    problems.push({ place, sentence: `unknown key \`${place}\` in ${file}: choose another name.` })
  }

  const inside = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return inText(value, path)
    // No option is so deep: the schema refuses what is.
    if (path.length > MAX_DEPTH) return value
    if (Array.isArray(value)) return value.map((each, index) => inside(each, [...path, index]))
    if (!isTree(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        // The schema would pass over it without a word, as if nobody had written it.
        if (key === '__proto__' && isMap(path)) unnameable([...path, key])
        return [key, inside(each, [...path, key])]
      }),
    )
  }

  return { value: inside(tree, []), variables, problems }
}

/** Whether names of the operator's own choice stand there. */
const isMap = (path: Path): boolean => typeof nodeAt(path)?.additionalProperties === 'object'

const MAX_DEPTH = 32

const ESCAPED = '$${'
const PLACEHOLDER = /\$\$\{|\$\{(?:([^}$]*)\})?/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
