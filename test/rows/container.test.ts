/** What a container asks of tolk, shown without a Docker: `docker/verify.sh` shows the same in a real one. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { execForm } from '../docker/dockerfile.ts'
import {
  buildApp,
  buildRoot,
  createMemoryGroup,
  runContained,
  whyNot,
  type Contained,
  type ContainerOptions,
} from '../docker/image.ts'
import { chatStream } from '../support/chat-stream.ts'
import { inTime } from '../support/deadline.ts'
import { documentAt, ROOT } from '../support/documents.ts'
import { lockedPackages } from '../support/lockfile.ts'
import { runProgram, type Program, type ProgramOptions } from '../support/program.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'

const MEBIBYTE = 1024 * 1024
const BUILD_MS = 60_000

let ollama: StandIn
const programs: Program[] = []
const scripts: Record<string, () => Script> = {
  held: () => [word('a'), { hold: true }],
}

beforeAll(async () => {
  ollama = await createScriptedOllama({
    script: ({ body }) => scripts[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterAll(() => ollama.close())
afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.kill()
    await program.ended
  }
})

const keep = <T extends Program>(program: T): T => {
  programs.push(program)
  return program
}

const run = (options: ProgramOptions): Program =>
  keep(runProgram({ ...options, env: { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', ...options.env } }))

/** Where it says that it listens. */
const addressOf = async (program: Program): Promise<string> => {
  const [, url = ''] = await program.says(/tolk listens on (\S+)/)
  return url
}

/** A stream that has said its first word, and goes on for ever. */
const heldStream = async (url: string) => {
  const stream = await chatStream(url, 'held')
  await stream.until(1)
  return stream
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

describe('N-11 a signal', () => {
  test.each(SIGNALS)('%s ends an idle tolk with 0 within a second', async (signal) => {
    const program = run({})
    await addressOf(program)
    program.process.kill(signal)
    expect(await inTime('its end', program.ended, 1000)).toEqual({ code: 0, signal: null })
  })

  test('lets a stream finish, and ends it then', async () => {
    const gate = Promise.withResolvers<void>()
    scripts['gated'] = () => [word('a'), { until: gate.promise }, word('b'), done]
    const program = run({})
    const url = await addressOf(program)
    const stream = await chatStream(url, 'gated')
    await stream.until(1)
    program.process.kill('SIGTERM')
    // Once it drains nobody new is let in.
    await expect.poll(() => fetch(`${url}/livez`).then(Boolean, () => false)).toBe(false)
    expect(program.process.exitCode).toBeNull()
    gate.resolve()
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toBe('ab')
    expect(stream.data().at(-1)).toBe('[DONE]')
    expect(await inTime('its end', program.ended, 1000)).toEqual({ code: 0, signal: null })
  })

  test('that comes twice ends it at once, with 1', async () => {
    const program = run({})
    const url = await addressOf(program)
    const stream = await heldStream(url)
    program.process.kill('SIGTERM')
    await expect.poll(() => fetch(`${url}/livez`).then(Boolean, () => false)).toBe(false)
    program.process.kill('SIGTERM')
    expect(await inTime('its end', program.ended, 1000)).toEqual({ code: 1, signal: null })
    expect(await stream.ended()).toBe('torn')
  })

  test('while it still looks for its upstream ends it with 0, and without a word', async () => {
    const looked = Promise.withResolvers<void>()
    const silent = createServer(() => looked.resolve()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const program = run({ env: { OLLAMA_HOST: `http://127.0.0.1:${address.port}` } })
    // It looks once it listens.
    await looked.promise
    program.process.kill('SIGTERM')
    expect(await inTime('its end', program.ended, 1000)).toEqual({ code: 0, signal: null })
    expect(program.stderr()).toBe('')
    silent.close()
  })

  test('before it could listen to any ends it too, and nothing is left listening', async () => {
    const program = run({})
    program.process.kill('SIGTERM')
    const { code, signal } = await inTime('its end', program.ended)
    expect(signal ?? code).toBe(signal === null ? 0 : 'SIGTERM')
    expect(program.stdout()).toBe('')
  })
})

describe('the published program', () => {
  let folder: string
  let app: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tolk-app-'))
    app = await buildApp(folder)
  }, BUILD_MS)
  afterAll(() => rm(folder, { recursive: true }))

  test('N-12 stays within 512 MB under hundreds of streams at once', async ({ skip }) => {
    skip(process.platform !== 'linux', 'only Linux tells the most memory that a process has had')
    // Three quarters of 512, which the image says in percent.
    const heap = '--max-old-space-size=384'
    const program = run({ command: [process.execPath, heap, join(app, 'dist/main.js')] })
    const url = await addressOf(program)
    scripts['many'] = () => [...Array.from({ length: DELTAS }, () => word('word ')), done]
    const streams = await Promise.all(
      Array.from({ length: STREAMS }, () => chatStream(url, 'many', { headMs: 15_000 })),
    )
    for (const stream of streams) expect(await stream.ended(15_000)).toBe('whole')
    expect(streams.map((stream) => stream.content().length)).toEqual(
      streams.map(() => DELTAS * 'word '.length),
    )
    expect(peakOf(program.process.pid ?? 0)).toBeLessThan(512 * MEBIBYTE)
  })

  test('N-15 makes no code of text where Node is told to allow none, and does all that it does', async () => {
    const flag = '--disallow-code-generation-from-strings'
    const refusal = spawnSync(process.execPath, [flag, '--eval', "Function('')"])
    expect(refusal.status).not.toBe(0)
    const program = run({
      command: [process.execPath, flag, join(app, 'dist/main.js')],
      env: { TOLK_METRICS_PORT: '0' },
    })
    const url = await addressOf(program)
    const stream = await chatStream(url, 'Hi')
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toBe('Hello.')
    const wrong = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    expect((await fetch(`${url}/v1/chat/completions`, wrong)).status).toBe(400)
    const [, metrics = ''] = await program.says(/"url":"([^"]+)"/)
    expect(await (await fetch(metrics)).text()).toContain('tolk_requests_total')
    program.process.kill('SIGTERM')
    expect(await program.ended).toEqual({ code: 0, signal: null })
    expect(program.stdout() + program.stderr()).not.toMatch(/EvalError|"level":"(?:error|fatal)"/)
  })

  test('N-15 starts no program, and takes in nothing whose name is not written there', () => {
    const files = readdirSync(join(app, 'dist')).filter((name) => name.endsWith('.js'))
    const code = files.map((name) => readFileSync(join(app, 'dist', name), 'utf8')).join('\n')
    const named = [
      ...code.matchAll(/\bfrom ?"([^"]+)"|^import "([^"]+)"|(?:require|\bimport)\("([^"]+)"\)/gm),
    ].flatMap(([, one, two, three]) => one ?? two ?? three ?? [])
    const modules = new Set(named.map((name) => name.replace(/^node:/, '')))
    expect(modules.size).toBeGreaterThan(20)
    for (const foreign of ['child_process', 'vm', 'repl', 'inspector']) {
      expect(modules).not.toContain(foreign)
    }
    expect(code).not.toMatch(/(?<!function )\b(?:__)?(?:require|import)\((?!["'])/)
    expect(code).not.toMatch(/\beval\(/)
    expect(code.match(/\bnew Function\(|= Function;/g)).toEqual(ZODS)
  })

  /** It tries whether it may, and makes one function of each schema of ours; where it may not, it does without. */
  const ZODS = ['new Function(', '= Function;', '= Function;']

  describe('N-14 under Node’s permission model, with the flags that docker/README.md names,', () => {
    test('serves, streams, counts and stops', async () => {
      const program = confinedTo(app)
      const url = await addressOf(program)
      const stream = await chatStream(url, 'Hi')
      expect(await stream.ended()).toBe('whole')
      expect(stream.content()).toBe('Hello.')
      const [, metrics = ''] = await program.says(/"url":"([^"]+)"/)
      expect(await (await fetch(metrics)).text()).toContain('tolk_requests_total')
      program.process.kill('SIGTERM')
      expect(await program.ended).toEqual({ code: 0, signal: null })
      expect(program.stderr()).not.toContain('ERR_ACCESS_DENIED')
    })

    test('reads nothing else', async () => {
      const outside = join(folder, 'outside.json5')
      writeFileSync(outside, '{}')
      const program = confinedTo(app, ['check', '--config', outside])
      expect((await program.ended).code).toBe(2)
      expect(program.stderr()).toMatch(/outside\.json5, which (?:cannot|may not) be read/)
    })
  })
})

/** What docker/README.md says, for a program that is elsewhere. */
const flagsFor = (app: string): readonly string[] => {
  const [said = ''] =
    /--permission --allow-fs-read=\/app\b/.exec(documentAt('docker/README.md')) ?? []
  expect(said).not.toBe('')
  // From Node 25 on the network is a permission too.
  const network = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []
  return [...said.replace('/app', app).split(' '), ...network]
}

const confinedTo = (app: string, args: readonly string[] = []): Program =>
  run({
    command: [process.execPath, ...flagsFor(app), join(app, 'dist/main.js')],
    args,
    cwd: app,
    env: { TOLK_METRICS_PORT: '0' },
  })

const STREAMS = 300
const DELTAS = 50

/** The most memory that a process has had, bytes. */
const peakOf = (pid: number): number => {
  const [, kibibytes = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(statusOf(pid)) ?? []
  expect(kibibytes).toMatch(/^\d+$/)
  return Number(kibibytes) * 1024
}

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8')

describe('the root of the image, with tolk as its process 1', () => {
  const reason = whyNot()
  let folder: string
  let root: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tolk-image-'))
    if (reason === null) root = await buildRoot(folder)
  }, BUILD_MS)
  afterAll(() => rm(folder, { recursive: true }))

  const contained = ({ skip }: TestContext, options: ContainerOptions = {}): Contained => {
    skip(reason !== null, reason ?? '')
    const env = {
      OLLAMA_HOST: ollama.url,
      TOLK_HOST: '127.0.0.1',
      TOLK_PORT: '0',
      TOLK_API_KEYS: 'app=a-key',
      ...options.env,
    }
    return keep(runContained(root, { ...options, env }))
  }
  const authorization = { authorization: 'Bearer a-key' }

  test('N-08 holds one program, no shell and no npm, and is less than 200 MB', ({ skip }) => {
    skip(reason !== null, reason ?? '')
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    const executables = files.filter((path) => /(?:^|\/)s?bin\/[^/]+$/.test(path))
    expect(executables).toEqual(['usr/local/bin/node'])
    expect(
      files.filter((path) => /(?:^|\/)(?:npm|npx|corepack|busybox|[a-z]*sh)$/.test(path)),
    ).toEqual([])
    const shipped = lockedPackages().filter(({ isTool }) => !isTool)
    const packages = shipped.map(({ name }) => bytesBelow(join(ROOT, 'node_modules', name)))
    const bytes = bytesBelow(root) + packages.reduce((sum, one) => sum + one, 0)
    expect(bytes).toBeGreaterThan(50e6)
    expect(bytes).toBeLessThan(200e6)
  })

  test('N-09 needs no writable file, no capability, no root, and few processes', async (context) => {
    const program = contained(context)
    const url = await addressOf(program)
    const stream = await chatStream(url, 'Hi', { headers: authorization })
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toBe('Hello.')
    const pid = await program.pid()
    const status = statusOf(pid)
    expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m)
    expect(status).toMatch(/^Gid:\t10001\t10001\t10001\t10001$/m)
    expect(status).toMatch(/^Groups:[\t ]*(?:10001)? *$/m)
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${set}:\t0{16}$`, 'm'))
    }
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(Number(/^Threads:\t(\d+)$/m.exec(status)?.[1])).toBeLessThan(64)
    // No mount of its own but the root's, the kernel's, and none that holds files that stay.
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n')
    const own = mounts.filter((line) => line.split(' ')[4] === '/')
    expect(own.map((line) => line.split(' ')[5]?.split(',')[0])).toEqual(['ro'])
  })

  test.for(SIGNALS)('N-10 takes %s as process 1, and has no children', async (signal, context) => {
    const program = contained(context)
    const url = await addressOf(program)
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const pid = await program.pid()
    expect(statusOf(pid)).toMatch(/^NSpid:\t\d+\t1$/m)
    const children = readdirSync(`/proc/${pid}/task`).map((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'),
    )
    expect(children.join('')).toBe('')
    process.kill(pid, signal)
    expect(await inTime('its end', program.ended, 1000)).toEqual({ code: 0, signal: null })
  })

  test('N-10 takes a second signal as process 1 too', async (context) => {
    const program = contained(context)
    const url = await addressOf(program)
    const stream = await chatStream(url, 'held', { headers: authorization })
    await stream.until(1)
    const pid = await program.pid()
    process.kill(pid, 'SIGTERM')
    await expect.poll(() => fetch(`${url}/livez`).then(Boolean, () => false)).toBe(false)
    process.kill(pid, 'SIGTERM')
    expect(await inTime('its end', program.ended, 1000)).toEqual({ code: 1, signal: null })
  })

  test('N-12 takes three quarters of the container’s memory for its heap', async (context) => {
    const memory = createMemoryGroup(`tolk-test-${process.pid}`, 512 * MEBIBYTE)
    context.skip(memory === null, 'no control group can be made here')
    try {
      const command = ['node', '-p', 'v8.getHeapStatistics().heap_size_limit']
      const asked = contained(context, { command, memory })
      expect((await asked.ended).code).toBe(0)
      // The young generation comes on top: little, where there is little memory.
      const limit = Number(asked.stdout()) / MEBIBYTE
      expect(limit).toBeGreaterThanOrEqual(384)
      expect(limit).toBeLessThan(448)
    } finally {
      memory?.remove()
    }
  })

  const checkHealth = (context: TestContext, port: string): Contained =>
    contained(context, { command: execForm('HEALTHCHECK'), env: { TOLK_PORT: port } })

  describe('N-13 its health check', () => {
    test('says that it is well, without a shell', async (context) => {
      const url = await addressOf(contained(context))
      const asked = checkHealth(context, new URL(url).port)
      expect(await asked.ended).toEqual({ code: 0, signal: null })
      expect(asked.stdout()).toBe('ok\n')
    })

    test('says within two seconds that something listens and does not answer', async (context) => {
      const silent = createServer().listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const address = silent.address()
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0
      const asked = checkHealth(context, String(port))
      expect((await inTime('a verdict', asked.ended, 2000)).code).toBe(1)
      expect(asked.stdout()).toBe('not well: no answer\n')
      silent.close()
    })
  })
})

/** The bytes of all files below a folder. */
const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
