/** The packed tarball, installed in an empty folder, as a user without this repository has it. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { ROOT } from '../support/documents.ts'
import { lockedPackages, manifest } from '../support/lockfile.ts'
import { runProgram } from '../support/program.ts'

const INSTALL_MS = 120_000
/** A quarter above what it is today, so that what comes by accident is seen. */
const MOST_BYTES = 350_000
const MOST_BYTES_UNPACKED = 1_400_000

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'tolk-package-'))

const shape = z.array(
  z.object({
    filename: z.string(),
    size: z.number(),
    unpackedSize: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
)
type Packed = z.infer<typeof shape>[number] & { readonly sha512: string }

/** Builds and packs what is in a folder. */
const pack = async (cwd: string, destination: string): Promise<Packed> => {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', destination], {
    cwd,
  })
  const [packed] = shape.parse(JSON.parse(stdout.slice(stdout.indexOf('[\n'))))
  if (packed === undefined) throw new Error(stdout)
  const bytes = readFileSync(join(destination, packed.filename))
  return { ...packed, sha512: createHash('sha512').update(bytes).digest('hex') }
}

let packed: Packed
let files: readonly string[] = []

beforeAll(async () => {
  packed = await pack(ROOT, folder)
  files = packed.files.map(({ path }) => path)
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const tarball = join(folder, packed.filename)
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
    cwd: folder,
  })
}, INSTALL_MS)
afterAll(() => rm(folder, { recursive: true, force: true }))

test('N-07 holds the built program and its schema, and no test, source, map or environment', () => {
  expect(manifest().files).toEqual(['dist'])
  expect(files).toContain('dist/main.js')
  expect(files).toContain('dist/tolk.schema.json')
  expect(files.filter((path) => !path.startsWith('dist/')).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ])
  const allowed = /^dist\/(?:[\w-]+\.js|tolk\.schema\.json|licences\.txt)$/
  expect(files.filter((path) => path.startsWith('dist/') && !allowed.test(path))).toEqual([])
})

test('N-07 tells of no folder that it was made in, and is no larger than it was', () => {
  const published = join(folder, 'node_modules/ollama-tolk')
  for (const path of files) {
    const text = readFileSync(join(published, path), 'utf8')
    expect([path, text.includes(ROOT.replace(/\/$/, '')), /sourceMappingURL/.test(text)]).toEqual([
      path,
      false,
      false,
    ])
  }
  expect(packed.size).toBeLessThan(MOST_BYTES)
  expect(packed.unpackedSize).toBeLessThan(MOST_BYTES_UNPACKED)
})

test('N-05, N-07 is made again elsewhere, byte for byte, from nothing but what the repository holds', async () => {
  const { stdout } = await run(
    'git',
    // What is not committed yet counts; what git ignores does not.
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ':!test', ':!.github'],
    { cwd: ROOT },
  )
  const copy = join(folder, 'copy')
  for (const path of stdout.split('\0').filter((each) => each !== '')) {
    cpSync(join(ROOT, path), join(copy, path))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  const again = await pack(copy, copy)
  expect(again.files).toEqual(packed.files)
  expect(again.sha512).toBe(packed.sha512)
})

test('hands on the licence of every package whose code it holds', () => {
  const text = readFileSync(join(folder, 'node_modules/ollama-tolk/dist/licences.txt'), 'utf8')
  const named = [...text.matchAll(/^## (\S+) (\S+) \((.+)\)$/gm)].map((match) => match.slice(1))
  expect(named.map(([name]) => name)).toEqual(BUNDLED)
  const shipped = lockedPackages().filter(({ isTool }) => !isTool)
  const locked = shipped.map(({ name, version, licence }) => [name, version, licence])
  expect(locked).toEqual(expect.arrayContaining(named))
  expect(text.match(/copyright/gi)?.length).toBeGreaterThanOrEqual(named.length)
})

/** Of what the lockfile has to run on, that which the program reaches. */
const BUNDLED = [
  '@hono/node-server',
  '@opentelemetry/api',
  '@pinojs/redact',
  'atomic-sleep',
  'bintrees',
  'eventsource-parser',
  'hono',
  'json5',
  'on-exit-leak-free',
  'pino',
  'pino-std-serializers',
  'prom-client',
  'quick-format-unescaped',
  'safe-stable-stringify',
  'sonic-boom',
  'tdigest',
  'thread-stream',
  'zod',
]

test('N-03 brings in nothing that runs at install, and nothing that was compiled', async () => {
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
