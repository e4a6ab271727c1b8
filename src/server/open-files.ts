/** How many files a process may have open, and how many connections that is room for. */
import { readFileSync } from 'node:fs'

/** The limit that is in force; infinite where the system does not tell (Linux does). */
export const openFileLimit = (read: () => string = readLimits): number => {
  const soft = /^Max open files +(\d+)/m.exec(read())?.[1]
  return soft === undefined ? Infinity : Number(soft)
}

const readLimits = (): string => {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}

/** How many files so many connections need: each its own and one towards the upstream; the rest is tolk's. */
export const filesFor = (connections: number): number => 2 * connections + OWN_FILES

/** As {@link filesFor}, the other way round. */
export const connectionsWithin = (files: number): number =>
  Math.max(1, Math.floor((files - OWN_FILES) / 2))

/** Its sources, its listeners, its log, Node's own, and probes. */
const OWN_FILES = 100
