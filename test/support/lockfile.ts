/** The packages that the lockfile pins, and the licences that they may have. */
import { z } from 'zod'
import { documentAt } from './documents.ts'

export type Locked = {
  readonly name: string
  readonly version: string
  /** An SPDX expression; empty where the package states none. */
  readonly licence: string
  /** Its bytes, as npm checks them. */
  readonly integrity: string
  /** Where its bytes come from, if anything but the registry of whoever installs may say so. */
  readonly resolved: string | null
  /** Whether it is wanted for work on tolk only, and neither published nor in the image. */
  readonly isTool: boolean
  readonly hasInstallScript: boolean
}

const manifestShape = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  engines: z.object({ node: z.string() }),
  files: z.array(z.string()),
  scripts: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
  publishConfig: z.record(z.string(), z.union([z.string(), z.boolean()])).optional(),
})

/** What package.json says, of that which tests ask about. */
export const manifest = (): z.infer<typeof manifestShape> =>
  manifestShape.parse(JSON.parse(documentAt('package.json')))

const lockShape = z.object({
  lockfileVersion: z.number(),
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string().optional(),
      license: z.string().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      link: z.boolean().optional(),
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
      devDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

/** The lockfile, whole; the entry of tolk itself has an empty path. */
export const lockfile = (): z.infer<typeof lockShape> =>
  lockShape.parse(JSON.parse(documentAt('package-lock.json')))

/** Every package but tolk, in the order of their names. */
export const lockedPackages = (): readonly Locked[] =>
  Object.entries(lockfile().packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version ?? '',
      licence: entry.license ?? '',
      integrity: entry.integrity ?? '',
      resolved: entry.resolved ?? (entry.link === true ? path : null),
      isTool: entry.dev === true || entry.devOptional === true,
      hasInstallScript: entry.hasInstallScript === true,
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))

/** What may be handed on inside tolk: notice and text are all that these ask for. */
const SHIPPED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'])

/** What may be used to make it: changed files of these would have to be given away, and none is changed or handed on. */
const USED = new Set([...SHIPPED, 'MPL-2.0'])

/** The packages whose licence nobody has agreed to. */
export const unlicensed = (packages: readonly Locked[]): readonly Locked[] =>
  packages.filter(({ isTool, licence }) => !(isTool ? USED : SHIPPED).has(licence))

/** Whether a version is no older than another; both are numbers with dots. */
export const isAtLeast = (version: string, floor: string): boolean => {
  const numbers = version.split('.').map(Number)
  for (const [at, least] of floor.split('.').map(Number).entries()) {
    const part = numbers[at] ?? Number.NaN
    if (part !== least) return part > least
  }
  return true
}
