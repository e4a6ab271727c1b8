/** Manifest: how one client is prepared and run, from the `client.json` in its folder. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { z } from 'zod'

const command = z.array(z.string().min(1)).min(1)

const manifest = z.strictObject({
  /** Its name in its registry. */
  client: z.string().min(1),
  language: z.string().min(1),
  /** As pinned in one of `locks`. */
  version: z.string().min(1),
  /** The files that say which packages are fetched; a change of one prepares anew. */
  locks: z.array(z.string()),
  /** Commands that a machine with the toolchain runs without an error. */
  needs: z.array(command),
  prepare: z.array(command),
  run: command,
})

export type Manifest = z.infer<typeof manifest> & {
  readonly folder: string
  /** The folder's name, by which the matrix sorts. */
  readonly id: string
  /** A folder in the user's cache, of this client and these locks alone. */
  readonly cache: string
}

/** @param folder the client's own. @throws when its `client.json` is not as it should be. */
export const readManifest = (folder: string): Manifest => {
  const id = basename(folder)
  const read = manifest.parse(JSON.parse(readFileSync(join(folder, 'client.json'), 'utf8')))
  const digest = createHash('sha256')
  for (const lock of read.locks) digest.update(readFileSync(join(folder, lock)))
  digest.update(JSON.stringify(read.prepare))
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const cache = join(caches, 'tolk', 'clients', `${id}-${digest.digest('hex').slice(0, 16)}`)
  const filled = (argv: readonly string[]) => argv.map((word) => word.replaceAll('$CACHE', cache))
  return {
    ...read,
    prepare: read.prepare.map(filled),
    run: filled(read.run),
    folder,
    id,
    cache,
  }
}
