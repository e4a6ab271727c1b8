/** File, environment and flags → one Config. The only reader of the process's environment. */
import { readFileSync, statSync } from 'node:fs'
import { complaints, unsaid } from './complaint.ts'
import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigFile, type ReadFile, readConfigFile } from './config-file.ts'
import { effective, type Setting } from './effective.ts'
import type { Flags } from './flag-table.ts'
import type { Environment } from './interpolate.ts'
import { layered } from './layers.ts'
import { createOutside, type ModeOf } from './outside.ts'
import { resolveConfig } from './resolve.ts'
import { settingsSchema } from './schema.ts'
import { CONFIG_VARIABLE, saidByEnvironment } from './sources/environment.ts'
import { saidByFile, upstreamIn } from './sources/file.ts'
import { saidByFlags } from './sources/flags.ts'
import { saidByOllama } from './sources/ollama.ts'
import { nameOf, type Tree } from './tree.ts'

/** Where a configuration is looked for; what is absent is the process's own. */
export type Sources = {
  readonly flags?: Flags
  readonly environment?: Environment
  /** The directory that is searched for tolk.json5. */
  readonly cwd?: string
  readonly readFile?: ReadFile
  readonly modeOf?: ModeOf
}

export type Loaded = {
  /** Deeply frozen. */
  readonly config: Config
  /** Every value in force with its origin, for `explain`; nothing secret is in it. */
  readonly settings: readonly Setting[]
  /** The configuration file as it was named; null when there is none. */
  readonly file: string | null
  /** What the operator should know although it stops nobody, a sentence each. Nothing secret is in them. */
  readonly warnings: readonly string[]
}

/**
 * Precedence: flags, environment, file, defaults.
 *
 * @throws ConfigError with one sentence for each thing that is wrong, no secret in any of them.
 */
export const loadConfig = ({
  flags = {},
  environment = process.env,
  cwd = process.cwd(),
  readFile = (path) => readFileSync(path, 'utf8'),
  modeOf = permissionsOf,
}: Sources = {}): Loaded => {
  const file = readConfigFile(namedFile(flags, environment), cwd, environment, readFile)
  const upstream = upstreamIn(file)
  const said = [
    saidByOllama(environment, file, upstream),
    ...(file === null ? [] : [saidByFile(file, upstream)]),
    saidByEnvironment(environment, upstream),
    saidByFlags(flags, upstream),
  ]
  const merged = layered(
    file,
    upstream,
    said.map(({ assignments }) => assignments),
  )
  const parsed = checked(merged.tree)
  const problems = [
    ...said.flatMap((each) => each.problems),
    ...(parsed.error?.issues ?? [])
      .filter(({ path }) => !isUnfilled(file, path))
      .flatMap((issue) => complaints(issue, merged)),
  ]
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)

  const outside = createOutside(merged, file, cwd, { readFile, modeOf })
  const config = resolveConfig(parsed.data, upstream, outside)
  if (outside.problems.length > 0) throw new ConfigError(outside.problems)
  return {
    config,
    settings: effective(parsed.data, config, merged.origins),
    file: file?.name ?? null,
    warnings: [...merged.warnings, ...outside.warnings],
  }
}

const checked = (tree: Tree) => {
  try {
    // zod compiles a schema at its first use, 5 ms here; this one is used once.
    return settingsSchema.safeParse(tree, { error: unsaid, jitless: true })
  } catch (cause) {
    // It passes lists of faults on as arguments: some hundred thousand are more than the stack holds.
    if (cause instanceof RangeError) throw new ConfigError([TOO_MANY])
    throw cause
  }
}

const TOO_MANY =
  'The configuration has more faults than can be told. Is it one of tolk? `tolk schema` prints what may stand in it.'

/** Windows has permissions of another kind, and says 666 of nearly every file. */
const permissionsOf: ModeOf = (path) =>
  process.platform === 'win32' ? 0 : (statSync(path, { throwIfNoEntry: false })?.mode ?? 0)

/** Whether a complaint about this value would be one about a variable that is not set. */
const isUnfilled = (file: ConfigFile | null, path: readonly PropertyKey[]): boolean => {
  const name = nameOf(path.filter((key) => typeof key !== 'symbol'))
  return file?.problems.some(({ place }) => place === name) === true
}

const namedFile = (
  flags: Flags,
  environment: Environment,
): Parameters<typeof readConfigFile>[0] => {
  if (typeof flags.config === 'string') {
    return { path: flags.config, origin: { kind: 'flag', name: '--config' } }
  }
  const path = environment[CONFIG_VARIABLE]?.trim() ?? ''
  return path === '' ? null : { path, origin: { kind: 'environment', name: CONFIG_VARIABLE } }
}
