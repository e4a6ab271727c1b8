/** What the configuration file says. */
import type { ConfigFile } from '../config-file.ts'
import { options } from '../options.ts'
import { isTree, nameOf, valueAt } from '../tree.ts'
import { placed, type Said, withReadUrls } from './said.ts'

/** The name of the upstream that environment and flags speak of, too. */
export const upstreamIn = (file: ConfigFile | null): string => {
  const upstreams = valueAt(file?.tree, ['upstreams'])
  return (isTree(upstreams) ? Object.keys(upstreams)[0] : undefined) ?? 'ollama'
}

/** The file's options; what it has beside them stays in its tree, for the schema to refuse. */
export const saidByFile = (file: ConfigFile, upstream: string): Said => {
  // What is there without its variable is nobody's word: one complaint about it is enough.
  const unfilled = new Set(file.problems.map(({ place }) => place))
  const said = withReadUrls(
    options.flatMap((option) => {
      const path = placed(option, upstream)
      const value = valueAt(file.tree, path)
      if (value === undefined || unfilled.has(nameOf(path))) return []
      const variables = variablesIn(file, nameOf(path))
      return [{ path, value, origin: { kind: 'file', file: file.name, variables } }]
    }),
  )
  return { ...said, problems: [...file.problems.map(({ sentence }) => sentence), ...said.problems] }
}

const variablesIn = ({ variables }: ConfigFile, name: string): readonly string[] => {
  const inside = [...variables].filter(
    ([place]) => place === name || place.startsWith(`${name}.`) || place.startsWith(`${name}[`),
  )
  return [...new Set(inside.flatMap(([, names]) => names))]
}
