/** A machine of its own for a configuration: files, an environment, a command line. */
import { ConfigError } from '../../src/config/config-error.ts'
import type { Flags } from '../../src/config/flag-table.ts'
import { type Loaded, loadConfig } from '../../src/config/load.ts'

export type World = {
  /** The text of /etc/tolk/tolk.json5, where tolk is started; absent when there is none. */
  readonly file?: string
  /** Other files, by absolute path. */
  readonly files?: Readonly<Record<string, string>>
  /** Permission bits of those files; nothing is known of the others. */
  readonly modes?: Readonly<Record<string, number>>
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: Flags
}

export const DIRECTORY = '/etc/tolk'

export const load = ({ file, files = {}, modes = {}, env = {}, flags = {} }: World = {}): Loaded =>
  loadConfig({
    flags,
    environment: env,
    cwd: DIRECTORY,
    modeOf: (path) => modes[path] ?? 0,
    readFile: (path) => {
      const text = path === `${DIRECTORY}/tolk.json5` ? file : files[path]
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return text
    },
  })

/** What is wrong with it; fails when nothing is. */
export const problemsOf = (world: World): readonly string[] => {
  try {
    load(world)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('nothing was refused')
}
