/** The commands, each in a process of its own. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createRecordedOllama } from '../support/recorded-ollama.ts'
import { runProgram, type Program, type ProgramOptions } from '../support/program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let ollama: StandIn
const programs: Program[] = []

beforeAll(async () => {
  ollama = await createRecordedOllama()
})
afterAll(() => ollama.close())
afterEach(() => {
  for (const program of programs.splice(0)) program.kill()
})

const run = (options: ProgramOptions): Program => {
  const program = runProgram(options)
  programs.push(program)
  return program
}

const env = () => ({ OLLAMA_HOST: ollama.url, TOLK_PORT: '0' })

const folderWith = (name: string, text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tolk-'))
  writeFileSync(join(folder, name), text)
  return folder
}

describe('tolk', () => {
  test('says in one line where it listens, what it found and how many models', async () => {
    const program = run({ env: env() })
    const [, url = ''] = await program.says(
      /^tolk listens on (http:\/\/127\.0\.0\.1:\d+) → Ollama 0\.0\.0 at http:\S+: 13 models, 1 hidden \(.*\n/m,
    )
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('says why the upstream is not reachable, that it goes on trying, and then finds it', async () => {
    const late = createServer((_, response) => response.end('{"models":[],"version":"1"}'))
    const port = await free()
    const program = run({
      env: { OLLAMA_HOST: `127.0.0.1:${port}`, TOLK_PORT: '0', TOLK_CATALOG_REFRESH_MS: '200' },
    })
    const [, url = ''] = await program.says(
      /^tolk listens on (\S+) → .* not reachable\. Nothing listens .* goes on trying\.\n/m,
    )
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    late.listen(port, '127.0.0.1')
    await expect
      .poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000, interval: 100 })
      .toBe(200)
    late.close()
  })

  test('says the same beside explicit models, which it lists meanwhile', async () => {
    const program = run({
      env: {
        OLLAMA_HOST: `127.0.0.1:${await free()}`,
        TOLK_PORT: '0',
        TOLK_UPSTREAM_MODELS: '[{ id: "a:b" }]',
      },
    })
    const [, url = ''] = await program.says(
      /^tolk listens on (\S+) → .* not reachable\. Nothing listens .* goes on trying\. Meanwhile it lists the configured models\.\n/m,
    )
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
  })

  test('ends with 0 soon after SIGTERM', async () => {
    const program = run({ env: env() })
    await program.says(/listens on/)
    program.process.kill('SIGTERM')
    expect(await program.ended).toEqual({ code: 0, signal: null })
  })

  test('says in one sentence that the port is in use, and ends with 2', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const program = run({ env: env(), args: ['--port', String(port)] })
    expect((await program.ended).code).toBe(2)
    expect(program.stderr()).toMatch(
      new RegExp(`^Port ${port} is in use already\\. .*--port\\.\\n$`),
    )
    server.close()
  })

  test('A-12 refuses to listen beyond this machine without keys, and says the ways out', async () => {
    const program = run({ env: { ...env(), TOLK_HOST: '0.0.0.0' } })
    expect((await program.ended).code).toBe(2)
    expect(program.stderr()).toContain('--allow-anonymous')
    expect(program.stderr()).not.toMatch(/^\s+at /m)
  })

  test('A-12 listens beyond this machine when told to, and warns of what that is', async () => {
    const program = run({ args: ['--host', '0.0.0.0', '--allow-anonymous'], env: env() })
    await program.says(/listens on http:\/\/0\.0\.0\.0:\d+/)
    await program.says(
      /"level":"warn".*anyone who reaches this port can use the upstream: no client keys are configured/,
    )
    const keys = run({ args: ['--host', '0.0.0.0'], env: { ...env(), TOLK_API_KEYS: 'a=sk-a' } })
    await keys.says(/listens on http:\/\/0\.0\.0\.0:\d+/)
    expect(keys.stdout()).not.toContain('anyone who reaches')
  })

  test.each([
    [['--prot', '1'], /did you mean `--port`\?/],
    [['modles'], /did you mean `models`\?/],
    [['--port', 'http'], /port/],
    [['--port', '70000'], /port/],
    [['--config', 'nowhere.json5'], /nowhere\.json5/],
  ])('says what is wrong with %j in a sentence, and ends with 2', async (args, sentence) => {
    const program = run({ args, env: env() })
    expect((await program.ended).code).toBe(2)
    expect(program.stderr()).toMatch(sentence)
    expect(program.stderr()).not.toMatch(/^\s+at /m)
    expect(program.stdout()).toBe('')
  })

  test('says which key of a file it does not know, and the nearest one', async () => {
    const cwd = folderWith('tolk.json5', '{ server: { prot: 1 } }')
    const program = run({ cwd, env: env() })
    expect((await program.ended).code).toBe(2)
    expect(program.stderr()).toMatch(/prot.*did you mean.*port/)
  })
})

describe('the other commands', () => {
  test('models prints the tool-capable models, their windows, and what is hidden', async () => {
    const program = run({ args: ['models'], env: env() })
    expect((await program.ended).code).toBe(0)
    expect(program.stdout()).toMatch(/^native:latest +32768 +32768 +tools, thinking$/m)
    expect(program.stdout()).toMatch(/^small-window:latest +32768 +64 /m)
    expect(program.stdout()).not.toMatch(/^plain/m)
    expect(program.stdout()).toMatch(/1 hidden/)
  })

  test('models --json prints what GET /v1/models gives', async () => {
    const program = run({ args: ['models', '--json'], env: env() })
    expect((await program.ended).code).toBe(0)
    const list: { object?: string; data?: unknown[] } = JSON.parse(program.stdout())
    expect(list.object).toBe('list')
    expect(list.data).toHaveLength(13)
  })

  test.each([[['models']], [['models', '--json']]])(
    '%j says why there are none where no program reads it, and ends with 1',
    async (args) => {
      const program = run({ args, env: { OLLAMA_HOST: `127.0.0.1:${await free()}` } })
      expect((await program.ended).code).toBe(1)
      expect(program.stderr()).toContain('Is Ollama running there?')
      expect(program.stdout()).toBe('')
    },
  )

  test('models prints explicit ones, upstream or not', async () => {
    const program = run({
      args: ['models'],
      env: { OLLAMA_HOST: `127.0.0.1:${await free()}`, TOLK_UPSTREAM_MODELS: '[{ id: "a:b" }]' },
    })
    expect((await program.ended).code).toBe(0)
    expect(program.stdout()).toMatch(/^a:b +8192 /m)
  })

  test('check shows each value with where it came from, and no secret', async () => {
    const cwd = folderWith('tolk.json5', '{ catalog: { list: "chat" } }')
    const program = run({
      args: ['check', '--log-level', 'warn'],
      cwd,
      env: {
        OLLAMA_HOST: 'ollama-host:1234',
        OLLAMA_API_KEY: 'canary-1',
        TOLK_API_KEYS: 'canary-2',
      },
    })
    expect((await program.ended).code).toBe(0)
    const lines = program.stdout()
    expect(lines).toMatch(/catalog\.list +"chat" +.*tolk\.json5/)
    expect(lines).toMatch(/log\.level +"warn" +.*--log-level/)
    expect(lines).toMatch(/baseUrl +"http:\/\/ollama-host:1234" +.*OLLAMA_HOST/)
    expect(lines).not.toContain('canary')
  })

  test('check tells of a credential that is not sent, and serving warns of it', async () => {
    const cwd = folderWith(
      'tolk.json5',
      '{ upstreams: { lan: { baseUrl: "https://lan", apiKey: "canary" } } }',
    )
    const flags = ['--upstream', ollama.url]
    const check = run({ args: ['check', ...flags], cwd })
    expect((await check.ended).code).toBe(0)
    expect(check.stdout()).toMatch(
      /^`upstreams\.lan\.apiKey` in tolk\.json5 is not sent to the address in `--upstream`/m,
    )
    const serving = run({ args: flags, cwd, env: { TOLK_PORT: '0' } })
    await serving.says(/"level":"warn".*apiKey.*is not sent to the address in `--upstream`/)
    await serving.says(/listens on .* 13 models/)
    expect(check.stdout() + serving.stdout() + serving.stderr()).not.toContain('canary')
    expect(ollama.requests.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([])
  })

  test('key prints a key and the hash of just that key', async () => {
    const program = run({ args: ['key', 'laptop'] })
    expect((await program.ended).code).toBe(0)
    const [key = ''] = /tolk-[\w-]{48}/.exec(program.stdout()) ?? []
    const sha256 = createHash('sha256').update(key).digest('hex')
    expect(program.stdout()).toContain(`{"name":"laptop","sha256":"${sha256}"}`)
  })

  test('health is 0 beside a running tolk and 1 beside none', async () => {
    const port = String(await free())
    const before = run({ args: ['health', '--port', port] })
    expect((await before.ended).code).toBe(1)
    await run({ args: ['--port', port], env: env() }).says(/listens on/)
    const beside = run({ args: ['health', '--port', port] })
    expect((await beside.ended).code).toBe(0)
  })

  test.each([['--help'], ['help'], ['-h']])('%s explains commands and flags', async (arg) => {
    const program = run({ args: [arg] })
    expect((await program.ended).code).toBe(0)
    expect(program.stdout()).toMatch(/^Usage: tolk/m)
    for (const word of ['demo', 'models', 'check', 'key', '--port', '--upstream', 'OLLAMA_HOST']) {
      expect(program.stdout()).toContain(word)
    }
  })

  test('--version is that of the package', async () => {
    const program = run({ args: ['--version'] })
    expect((await program.ended).code).toBe(0)
    expect(program.stdout()).toMatch(/^tolk \d+\.\d+\.\d+\n$/)
  })

  test('schema prints the JSON Schema of the file', async () => {
    const program = run({ args: ['schema'] })
    expect((await program.ended).code).toBe(0)
    expect(JSON.parse(program.stdout())).toMatchObject({
      $schema: expect.stringContaining('json-schema'),
      properties: { server: {}, upstreams: {}, auth: {} },
    })
  })
})

/** A port that nothing listens on, for a moment at least. */
const free = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('a reader that goes away', () => {
  test('ends no server', async () => {
    const program = run({
      command: ['sh', '-c', '"$0" "$@" | head -n 1', process.execPath],
      args: ['src/main.ts'],
      cwd: ROOT,
      env: env(),
    })
    const [, url = ''] = await program.says(/listens on (\S+)/)
    for (let round = 0; round < 3; round++) {
      expect((await fetch(`${url}/v1/models`)).status).toBe(200)
    }
  })

  test('and a full disk neither', async () => {
    const port = String(await free())
    const program = run({
      command: ['sh', '-c', 'exec "$0" "$@" > /dev/full', process.execPath],
      args: ['src/main.ts', '--port', port],
      cwd: ROOT,
      env: { OLLAMA_HOST: ollama.url },
    })
    const ask = () => fetch(`http://127.0.0.1:${port}/v1/models`).then(({ status }) => status)
    await expect.poll(() => ask().catch(() => 0), { timeout: 5000 }).toBe(200)
    for (let round = 0; round < 3; round++) expect(await ask()).toBe(200)
    program.signal('SIGTERM')
    expect(await program.ended).toEqual({ code: 0, signal: null })
  })
})
