/** What resolving asks of the world: files, and the words to complain in. */
import { resolve } from 'node:path'
import { type ConfigFile, type ReadFile, textOf } from './config-file.ts'
import type { Layered } from './layers.ts'
import { placeOf } from './place.ts'
import { nameOf, type Path } from './tree.ts'

export type Outside = {
  /** Notes that the value at `path` cannot be; `message` goes on from the option's name. */
  complain(path: Path, message: string): void
  /** Notes that the value at `path` is odd; `message` goes on from the option's name. */
  warn(path: Path, message: string): void
  /**
   * The text of the file that the option at `path` names, without the line break at its end; undefined,
   * and a complaint, when it cannot be had. The name is never repeated: it may be a secret that was
   * written into the wrong option.
   */
  read(path: Path, file: string): string | undefined
  /**
   * Warns when others than its owner may read the file that the option at `path` names: a secret is in it.
   */
  warnIfOpen(path: Path, file: string): void
  /** Every complaint so far. */
  readonly problems: readonly string[]
  /** Every warning so far. */
  readonly warnings: readonly string[]
}

/** A file's permission bits, as `stat` has them; 0 where they say nothing. Never throws. */
export type ModeOf = (path: string) => number

/** Files, as the machine has them. */
type Files = { readonly readFile: ReadFile; readonly modeOf: ModeOf }

const READABLE_BY_OTHERS = 0o044

/** A relative name in the file is relative to the file, and any other to the working directory. */
export const createOutside = (
  layered: Layered,
  file: ConfigFile | null,
  cwd: string,
  { readFile, modeOf }: Files,
): Outside => {
  const problems: string[] = []
  const warnings: string[] = []
  const complain = (path: Path, message: string) => {
    problems.push(`${placeOf(path, layered)} ${message}.`)
  }
  const directoryFor = (path: Path): string => {
    for (let length = path.length; length > 0; length--) {
      const origin = layered.origins.get(nameOf(path.slice(0, length)))
      if (origin !== undefined) return origin.kind === 'file' ? (file?.directory ?? cwd) : cwd
    }
    return cwd
  }
  const warn = (path: Path, message: string) => {
    warnings.push(`${placeOf(path, layered)} ${message}.`)
  }
  const pathOf = (path: Path, name: string): string => resolve(directoryFor(path), name)
  return {
    problems,
    warnings,
    complain,
    warn,
    read: (path, name) => {
      const text = textOf(pathOf(path, name), readFile)
      if (typeof text === 'string') return text.replace(/\r?\n$/, '')
      complain(path, `names a file that ${text.reason}`)
      return undefined
    },
    warnIfOpen: (path, name) => {
      const mode = modeOf(pathOf(path, name)) & 0o777
      if ((mode & READABLE_BY_OTHERS) === 0) return
      warn(
        path,
        `names a file that other users of this machine may read (its mode is ${mode.toString(8)}); make it 600`,
      )
    },
  }
}
