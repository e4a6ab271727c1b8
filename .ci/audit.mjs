// Known holes in what the lockfile pins: high and critical ones fail, unless they are explained here.
// Exits with 77, which is a skip, where the registry cannot be asked.
import { spawnSync } from 'node:child_process'

// By advisory, such as 'GHSA-xxxx-xxxx-xxxx': why it cannot be reached in tolk.
const EXPLAINED = {}

const GRAVE = new Set(['high', 'critical'])

const { stdout, stderr } = spawnSync('npm', ['audit', '--json', '--package-lock-only'], {
  encoding: 'utf8',
  timeout: 120_000,
  shell: process.platform === 'win32',
})

const report = (() => {
  try {
    return JSON.parse(stdout)
  } catch {
    return {}
  }
})()

if (report.vulnerabilities === undefined) {
  const said = [report.error?.summary, report.message, stderr].find((each) => each) ?? 'no answer'
  // A registry's address is nobody's business.
  const reason = said
    .replaceAll(/https?:\/\/\S+/g, 'the registry')
    .trim()
    .split('\n', 1)[0]
  console.log(`skip: no advisories can be had here (${reason})`)
  process.exit(77)
}

// `via` holds an advisory where the hole is a package's own, and a name where it comes by another package.
const lines = Object.values(report.vulnerabilities).flatMap(({ name, via }) =>
  via
    .filter((each) => typeof each === 'object')
    .map(({ severity, title, url = '' }) => {
      const id = url.slice(url.lastIndexOf('/') + 1)
      const why = EXPLAINED[id]
      const said = `${severity} ${name} ${id} ${title}`
      return why === undefined
        ? { fails: GRAVE.has(severity), text: said }
        : { fails: false, text: `${said}: ${why}` }
    }),
)
for (const { fails, text } of lines) console.log(`${fails ? 'FAILED' : 'known'}: ${text}`)
const failures = lines.filter(({ fails }) => fails).length
console.log(`${lines.length} known holes, ${failures} of them grave and unexplained`)
process.exit(failures === 0 ? 0 : 1)
