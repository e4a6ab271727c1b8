// The bill of materials of what is shipped, as npm writes it: `cyclonedx` or `spdx`, on standard output.
// npm's own --omit=dev leaves out what a tool uses too, so it is shown a lockfile that knows no tools.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [format = 'cyclonedx'] = process.argv.slice(2)
const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))

const manifest = { ...read('package.json'), devDependencies: undefined }
const lock = read('package-lock.json')
const shipped = Object.entries(lock.packages).filter(
  ([, { dev, devOptional }]) => dev !== true && devOptional !== true,
)
const packages = Object.fromEntries(shipped)
packages[''] = { ...packages[''], devDependencies: undefined }

const folder = mkdtempSync(join(tmpdir(), 'tolk-sbom-'))
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }))
  const args = ['sbom', '--package-lock-only', '--sbom-type=application', `--sbom-format=${format}`]
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`)
  process.stdout.write(stdout)
} finally {
  rmSync(folder, { recursive: true })
}
