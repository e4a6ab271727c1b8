/** The packed tarball, installed in an empty folder, as a user without this repository has it. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { runProgram } from '../support/program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALL_MS = 120_000

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'tolk-package-'))
let files: readonly string[] = []

beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  })
  const [packed] = z
    .array(z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }))
    .parse(JSON.parse(stdout.slice(stdout.indexOf('[\n'))))
  if (packed === undefined) throw new Error(stdout)
  files = packed.files.map(({ path }) => path)
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const tarball = join(folder, packed.filename)
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
    cwd: folder,
  })
}, INSTALL_MS)
afterAll(() => rm(folder, { recursive: true, force: true }))

test('holds the built program and its schema, and no test, source or environment', () => {
  expect(files).toContain('dist/main.js')
  expect(files).toContain('dist/tolk.schema.json')
  expect(files.filter((path) => !path.startsWith('dist/')).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ])
  expect(files.filter((path) => /\.ts$|\.map$|test|recording/.test(path))).toEqual([])
})

test('brings in nothing that runs at install, and nothing that was compiled', async () => {
  const names = await readdir(join(folder, 'node_modules'), { recursive: true })
  const manifests = names.filter((name) =>
    /(?:^|node_modules\/)(?:@[^/]+\/)?[^/]+\/package\.json$/.test(name),
  )
  expect(manifests.length).toBeGreaterThan(5)
  for (const name of manifests) {
    const { scripts = {} }: { scripts?: Record<string, string> } = JSON.parse(
      readFileSync(join(folder, 'node_modules', name), 'utf8'),
    )
    expect([name, scripts['install'], scripts['preinstall'], scripts['postinstall']]).toEqual([
      name,
      undefined,
      undefined,
      undefined,
    ])
  }
  expect(names.filter((name) => name.endsWith('.node'))).toEqual([])
})

test('gives a working `npx tolk demo`', { timeout: 60_000 }, async () => {
  const demo = runProgram({
    command: ['npx', '--no-install', 'tolk'],
    args: ['demo', '--port', '0'],
    cwd: folder,
    deadlineMs: 60_000,
  })
  try {
    await demo.says(/Ctrl\+C ends the demo/)
    for (const lane of ['reasoning', 'content', 'tool call']) {
      expect(demo.stdout()).toMatch(new RegExp(`^ *${lane} │ \\S`, 'm'))
    }
    const [, url = ''] = /tolk is in front of it, at (\S+)/.exec(demo.stdout()) ?? []
    expect((await fetch(`${url}/v1/models`)).status).toBe(200)
    demo.signal('SIGINT')
    await demo.ended
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  } finally {
    demo.kill()
  }
})

test('is a working `npx tolk` with a schema that editors can use', async () => {
  const { stdout } = await run('npx', ['--no-install', 'tolk', 'schema'], { cwd: folder })
  const published = readFileSync(
    join(folder, 'node_modules/ollama-tolk/dist/tolk.schema.json'),
    'utf8',
  )
  expect(JSON.parse(published)).toEqual(JSON.parse(stdout))
})
