/** Patterns that name models: `gpt-oss:*`, `llama3`, `*`. */

/**
 * Whether `pattern` names the model that the upstream calls `name`. `*` stands for any text, case does
 * not count, and a pattern without a tag means `:latest`, as it does to Ollama.
 */
export const matchesModel = (pattern: string, name: string): boolean => {
  const wanted = pattern.toLowerCase()
  const model = name.toLowerCase()
  return matches(wanted, model) || matches(`${wanted}:latest`, model)
}

/** Greedy, piece by piece: no pattern is ever made a regular expression, so none can be slow. */
const matches = (pattern: string, name: string): boolean => {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === name
  if (!name.startsWith(first)) return false
  let from = first.length
  for (const piece of rest) {
    const at = name.indexOf(piece, from)
    if (at === -1) return false
    from = at + piece.length
  }
  return name.length - last.length >= from && name.endsWith(last)
}
