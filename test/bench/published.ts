/** The program as it is published: bundled, in a folder of its own, so that nothing of the clone is touched. */
import { execFile } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const DEADLINE_MS = 60_000

/** @returns its entry. @throws when it cannot be built. */
export const buildPublished = async (folder: string): Promise<string> => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const bundler = fileURLToPath(new URL('../../node_modules/rolldown/bin/cli.mjs', import.meta.url))
  const dist = join(folder, 'dist')
  const args = ['--config', 'rolldown.config.ts', '--configLoader', 'native', '--dir', dist]
  await promisify(execFile)(process.execPath, [bundler, ...args], {
    cwd: root,
    timeout: DEADLINE_MS,
  })
  // The program reads its version beside its folder.
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  return join(dist, 'main.js')
}
