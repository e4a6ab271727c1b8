/** The house itself: the Node it runs on, what its sources may not do, how it starts, and what is written down of it. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { settingsSchema } from '../../src/config/schema.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { all, environment } from '../docker/dockerfile.ts'
import { inTime } from '../support/deadline.ts'
import { documentAt, ROOT } from '../support/documents.ts'
import { isAtLeast, manifest } from '../support/lockfile.ts'
import { MAIN, runProgram, type Program, type ProgramOptions } from '../support/program.ts'
import { createScriptedOllama, HELLO } from '../support/scripted-ollama.ts'
import { codeOf, importsOf, sourceFiles } from '../support/source.ts'

const { devDependencies, engines, scripts } = manifest()
const folder = mkdtempSync(join(tmpdir(), 'tolk-house-'))
const programs: Program[] = []
let ollama: StandIn

beforeAll(async () => {
  ollama = await createScriptedOllama({ script: () => HELLO })
})
afterAll(async () => {
  await ollama.close()
  await rm(folder, { recursive: true })
})
afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.kill()
    await program.ended
  }
})

const run = (options: ProgramOptions): Program => {
  const env = { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', ...options.env }
  const program = runProgram({ ...options, env })
  programs.push(program)
  return program
}

const written = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('N-01 the Node that tolk runs on', () => {
  const tested = devDependencies['node'] ?? ''

  test('is 24 in the image, where and by which everything is tested', () => {
    expect(tested).toMatch(/^24\.\d+\.\d+$/)
    expect(all('ARG')[0]).toBe(`BASE=node:${tested}-slim`)
    expect(documentAt('.ci/run')).toMatch(/^step '[^']+' npm rebuild node$/m)
  })

  test('may be the oldest that is said to do, which a release is tested with as well', () => {
    const [, least = ''] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? []
    expect(documentAt('.github/SECURITY.md')).toContain(`tolk runs on Node ${least} or newer`)
    const workflow = documentAt('.github/workflows/release.yml')
    expect(workflow).toContain(`/node/${least.split('.')[0]}.*/x64/bin`)
    expect(workflow).toMatch(/vitest\.mjs run .* test\/client-faults .* test\/upstream-faults /)
    expect(workflow).toMatch(/^ {2}publish:\n {4}needs: \[test, oldest, /m)
  })

  test.each([
    ['18.20.8', 2],
    ['20.20.2', 2],
    ['22.18.9', 2],
    ['22.19.0', 0],
    ['23.0.0', 0],
    ['24.21.0', 0],
  ])('%s: said in one line where it is too old: exit code %i', async (version, code) => {
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`
    const command = [process.execPath, '--import', `data:text/javascript,${pretend}`, MAIN] as const
    const program = run({ command: [...command], args: ['--version'] })
    expect((await program.ended).code).toBe(code)
    const refusal = `tolk needs Node 22.19 or newer; this is Node ${version}.\n`
    expect(program.stderr()).toBe(code === 0 ? '' : refusal)
    expect(isAtLeast(version, '22.19')).toBe(code === 0)
  })
})

describe('N-15 the sources', () => {
  const sources = sourceFiles()
  /** Others than these start programs, run text as code, or let somebody look in. */
  const FOREIGN =
    /^(?:node:)?(?:child_process|vm|worker_threads|repl|inspector|wasi)(?:\/|$)|^(?:node:)?module$/

  test('import nothing that starts a program or runs a text', () => {
    const found = sources.flatMap((file) =>
      importsOf(file)
        .filter((name) => FOREIGN.test(name))
        .map((name) => `${file.path}: ${name}`),
    )
    // Where compiled code is kept.
    expect(found).toEqual(['code-cache.ts: node:module'])
    expect(sources.length).toBeGreaterThan(100)
  })

  test('make no code of text, and import nothing whose name is not written there', () => {
    const WAYS =
      /\b(?:eval|Function|require|createRequire)\s*\(|\bimport\(\s*(?!['"])|\bWebAssembly\b/
    const found = sources.filter(({ text }) => WAYS.test(codeOf(text)))
    expect(found.map(({ path }) => path)).toEqual([])
    for (const code of ['eval("1")', 'new Function("")', 'require(name)', 'await import(name)']) {
      expect(code).toMatch(WAYS)
    }
    for (const code of ["import('./a.ts')", 'retrieval(1)', 'isFunction(1)']) {
      expect(code).not.toMatch(WAYS)
    }
  })
})

/** What a tool of this checkout prints. */
const tool = (path: string, ...args: readonly string[]): string => {
  const options = { cwd: ROOT, encoding: 'utf8', timeout: 60_000 } as const
  return spawnSync(process.execPath, [join(ROOT, 'node_modules', path), ...args], options).stdout
}

describe('N-16 a mistake is an error of CI', () => {
  const lint = (name: string, code: string): string => {
    written('tsconfig.json', tsconfig)
    const path = written(name, `${code}\nexport const last = 0\n`)
    const config = ['-c', '.oxlintrc.json', '--format', 'unix']
    return tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings', ...config, path)
  }
  const tsconfig = JSON.stringify({
    extends: `${ROOT}tsconfig.json`,
    compilerOptions: { types: [] },
    include: ['typed.ts'],
  })

  test.each([
    ['no-floating-promises', 'const later = async (): Promise<void> => {}\nlater()'],
    [
      'no-misused-promises',
      "const later = async (): Promise<boolean> => true\nif (later()) await Promise.reject(new Error(''))",
    ],
    ['no-explicit-any', 'const any: any = 1\nawait Promise.resolve(any)'],
    [
      'switch-exhaustiveness-check',
      "export const say = (word: 'a' | 'b'): void => {\n  switch (word) {\n    case 'a':\n      return\n  }\n}",
    ],
  ])('%s', { timeout: 60_000 }, (rule, code) => {
    expect(lint(`${rule}.ts`, code)).toContain(`Error/typescript(${rule})`)
  })

  test('and what is right is none', { timeout: 60_000 }, () => {
    const said = lint(
      'right.ts',
      'const later = async (): Promise<boolean> => true\nif (await later()) await later()',
    )
    expect(said).not.toContain('Error/')
  })

  test('strict, and an index that may be absent', { timeout: 60_000 }, () => {
    written('tsconfig.json', tsconfig)
    written(
      'typed.ts',
      'const words: string[] = []\nexport const first: string = words[0]\nexport const say = (word) => word\n',
    )
    const said = tool('typescript/bin/tsc', '-p', folder)
    expect(said).toMatch(/typed\.ts\(2,14\): error TS2322/)
    expect(said).toMatch(/typed\.ts\(3,21\): error TS7006/)
    expect(said.match(/error/g)).toHaveLength(2)
  })

  test('for all of the sources and tests, at every run of CI', () => {
    const { include }: { include: readonly string[] } = JSON.parse(documentAt('tsconfig.json'))
    expect(include).toEqual(expect.arrayContaining(['src', 'test']))
    const { ignorePatterns }: { ignorePatterns: readonly string[] } = JSON.parse(
      documentAt('.oxlintrc.json'),
    )
    expect(ignorePatterns).toEqual(['dist', 'node_modules', 'test/recordings', 'test/golden'])
    expect(scripts).toMatchObject({ check: 'tsc', lint: 'oxlint --type-aware --deny-warnings' })
    expect(documentAt('.ci/run')).toMatch(/^step '[^']+' npm run --silent check$/m)
    expect(documentAt('.ci/run')).toMatch(/^step '[^']+' npm run --silent lint$/m)
    const switchedOff = sourceFiles().filter(({ text }) =>
      /(?:oxlint|eslint)-disable|@ts-(?:ignore|expect-error|nocheck)/.test(text),
    )
    expect(switchedOff.map(({ path }) => path)).toEqual([])
  })
})

/** A port of this machine that somebody else listens on. */
const takenPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return portOf(server.address())
}

const portOf = (address: AddressInfo | string | null): number => {
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const config = (text: string) => ({ args: ['--config', written('tolk.json5', text)] })

describe('N-17 a start that is wrong is one line, and ends before anything is asked', () => {
  test.each<[what: string, options: () => ProgramOptions | Promise<ProgramOptions>, line: RegExp]>([
    [
      'a key',
      () => config('{ server: { prot: 1 } }'),
      /`server\.prot`.*did you mean `server\.port`/,
    ],
    ['a flag', () => ({ args: ['--prot', '1'] }), /`--prot`: did you mean `--port`/],
    ['a variable', () => ({ env: { TOLK_PROT: '1' } }), /`TOLK_PROT`: did you mean `TOLK_PORT`/],
    ['a command', () => ({ args: ['srve'] }), /did you mean `serve`/],
    ['a scheme', () => ({ args: ['--upstream', 'ftp://box'] }), /must begin with http:/],
    ['an address', () => ({ args: ['--upstream', 'http://'] }), /`--upstream` is not an address/],
    ['a port in it', () => ({ args: ['--upstream', 'box:99999'] }), /is not an address/],
    [
      'an address in the file',
      () => config('{ upstreams: { lan: { baseUrl: "http://a b" } } }'),
      /`upstreams\.lan\.baseUrl`.*is not an address/,
    ],
    ['a file that is not there', () => ({ args: ['--config', 'nowhere.json5'] }), /does not exist/],
    ['a file that cannot be read', () => ({ args: ['--config', folder] }), /is a directory/],
    ['a file of something else', () => config('{ server: '), /is not valid JSON5/],
    [
      'a secret that is not there',
      () => ({ env: { TOLK_API_KEYS_FILE: '/nowhere' } }),
      /`TOLK_API_KEYS_FILE` names a file that does not exist/,
    ],
    [
      'a port that is none',
      () => ({ args: ['--port', '70000'] }),
      /`--port` must be a whole number/,
    ],
    [
      'a port in use',
      async () => ({ args: ['--port', String(await takenPort())] }),
      /^Port \d+ is in use already\. Stop what listens there, or choose another with --port\.$/,
    ],
    [
      'a port of the metrics in use',
      async () => ({ env: { TOLK_METRICS_PORT: String(await takenPort()) } }),
      /^metrics\.port: tolk cannot listen on port \d+ .*; choose another/,
    ],
    [
      'an address of another machine',
      () => ({ args: ['--host', '192.0.2.1', '--allow-anonymous'] }),
      /This machine has no such address to listen on/,
    ],
  ])('%s', async (_, options, line) => {
    const program = run(await options())
    const { code } = await inTime('its end', program.ended, 10_000)
    expect(program.stderr()).toMatch(/^[^\n]+\n$/)
    expect(program.stderr().trim()).toMatch(line)
    expect(code).toBe(2)
    expect(program.stdout()).not.toMatch(/listens on/)
    expect(ollama.requests).toEqual([])
  })

  test('several things that are wrong are a line each', async () => {
    const program = run({ ...config('{ server: { prot: 1 }, catalog: { list: 5 } }') })
    expect((await program.ended).code).toBe(2)
    expect(program.stderr().trim().split('\n')).toHaveLength(2)
  })
})

/** Whether anything takes a connection there. */
const isOpen = async (host: string, port: number): Promise<boolean> => {
  const socket = connect({ host, port })
  try {
    await inTime('a verdict', once(socket, 'connect'))
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

describe('N-18 tolk listens', () => {
  /** Addresses of this machine that are not the one that every program takes for itself. */
  const others = [
    ...(process.platform === 'linux' ? ['127.0.0.2'] : []),
    ...Object.values(networkInterfaces()).flatMap((addresses = []) =>
      addresses.flatMap(({ family, internal, address }) =>
        family === 'IPv4' && !internal ? [address] : [],
      ),
    ),
  ]
  const openAmong = async (url: string): Promise<readonly string[]> => {
    const port = Number(new URL(url).port)
    expect(await isOpen('127.0.0.1', port)).toBe(true)
    const verdicts = await Promise.all(others.map((host) => isOpen(host, port)))
    return others.filter((_, at) => verdicts[at])
  }

  test('on loopback, for clients and for metrics, unless told otherwise', async ({ skip }) => {
    skip(others.length === 0, 'this machine has no address but one')
    const program = run({ env: { TOLK_METRICS_PORT: '0' } })
    const [, url = ''] = await program.says(/tolk listens on (\S+)/)
    const [, metrics = ''] = await program.says(/"url":"([^"]+)"/)
    expect([url, metrics].map((each) => new URL(each).hostname)).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(await openAmong(url)).toEqual([])
    expect(await openAmong(metrics)).toEqual([])
  })

  test('on every address where it is told to, with keys', async () => {
    const program = run({ env: { TOLK_HOST: '0.0.0.0', TOLK_API_KEYS: 'app=a-key' } })
    const [, url = ''] = await program.says(/tolk listens on (\S+)/)
    expect(await openAmong(url)).toEqual(others)
  })

  test('on every address in the image, and nowhere else that this repository says', async () => {
    expect(environment()['TOLK_HOST']).toBe('0.0.0.0')
    expect(documentAt('docker/compose.yaml')).not.toContain('TOLK_HOST')
    expect(manifest().scripts['start']).toBe('node src/main.ts')
    const { server, metrics } = settingsSchema.parse({})
    expect([server.host, metrics.host]).toEqual(['127.0.0.1', '127.0.0.1'])
    const { TOLK_HOST = '' } = environment()
    const program = run({ env: { TOLK_HOST } })
    expect((await program.ended).code).toBe(2)
    expect(program.stderr()).toMatch(/key.*--allow-anonymous|--allow-anonymous.*key/s)
  })
})

describe('N-20 what is written down', () => {
  const security = documentAt('.github/SECURITY.md')
  const section = (title: string): string =>
    new RegExp(`^## ${title}\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(security)?.[1] ?? ''

  test('is who may do what: the threat model names all four, and what lies outside', () => {
    const trust = section('Who is trusted')
    for (const who of [
      'operator is\ntrusted',
      'A client is trusted with',
      'The upstream is trusted',
    ]) {
      expect(trust).toContain(who)
    }
    expect(trust).toMatch(/Whoever can connect and has no key/)
    expect(trust).toMatch(/plain HTTP/)
    expect(section('What is promised').match(/^- \*\*/gm)?.length).toBeGreaterThan(9)
    expect(security).toMatch(/What breaks one of these is a hole/)
  })

  test('is how a hole is reported, and which versions are supported', () => {
    const policy = section('To report a hole')
    expect(policy).toMatch(/Report a vulnerability.*private/s)
    expect(policy).toMatch(/open no public issue/)
    expect(policy).toMatch(/Supported is the latest release/)
    expect(documentAt('README.md')).toContain('.github/SECURITY.md')
  })

  test('is a compose file that lets an answer finish before the container is killed', () => {
    const compose = documentAt('docker/compose.yaml')
    const [, grace = ''] = /^ {4}stop_grace_period: (\d+)s$/m.exec(compose) ?? []
    const { drainMs, preDelayMs } = settingsSchema.parse({}).shutdown
    expect(Number(grace) * 1000).toBeGreaterThan(drainMs + preDelayMs)
    expect(compose).not.toMatch(/tmpfs|privileged|cap_add|network_mode/)
  })
})
