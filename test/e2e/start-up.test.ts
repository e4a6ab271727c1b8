/** What a start costs, in things that can be counted: modules loaded, bytes read, files left behind. */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { runProgram, type Program, type ProgramOptions } from '../support/program.ts'
import { createRecordedOllama } from '../support/recorded-ollama.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCE = join(ROOT, 'src/main.ts')
const LIST_MODULES = new URL('../support/list-modules.ts', import.meta.url).href

/** A folder of this file's own; what is built lies in `dist` below it, as it does in the package. */
const folder = mkdtempSync(join(tmpdir(), 'tolk-start-'))
const BUILT = join(folder, 'dist/main.js')
let ollama: StandIn
const programs: Program[] = []

beforeAll(async () => {
  ollama = await createRecordedOllama()
  const rolldown = join(ROOT, 'node_modules/rolldown/bin/cli.mjs')
  const config = ['--config', 'rolldown.config.ts', '--configLoader', 'native']
  const build = [rolldown, ...config, '--dir', dirname(BUILT)]
  await promisify(execFile)(process.execPath, build, { cwd: ROOT })
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
}, 60_000)
afterAll(async () => {
  await ollama.close()
  await rm(folder, { recursive: true, force: true })
})
afterEach(() => {
  for (const program of programs.splice(0)) program.kill()
})

const run = (main: string, { args = [], env = {} }: ProgramOptions): Program => {
  const command = [process.execPath, '--import', LIST_MODULES, main] as const
  const program = runProgram({ command, args, env: { HOME: newHome(), ...env } })
  programs.push(program)
  return program
}

const newHome = (): string => mkdtempSync(join(folder, 'home-'))

/** The modules of tolk and its packages that a program loads until it has answered and was stopped, as paths. */
const loadedToServe = async (main: string): Promise<readonly string[]> => {
  const program = run(main, { env: { OLLAMA_HOST: ollama.url, TOLK_PORT: '0' } })
  const [, url = ''] = await program.says(/listens on (\S+)/)
  const body = JSON.stringify({ model: 'native', messages: [{ role: 'user', content: 'Hi' }] })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
  await answer.text()
  program.process.kill('SIGTERM')
  expect((await program.ended).code).toBe(0)
  return [...new Set(modulesIn(program))]
}

const modulesIn = (program: Program): readonly string[] =>
  program
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('file:'))
    .map((line) => fileURLToPath(line))

describe('to serve, the sources', () => {
  let loaded: readonly string[] = []
  beforeAll(async () => {
    loaded = await loadedToServe(SOURCE)
  })

  test('load the server, and no other command', () => {
    const own = loaded
      .filter((path) => path.startsWith(join(ROOT, 'src/')))
      .map((path) => path.slice(ROOT.length))
    expect(own).toContain('src/server/app.ts')
    expect(own.filter((path) => path.startsWith('src/commands/')).toSorted()).toEqual([
      'src/commands/describe-failure.ts',
      'src/commands/reload.ts',
      'src/commands/serve.ts',
      'src/commands/until-signal.ts',
    ])
  })

  test.for([
    'src/demo/',
    'src/workers/',
    'src/serve-workers.ts',
    'src/metrics/',
    'src/serve-metrics.ts',
    'src/config/help.ts',
  ])('load nothing of %s', (path) => {
    expect(loaded.filter((url) => url.startsWith(join(ROOT, path)))).toEqual([])
  })

  test('load no package that serving has no use for', () => {
    const packages = loaded.flatMap(
      (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
    )
    expect(packages).toEqual(expect.arrayContaining(['hono', 'pino', 'zod']))
    const useless = new Set(['openai', 'eventsource-parser', 'undici', 'prom-client'])
    expect(packages.filter((name) => useless.has(name))).toEqual([])
  })

  test('load no more modules than they did', () => {
    expect(loaded.length).toBeLessThan(MOST_MODULES)
  })
})

/** A module costs some 0.4 ms. What is needed may come; what comes by accident should be seen. */
const MOST_MODULES = 390

describe('the published program', () => {
  test('serves from a few files, with nothing of a package beside them', async () => {
    const loaded = (await loadedToServe(BUILT)).filter((path) => !path.startsWith(ROOT))
    expect(loaded.map((path) => dirname(path)).filter((path) => path !== dirname(BUILT))).toEqual(
      [],
    )
    expect(loaded).toContain(BUILT)
    expect(loaded.length).toBeLessThan(25)
    const bytes = loaded.reduce((sum, path) => sum + statSync(path).size, 0)
    expect(bytes).toBeLessThan(900_000)
  })

  test('reads what metrics need only where they are wanted', async () => {
    const own = join(dirname(BUILT), 'serve-metrics.js')
    expect(await loadedToServe(BUILT)).not.toContain(own)
    const env = { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', TOLK_METRICS_PORT: '0' }
    const program = run(BUILT, { env })
    const [, url = ''] = await program.says(/"url":"([^"]+)"/)
    const scraped = await fetch(url)
    expect(await scraped.text()).toMatch(/^tolk_build_info\{.* 1$/m)
    program.process.kill('SIGTERM')
    expect((await program.ended).code).toBe(0)
    expect(modulesIn(program)).toContain(own)
  })

  test('speaks one of the languages that zod has, and is ASCII', () => {
    const files = readdirSync(dirname(BUILT)).filter((name) => name.endsWith('.js'))
    const text = files.map((name) => readFileSync(join(dirname(BUILT), name), 'utf8')).join('')
    expect(text).toContain('Invalid input: expected')
    expect(text).not.toMatch(/ung(?:ü|\\xfc|\\u00fc)ltig/i)
    expect(text).toMatch(/^\p{ASCII}+$/u)
  })

  test('leaves nothing in the home of its user', async () => {
    const home = newHome()
    const program = run(BUILT, { args: ['--version'], env: { HOME: home } })
    expect(await program.ended).toEqual({ code: 0, signal: null })
    expect(readdirSync(home)).toEqual([])
  })
})

/** What is kept for the user of this home. */
const filesKept = (home: string): readonly string[] => {
  const cache = join(home, '.cache/tolk')
  if (!existsSync(cache)) return []
  return readdirSync(cache, { recursive: true, encoding: 'utf8' })
    .map((name) => join(cache, name))
    .filter((path) => lstatSync(path).isFile())
}
/** What `tolk schema` prints to the user of this home. */
const schemaFor = async (home: string): Promise<string> => {
  const program = run(SOURCE, { args: ['schema'], env: { HOME: home } })
  expect(await program.ended).toEqual({ code: 0, signal: null })
  return program.stdout()
}

describe('compiled code that the sources keep', () => {
  test('lies in a folder that nobody else can enter', async () => {
    const home = newHome()
    await schemaFor(home)
    expect(filesKept(home).length).toBeGreaterThan(10)
    const { mode, uid } = statSync(join(home, '.cache/tolk'))
    expect([mode & 0o777, uid]).toEqual([0o700, process.getuid?.() ?? uid])
  })

  test('is kept although the process is killed', async () => {
    const home = newHome()
    const program = run(SOURCE, {
      env: { HOME: home, OLLAMA_HOST: ollama.url, TOLK_PORT: '0' },
    })
    await program.says(/listens on/)
    await expect.poll(() => filesKept(home).length, { timeout: 10_000 }).toBeGreaterThan(100)
    program.kill()
    expect(await program.ended).toMatchObject({ signal: 'SIGKILL' })
  })

  test.for<readonly [string, (home: string) => void]>([
    ['a home that others can write to', (home) => chmodSync(home, 0o777)],
    [
      'a cache folder that others can write to',
      (home) => {
        mkdirSync(join(home, '.cache'))
        chmodSync(join(home, '.cache'), 0o777)
      },
    ],
    [
      'a folder of its name that others can write to',
      (home) => {
        mkdirSync(join(home, '.cache/tolk'), { recursive: true })
        chmodSync(join(home, '.cache/tolk'), 0o770)
      },
    ],
    [
      'a link of its name',
      (home) => {
        mkdirSync(join(home, '.cache'))
        symlinkSync(mkdtempSync(join(folder, 'elsewhere-')), join(home, '.cache/tolk'))
      },
    ],
    ['a file of its name', (home) => writeFileSync(join(home, '.cache'), '')],
  ])('is not kept in %s', async ([, prepare]) => {
    const home = newHome()
    prepare(home)
    expect(JSON.parse(await schemaFor(home))).toHaveProperty('properties.server')
    expect(filesKept(home)).toEqual([])
  })

  test.for(['/proc', '/dev/null', '/no/such/folder', ''])(
    'is done without where the home is %j',
    async (home) => {
      expect(JSON.parse(await schemaFor(home))).toHaveProperty('properties.server')
    },
  )

  test.for<readonly [string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['half', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['noise', (bytes) => Buffer.alloc(bytes.length, 0xa5)],
    ['one bit wrong', (bytes) => flipped(bytes)],
  ])('is thrown away when what was kept is %s', async ([, spoil]) => {
    const home = newHome()
    const printed = await schemaFor(home)
    for (const path of filesKept(home)) writeFileSync(path, spoil(readFileSync(path)))
    expect(await schemaFor(home)).toBe(printed)
  })
})

/** The same bytes, one bit in their middle changed. */
const flipped = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}
