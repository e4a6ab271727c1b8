/** The configuration file: found, read, and its `${NAME}`s filled in. */
import { dirname, resolve } from 'node:path'
import JSON5 from 'json5'
import { ConfigError } from './config-error.ts'
import { type Environment, interpolate, type Unfilled } from './interpolate.ts'
import type { Origin } from './origin.ts'
import { isTree, type Tree } from './tree.ts'

/** Reads a text file. @throws an error with a `code`, as node:fs does. */
export type ReadFile = (path: string) => string

export type ConfigFile = {
  /** As it was named, for people. */
  readonly name: string
  /** What relative paths in it are relative to. */
  readonly directory: string
  readonly tree: Tree
  /** The variables used, by the name of the place that used them. */
  readonly variables: ReadonlyMap<string, readonly string[]>
  readonly problems: readonly Unfilled[]
}

/** Looked for in this order when none is named. */
const USUAL_NAMES = ['tolk.json5', 'tolk.json']

/**
 * @param named the file that `--config` or TOLK_CONFIG names, with the origin of that name; it must be
 * there, while the usual names may be absent.
 * @throws ConfigError when the file cannot be read at all.
 */
export const readConfigFile = (
  named: { readonly path: string; readonly origin: Origin & { readonly name: string } } | null,
  cwd: string,
  environment: Environment,
  readFile: ReadFile,
): ConfigFile | null => {
  for (const name of named === null ? USUAL_NAMES : [named.path]) {
    const path = resolve(cwd, name)
    const text = textOf(path, readFile)
    if (typeof text === 'string') return parsed(text, name, dirname(path), environment)
    if (named !== null) {
      throw new ConfigError([`\`${named.origin.name}\` names ${name}, which ${text.reason}.`])
    }
    if (!text.absent) throw new ConfigError([`${name} ${text.reason}.`])
  }
  return null
}

const parsed = (
  text: string,
  name: string,
  directory: string,
  environment: Environment,
): ConfigFile => {
  const value = parse(text, name)
  if (!isTree(value)) {
    throw new ConfigError([`${name} must hold one object: { server: { … }, upstreams: { … } }.`])
  }
  const { value: tree, variables, problems } = interpolate(value, environment, name)
  return { name, directory, tree: isTree(tree) ? tree : {}, variables, problems }
}

const parse = (text: string, name: string): unknown => {
  try {
    return JSON5.parse<unknown>(text)
  } catch (error) {
    // json5 names one character and its place, never the text around it.
    const what = error instanceof Error ? error.message.replace(/^JSON5: /, '') : 'unreadable'
    throw new ConfigError([`${name} is not valid JSON5: ${what}.`])
  }
}

/** The file's text, or why there is none. */
export const textOf = (
  path: string,
  readFile: ReadFile,
): string | { readonly absent: boolean; readonly reason: string } => {
  try {
    return readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return { absent: true, reason: 'does not exist' }
    if (code === 'EACCES') return { absent: false, reason: 'may not be read by this user' }
    if (code === 'EISDIR') return { absent: false, reason: 'is a directory' }
    return { absent: false, reason: 'cannot be read' }
  }
}
