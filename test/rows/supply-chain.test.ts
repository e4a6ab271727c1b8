/** What tolk is made of: known, pinned, accounted for, and published by one way only. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { documentAt, ROOT } from '../support/documents.ts'
import {
  isAtLeast,
  lockedPackages,
  lockfile,
  manifest,
  unlicensed,
  type Locked,
} from '../support/lockfile.ts'
import { reasonFor, withPackages } from '../support/write-dependencies.ts'

const run = promisify(execFile)
const { dependencies, devDependencies, scripts, allowScripts, publishConfig } = manifest()
const packages = lockedPackages()
const shipped = packages.filter(({ isTool }) => !isTool)

const versionOf = (name: string): string =>
  packages.find((each) => each.name === name)?.version ?? ''

describe('N-02 what has known holes is not used', () => {
  test.for([
    ['hono', '4.12.16'],
    // Ships in the image, and runs the tests.
    ['node', '24.14.1'],
  ] as const)('%s is at least %s', ([name, floor]) => {
    expect(versionOf(name)).toMatch(/^\d/)
    expect(isAtLeast(versionOf(name), floor)).toBe(true)
  })

  test('undici is no package of tolk’s, and the one inside its Node is at least 7.24', () => {
    expect(packages.map(({ name }) => name)).not.toContain('undici')
    const node = join(ROOT, 'node_modules/node/bin/node')
    const { stdout } = spawnSync(node, ['-p', 'process.versions.undici'], { encoding: 'utf8' })
    expect(stdout).toMatch(/^\d/)
    expect(isAtLeast(stdout.trim(), '7.24')).toBe(true)
  })

  test('who brings a Node of their own is told which ones are mended', () => {
    const security = documentAt('.github/SECURITY.md')
    for (const version of ['22.22.2', '24.14.1', devDependencies['node'] ?? '']) {
      expect(security).toContain(version)
    }
  })

  test.each([
    ['4.12.16', true],
    ['4.12.15', false],
    ['4.13.0', true],
    ['5.0.0', true],
    ['4.9.99', false],
    ['next', false],
  ])('%s is above 4.12.16 or that: %j', (version, expected) => {
    expect(isAtLeast(version, '4.12.16')).toBe(expected)
  })
})

describe('N-03 what tolk runs on is little, and accounted for', () => {
  test('no more packages than there are: another one needs a reason here as well', () => {
    expect(Object.keys(dependencies)).toHaveLength(7)
    expect(shipped.length).toBeLessThanOrEqual(22)
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      expect(reasonFor(name)).toMatch(/.{4}/)
    }
  })

  test('none of it was compiled, and none runs anything at install', () => {
    expect(shipped.filter(({ hasInstallScript }) => hasInstallScript)).toEqual([])
    for (const { name } of shipped) {
      const files = readdirSync(join(ROOT, 'node_modules', name), {
        recursive: true,
        encoding: 'utf8',
      })
      expect(files.length).toBeGreaterThan(1)
      expect(files.filter((file) => /\.node$|(?:^|\/)binding\.gyp$/.test(file))).toEqual([])
    }
  })

  test('of the tools one runs something at install, which is said', () => {
    const running = packages.filter(({ hasInstallScript }) => hasInstallScript)
    expect(running.map(({ name }) => name)).toEqual(['node'])
    expect(allowScripts).toEqual({ node: true })
  })
})

describe('licences', () => {
  test('are those that were agreed to, and the list of packages is that of the lockfile', () => {
    const document = documentAt('.github/DEPENDENCIES.md')
    expect(withPackages(document)).toBe(document)
    expect(unlicensed(packages)).toEqual([])
  })

  const one: Locked = {
    name: 'a',
    version: '1.0.0',
    licence: 'MIT',
    integrity: '',
    resolved: null,
    isTool: false,
    hasInstallScript: false,
  }
  test.each([
    ['MIT', false, true],
    ['GPL-3.0', false, false],
    ['', false, false],
    ['MPL-2.0', false, false],
    ['MPL-2.0', true, true],
    ['AGPL-3.0', true, false],
  ])('%j, as a tool’s %j: %j', (licence, isTool, expected) => {
    expect(unlicensed([{ ...one, licence, isTool }])).toHaveLength(expected ? 0 : 1)
  })

  test('a package that nobody has spoken for is refused', () => {
    expect(() => reasonFor('left-pad')).toThrow('what left-pad is for')
  })
})

describe('N-04 an install gives what was tested', () => {
  test('the lockfile pins every package by its bytes, and names no place to get them', () => {
    const { lockfileVersion, packages: locked } = lockfile()
    expect(lockfileVersion).toBe(3)
    expect(packages.length).toBeGreaterThan(100)
    expect(packages.filter(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([])
    // One registry: that of whoever installs, which npm asks over https.
    expect(packages.filter(({ resolved }) => resolved !== null)).toEqual([])
    expect(documentAt('.npmrc')).toMatch(/^omit-lockfile-registry-resolved=true$/m)
    expect(documentAt('.npmrc')).not.toMatch(/registry *=|https?:/)
    expect(locked['']).toMatchObject({ dependencies, devDependencies })
  })

  test('tolk names exact versions', () => {
    const wanted = Object.entries({ ...dependencies, ...devDependencies })
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
    expect(wanted.map(([name, version]) => [name, version === versionOf(name)])).toEqual(
      wanted.map(([name]) => [name, true]),
    )
  })

  test.each(['.ci/run', '.github/workflows/release.yml', 'docker/Dockerfile'])(
    '%s installs from the lockfile, and runs no script but that of Node',
    (path) => {
      const text = documentAt(path).replaceAll(/^\s*#.*$/gm, '')
      const installs = text.match(/npm (?:ci|i|install|add|rebuild)\b[^&\n]*/g) ?? []
      expect(installs).not.toEqual([])
      for (const line of installs) {
        expect(line.trim()).toMatch(/^npm (?:ci\b.*--ignore-scripts|rebuild node$)/)
      }
    },
  )

  test('a version that is younger than a week is not proposed', () => {
    const proposed = documentAt('.github/dependabot.yml').matchAll(
      /cooldown: .*default-days: (\d+)/g,
    )
    expect([...proposed].map(([, wait]) => Number(wait))).toEqual([7, 7])
  })
})

describe('N-05, N-19 a release', () => {
  const workflow = documentAt('.github/workflows/release.yml').replaceAll(/^\s*#.*$/gm, '')
  const jobs = new Map(
    (workflow.split(/^jobs:\n/m)[1] ?? '')
      .split(/^(?= {2}\w+:\n)/m)
      .filter((text) => text.trim() !== '')
      .map((text) => [/^\s*(\w+):/.exec(text)?.[1] ?? '', text]),
  )

  test('uses no action of anybody’s, and no secret that is kept', () => {
    expect(workflow).not.toMatch(/\buses:|secrets\.|NODE_AUTH_TOKEN|_authToken/)
    expect(workflow).toMatch(/^permissions: \{\}$/m)
  })

  test('speaks to the registry in one job, by the identity of the repository, and runs nothing else there', () => {
    expect([...jobs.keys()].toSorted()).toEqual(['build', 'oldest', 'publish', 'rebuild', 'test'])
    const able = [...jobs].filter(([, text]) => text.includes('id-token: write'))
    expect(able.map(([name]) => name)).toEqual(['publish'])
    const publish = jobs.get('publish') ?? ''
    expect(publish).toMatch(/^ {4}environment: release$/m)
    expect(publish).toMatch(/npm publish \S+\.tgz --ignore-scripts --provenance/)
    expect(publish).not.toMatch(/npm (?:ci|install|run|rebuild)|npx|checkout/)
    expect(publishConfig).toEqual({ access: 'public', provenance: true })
  })

  test('comes only after all tests, of bytes that two builds made', () => {
    const publish = jobs.get('publish') ?? ''
    expect(publish).toContain('needs: [test, oldest, build, rebuild]')
    expect(jobs.get('test')).toContain('- run: .ci/run\n')
    expect(publish).toContain('test "$BUILT" = "$REBUILT"')
    expect(publish).toContain('sha512sum --check')
    for (const name of ['build', 'rebuild']) {
      expect(jobs.get(name)).toContain('sha512: ${{ steps.pack.outputs.sha512 }}')
    }
  })

  test('begins with a tag that a maintainer made, never with what a stranger proposes', () => {
    const [, begins = ''] = /^on:\n((?: .*\n)+)/m.exec(workflow) ?? []
    expect(begins).toBe("  push:\n    tags: ['v*']\n")
  })

  test('gives a job the right to write where it writes, and a token to the step that needs it', () => {
    const rights = [...jobs].map(([name, text]) => [
      name,
      /^ {4}permissions: \{ (.*) \}$/m.exec(text)?.[1],
    ])
    expect(Object.fromEntries(rights)).toEqual({
      test: 'contents: read',
      oldest: 'contents: read',
      rebuild: 'contents: read',
      build: 'contents: write',
      publish: 'contents: write, id-token: write',
    })
    // Where packages run their code, no step but that of the release knows the token.
    for (const name of ['test', 'oldest', 'rebuild']) expect(jobs.get(name)).not.toContain('token')
    const steps = (jobs.get('build') ?? '').split(/^ {6}- /m)
    const knowing = steps.filter((step) => step.includes('github.token'))
    expect(knowing).toHaveLength(1)
    expect(knowing[0]).toContain('run: >-\n          gh release create ')
  })

  test('has its bills of materials beside it', () => {
    const build = jobs.get('build') ?? ''
    expect(build).toContain('npm run --silent sbom > tolk.cdx.json')
    expect(build).toContain('npm run --silent sbom:spdx > tolk.spdx.json')
    expect(build).toMatch(/gh release create .*\n\s+.*\.tgz tolk\.cdx\.json tolk\.spdx\.json/)
  })
})

describe('N-19 whatever CI runs', () => {
  const files = ['.ci', '.github/workflows'].flatMap((below) =>
    readdirSync(join(ROOT, below)).map((name) => `${below}/${name}`),
  )
  const UNPINNED =
    /\buses:(?! *\S+@[0-9a-f]{40}\b)|\bcurl\b|\bwget\b|\bpipx? install|\bnpx (?!--no-install)|npm (?:exec|i|install) (?!.*--ignore-scripts)|:latest\b|pull_request_target/

  test.each(files)('%s fetches nothing that is not pinned', (path) => {
    expect(UNPINNED.exec(documentAt(path))).toBeNull()
  })

  test.each([
    ['uses: some/scanner@v4', false],
    ['uses: some/scanner@main', false],
    [`uses: some/scanner@${'0123456789'.repeat(4)}`, true],
    ['curl https://packages.example | sh', false],
    ['npx some-scanner', false],
    ['npm install --global some-scanner', false],
    ['image: some/scanner:latest', false],
    ['npm ci --ignore-scripts', true],
  ])('%j is pinned: %j', (line, expected) => {
    expect(!UNPINNED.test(line)).toBe(expected)
  })

  test('is one scanner, npm itself, which sees no secret', () => {
    expect(documentAt('.ci/run')).toMatch(/^step 'known holes' node \.ci\/audit\.mjs$/m)
    for (const path of files) expect(documentAt(path)).not.toMatch(/secrets\.|NPM_TOKEN|PASSWORD/)
  })
})

/** What a script of package.json prints. */
const bill = async (script: string): Promise<unknown> => {
  const { stdout } = await run('npm', ['run', '--silent', script], { cwd: ROOT })
  return JSON.parse(stdout)
}

describe('N-06 a bill of materials', () => {
  const wanted = shipped.map(({ name, version }) => `${name}@${version}`).toSorted()
  test('in CycloneDX’s form has every package that is shipped, its hash and its licence', async () => {
    const shape = z.object({
      bomFormat: z.literal('CycloneDX'),
      components: z.array(
        z.object({
          name: z.string(),
          version: z.string(),
          purl: z.string(),
          hashes: z.array(z.object({ alg: z.literal('SHA-512'), content: z.string() })),
          licenses: z.array(z.object({ license: z.object({ id: z.string() }) })),
        }),
      ),
    })
    const { components } = shape.parse(await bill('sbom'))
    expect(components.map(({ name, version }) => `${name}@${version}`).toSorted()).toEqual(wanted)
    expect(components.map(({ hashes }) => hashes[0]?.content.length)).toEqual(wanted.map(() => 128))
  })

  test('in SPDX’s form has the same', async () => {
    const shape = z.object({
      spdxVersion: z.string().startsWith('SPDX-'),
      packages: z.array(z.object({ name: z.string(), versionInfo: z.string() })),
    })
    const { packages: found } = shape.parse(await bill('sbom:spdx'))
    const names = found.map(({ name, versionInfo }) => `${name}@${versionInfo}`)
    expect(names.filter((name) => !name.startsWith('ollama-tolk@')).toSorted()).toEqual(wanted)
  })
})

/** npm’s report of a hole in one package, which another brings too. */
const hole = (severity: string) => ({
  vulnerabilities: {
    a: { name: 'a', severity, via: [{ severity, title: 'It leaks', url: 'x/GHSA-1' }] },
    b: { name: 'b', severity, via: ['a'] },
  },
})

describe('N-06 known holes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tolk-audit-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** What the step of CI says where npm says this. */
  const audited = (said: string) => {
    writeFileSync(join(folder, 'said'), said)
    const npm = `#!/bin/sh\n[ "$1 $2" = 'audit --json' ] && cat '${folder}/said'\nexit 1\n`
    writeFileSync(join(folder, 'npm'), npm, { mode: 0o755 })
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, '.ci/audit.mjs')], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: [folder, process.env['PATH']].join(delimiter) },
    })
    return { status, stdout }
  }
  test.each([
    ['critical', 1],
    ['high', 1],
    ['moderate', 0],
    ['low', 0],
  ])('that are %s end the check with %i', (severity, code) => {
    const { status, stdout } = audited(JSON.stringify(hole(severity)))
    expect(stdout).toMatch(/^(?:FAILED|known): \w+ a GHSA-1 It leaks$/m)
    expect(status).toBe(code)
  })

  test('that are none end it with 0', () => {
    expect(audited('{"vulnerabilities":{}}')).toEqual({
      status: 0,
      stdout: '0 known holes, 0 of them grave and unexplained\n',
    })
  })

  test.each([
    ['an error', '{"message":"request to https://packages.example/x failed"}'],
    ['nothing', ''],
    ['half of something', '{"vulnera'],
  ])('that nobody can be asked about are no failure: npm says %s', (_, said) => {
    const { status, stdout } = audited(said)
    expect(stdout).toMatch(/^skip: /)
    expect(stdout).not.toContain('packages.example')
    expect(status).toBe(77)
  })

  test('are looked for by every run of CI, and their explanations are kept in one place', () => {
    expect(documentAt('.ci/run')).toContain('node .ci/audit.mjs')
    expect(documentAt('.ci/audit.mjs')).toMatch(/^const EXPLAINED = \{/m)
    expect(documentAt('.github/DEPENDENCIES.md')).toContain('.ci/audit.mjs')
    expect(scripts['licences']).toBeDefined()
  })
})
