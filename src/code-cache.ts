/**
 * Compiled code is kept from one start to the next: from the sources the second start takes half the time of the
 * first, because the types are off already. Node takes what it finds for its own compiler's work, so whoever can write there
 * runs code in a process that holds keys: it is kept in the user's home alone, and never in a shared /tmp.
 */
import { existsSync, lstatSync, mkdirSync, realpathSync, type Stats } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Keeps it below `~/.cache/tolk`. Where that is not this user's own, or cannot be written, nothing is kept, and
 * nothing is said: it would only have been faster. NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE win.
 */
export const keepCompiledCode = (): void => {
  const folder = privateFolder()
  if (folder === null) return
  enableCompileCache(folder)
  setTimeout(flushCompileCache, SETTLED_MS).unref()
}

/** When it has served a little, ms: a process that is killed never comes to the end, where Node writes by itself. */
const SETTLED_MS = 2_000

const privateFolder = (): string | null => {
  try {
    const home = realpathSync(homedir())
    const caches = join(home, '.cache')
    const folder = join(caches, 'tolk')
    // Whoever owns a folder above could put another in its place.
    for (const each of [home, caches, folder]) {
      // One at a time: `recursive` tries for ever where a folder never comes to be, as in /proc.
      if (!existsSync(each)) mkdirSync(each, { mode: 0o700 })
      if (!isOwn(lstatSync(each))) return null
    }
    return folder
  } catch {
    return null
  }
}

/** A folder of this user's, no link to one, that only this user can write to. Windows closes a home by other means. */
const isOwn = (stats: Stats): boolean =>
  stats.isDirectory() &&
  (process.getuid === undefined ||
    (stats.uid === process.getuid() && (stats.mode & OTHERS_WRITE) === 0))

const OTHERS_WRITE = 0o022
