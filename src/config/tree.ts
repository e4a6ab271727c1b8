/** Plain trees, as JSON5 gives them: reading, writing and naming a place in one. */

/** Keys of objects, indices of lists. */
export type Path = readonly (string | number)[]

export type Tree = Readonly<Record<string, unknown>>

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What stands at `path`; undefined when nothing does. */
export const valueAt = (tree: unknown, path: Path): unknown => {
  let value = tree
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Object.getOwnPropertyDescriptor(value, key)?.value
  }
  return value
}

/** A tree with `value` at `path`. Where an object should be and something else is, that stays. */
export const withValue = (tree: Tree, path: readonly string[], value: unknown): Tree => {
  const [key, ...rest] = path
  if (key === undefined) return tree
  if (rest.length === 0) return { ...tree, [key]: value }
  const below = valueAt(tree, [key]) ?? {}
  return isTree(below) ? { ...tree, [key]: withValue(below, rest, value) } : tree
}

/** A tree with nothing at `path`. */
export const without = (tree: Tree, path: readonly string[]): Tree => {
  const [key, ...rest] = path
  if (key === undefined || !Object.hasOwn(tree, key)) return tree
  const { [key]: below, ...others } = tree
  if (rest.length === 0) return others
  return isTree(below) ? { ...tree, [key]: without(below, rest) } : tree
}

/** `upstreams.ollama.models[0].id`, and `models.aliases["gpt-4o"]` for a key that is no plain word. */
export const nameOf = (path: Path): string =>
  path
    .map((key) => {
      if (typeof key === 'number') return `[${key}]`
      return PLAIN.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
    })
    .join('')
    .replace(/^\./, '')

const PLAIN = /^[A-Za-z_$<][A-Za-z0-9_$>]*$/
