/** How clients spell the names of models. */

/**
 * The names a client may have meant, the likeliest first: as written, without a provider's prefix (the
 * upstream's own name, or `ollama`, as agents put in front), and each of these with `:latest` where it
 * has no tag.
 */
export const spellings = (name: string, upstreamName: string): readonly string[] => {
  const names = withoutProvider(name, upstreamName)
  return [...names, ...names.filter((each) => !hasTag(each)).map((each) => each + LATEST)]
}

/** The name as written, then without a provider's prefix where it has one; a pattern of names likewise. */
export const withoutProvider = (name: string, upstreamName: string): readonly string[] => {
  const names = [name]
  for (const prefix of new Set([`${upstreamName}/`, 'ollama/'])) {
    const rest = name.slice(prefix.length)
    if (rest !== '' && name.toLowerCase().startsWith(prefix.toLowerCase())) names.push(rest)
  }
  return names
}

/** The name as people say it: `:latest` goes without saying. */
export const shortName = (name: string): string =>
  name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name

const LATEST = ':latest'

// A colon before the last slash belongs to a registry's port: `host:5000/team/model`.
const hasTag = (name: string): boolean => name.lastIndexOf(':') > name.lastIndexOf('/')
