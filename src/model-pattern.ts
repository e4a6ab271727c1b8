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
  let star = pattern.indexOf('*')
  if (star === -1) return pattern === name
  if (!name.startsWith(pattern.slice(0, star))) return false
  let from = star
  let start = star + 1
  for (star = pattern.indexOf('*', start); star !== -1; star = pattern.indexOf('*', start)) {
    const piece = pattern.slice(start, star)
    const at = name.indexOf(piece, from)
    if (at === -1) return false
    from = at + piece.length
    start = star + 1
  }
  const last = pattern.slice(start)
  return name.length - last.length >= from && name.endsWith(last)
}
