/** Several processes behind one port: one catalog, one set of limits, one drain, and nobody left over. */
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { type ChatStream, chatStream } from '../support/chat-stream.ts'
import { inTime } from '../support/deadline.ts'
import { refusalIn } from '../support/envelope.ts'
import { runProgram, type Program, type ProgramOptions } from '../support/program.ts'
import { ask, type RawAnswer } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo } from '../support/socket-client.ts'

const CHAT = '/v1/chat/completions'

/** Processes start and lines are written soon, but how soon is the machine's business. */
const SOON = { timeout: 8000, interval: 20 }

let ollama: StandIn
let gate: PromiseWithResolvers<void>
const programs: Program[] = []

const SCRIPTS: Readonly<Record<string, () => Script>> = {
  gated: () => [word('a'), { until: gate.promise }, word('b'), done],
  long: () => [word('a'), { hold: true }],
}

beforeEach(async () => {
  gate = Promise.withResolvers()
  ollama = await createScriptedOllama({
    script: ({ body }) => SCRIPTS[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterEach(async () => {
  for (const program of programs.splice(0)) program.kill()
  await ollama.close()
})

const run = (options: ProgramOptions): Program => {
  const program = runProgram(options)
  programs.push(program)
  return program
}

type Workers = Program & { readonly url: string }

/** As many workers as said, all listening. */
const start = async (count: number, options: ProgramOptions = {}): Promise<Workers> => {
  const program = run({
    args: ['--workers', String(count)],
    ...options,
    env: { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', ...options.env },
  })
  const [, url = ''] = await program.says(/listens on (\S+) .*\n/)
  // The sentence and the log lines come by ways of their own: either may be read first.
  await expect.poll(() => pids(program), SOON).toHaveLength(count)
  return { ...program, url }
}

const logLine = z.object({
  msg: z.string(),
  worker: z.number().optional(),
  pid: z.number().optional(),
  how: z.string().optional(),
})

/** What was logged so far, of this message; a torn line throws. */
const logged = (program: Program, message: string) =>
  program
    .stdout()
    .split('\n')
    .slice(0, -1)
    .filter((line) => !line.startsWith('tolk '))
    .map((line) => logLine.parse(JSON.parse(line)))
    .filter(({ msg }) => msg === message)

/** The workers that wrote these lines. */
const workersIn = (lines: readonly { readonly worker?: number | undefined }[]) =>
  new Set(lines.map(({ worker }) => worker))

const pids = (program: Program): readonly number[] =>
  logged(program, 'a worker listens').flatMap(({ pid }) => pid ?? [])

const chat = (url: string, model = 'm', headers: Readonly<Record<string, string>> = {}) =>
  ask(url, { path: CHAT, headers, body: { model, messages: [{ role: 'user', content: 'Hi' }] } })

/** One after another, so that each goes to the next worker. */
const inTurn = async <T>(count: number, work: () => Promise<T>): Promise<readonly T[]> => {
  const results: T[] = []
  for (let each = 0; each < count; each += 1) results.push(await work())
  return results
}

const asked = (route: string): number =>
  ollama.requests.filter((request) => request.route === route).length

const idsIn = ({ body }: RawAnswer): readonly string[] => {
  const { data } = z.object({ data: z.array(z.object({ id: z.string() })) }).parse(JSON.parse(body))
  return data.map(({ id }) => id)
}

test('each lists explicit models at once, and knows whether their upstream answers', async () => {
  await ollama.down()
  const env = { TOLK_UPSTREAM_MODELS: '[{ id: "b:1" }, { id: "a:1" }]' }
  const tolk = await start(2, { env: { ...env, TOLK_CATALOG_REFRESH_MS: '100' } })
  expect(tolk.stdout()).toMatch(/not reachable\. Nothing listens .* it lists the configured models/)
  const lists = await inTurn(2, () => ask(tolk.url, { path: '/v1/models' }))
  expect(lists.map(idsIn)).toEqual([
    ['b:1', 'a:1'],
    ['b:1', 'a:1'],
  ])
  const ready = () => inTurn(2, async () => (await ask(tolk.url, { path: '/readyz' })).status)
  expect(await ready()).toEqual([503, 503])
  await ollama.up()
  await expect.poll(ready, SOON).toEqual([200, 200])
})

describe('three workers', () => {
  test('share the work, and have the upstream asked once what it has', async () => {
    const tolk = await start(3)
    const answers = await inTurn(6, () => chat(tolk.url))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    await expect.poll(() => logged(tolk, 'request'), SOON).toHaveLength(6)
    expect(workersIn(logged(tolk, 'request'))).toEqual(new Set([1, 2, 3]))
    for (const route of ['/api/tags', '/api/show', '/api/ps', '/api/version']) {
      expect([route, asked(route)]).toEqual([route, 1])
    }
    expect(tolk.stdout().match(/^tolk listens on .* 1 model\.$/gm)).toHaveLength(1)
    expect(tolk.stderr()).toBe('')
    const probes = await inTurn(3, () => ask(tolk.url, { path: '/readyz' }))
    expect(probes.map(({ status }) => status)).toEqual([200, 200, 200])
    const health = run({ args: ['health', '--port', new URL(tolk.url).port] })
    expect((await health.ended).code).toBe(0)
  })

  test('find a model that was pulled a second ago, lose one that is gone, and ask once each time', async () => {
    const tolk = await start(3)
    const fresh = createModel({ name: 'new', abilities: ['completion', 'tools'] })
    ollama.models = [...ollama.models, fresh]
    expect((await chat(tolk.url, 'new')).status).toBe(200)
    expect(asked('/api/tags')).toBe(2)
    const found = await inTurn(3, () => ask(tolk.url, { path: '/v1/models' }))
    expect(found.map(idsIn)).toEqual([
      ['m', 'new'],
      ['m', 'new'],
      ['m', 'new'],
    ])
    expect((await inTurn(3, () => chat(tolk.url, 'new'))).map(({ status }) => status)).toEqual([
      200, 200, 200,
    ])
    expect(asked('/api/tags')).toBe(2)

    ollama.models = [fresh]
    const missed = await chat(tolk.url, 'm')
    expect(refusalIn(missed)).toMatchObject({ code: 'model_not_found' })
    expect(asked('/api/tags')).toBe(3)
    const left = await inTurn(3, () => ask(tolk.url, { path: '/v1/models' }))
    expect(left.map(idsIn)).toEqual([['new'], ['new'], ['new']])
  })

  test('hold a key to one limit, and say how it stands', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'tolk-'))
    const keys = [{ name: 'clock', key: 'sk-clock', requestsPerMinute: 5 }]
    writeFileSync(join(cwd, 'tolk.json5'), JSON.stringify({ auth: { keys } }))
    const tolk = await start(3, { cwd })
    const headers = { authorization: 'Bearer sk-clock' }
    const answers = await inTurn(7, () => chat(tolk.url, 'm', headers))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429])
    const left = answers.map((answer) => answer.headers['x-ratelimit-remaining-requests'])
    expect(left).toEqual(['4', '3', '2', '1', '0', '0', '0'])
    expect(answers.map((answer) => answer.headers['x-ratelimit-limit-requests'])).toEqual(
      answers.map(() => '5'),
    )
    expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0)
    await expect.poll(() => workersIn(logged(tolk, 'request')), SOON).toEqual(new Set([1, 2, 3]))
    expect(tolk.stdout()).not.toContain('sk-clock')
  })
})

/** Streams under way in each of two workers, two that will end and two that will not. */
const underWay = async (url: string): Promise<readonly ChatStream[]> => {
  const gated = await inTurn(2, () => chatStream(url, 'gated'))
  return [...gated, ...(await inTurn(2, () => chatStream(url, 'long')))]
}

describe('a signal', () => {
  test('to the whole group, as from a terminal, drains all: what is under way ends, or is told', async () => {
    const tolk = await start(2, { env: { TOLK_SHUTDOWN_DRAIN_MS: '1000' } })
    const streams = await underWay(tolk.url)
    tolk.signal('SIGINT')
    await expect
      .poll(() => connectTo(tolk.url).then(({ socket }) => socket.destroy(), String), SOON)
      .toContain('ECONNREFUSED')
    gate.resolve()
    expect(await Promise.all(streams.map((stream) => stream.ended()))).toEqual(
      streams.map(() => 'whole'),
    )
    expect(streams.map((stream) => stream.content())).toEqual(['ab', 'ab', 'a', 'a'])
    expect(streams.map((stream) => stream.data().at(-1) === '[DONE]')).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(streams.map((stream) => stream.errors().map(({ code }) => code))).toEqual([
      [],
      [],
      ['draining'],
      ['draining'],
    ])
    expect(await inTime('the end', tolk.ended)).toEqual({ code: 0, signal: null })
    expect(workersIn(logged(tolk, 'request'))).toEqual(new Set([1, 2]))
    expect(logged(tolk, 'request')).toHaveLength(4)
  })

  test('to the first process alone does the same, and a second one means now', async () => {
    const tolk = await start(2)
    const streams = await underWay(tolk.url)
    tolk.process.kill('SIGTERM')
    await expect
      .poll(() => connectTo(tolk.url).then(({ socket }) => socket.destroy(), String), SOON)
      .toContain('ECONNREFUSED')
    expect(streams.map((stream) => stream.content())).toEqual(['a', 'a', 'a', 'a'])
    tolk.process.kill('SIGTERM')
    // Standard output closes with the last that has it: no worker is left.
    expect(await inTime('the end', tolk.ended)).toEqual({ code: 1, signal: null })
    expect(await Promise.all(streams.map((stream) => stream.ended()))).toEqual(
      streams.map(() => 'torn'),
    )
  })

  test('to the workers alone stops nothing', async () => {
    const tolk = await start(2)
    for (const pid of pids(tolk)) process.kill(pid, 'SIGTERM')
    expect((await inTurn(4, () => chat(tolk.url))).map(({ status }) => status)).toEqual([
      200, 200, 200, 200,
    ])
    await expect.poll(() => logged(tolk, 'request'), SOON).toHaveLength(4)
    expect(workersIn(logged(tolk, 'request'))).toEqual(new Set([1, 2]))
  })
})

test('a worker that is killed takes its own streams along, and is replaced', async () => {
  const tolk = await start(2)
  const streams = await inTurn(4, () => chatStream(tolk.url, 'gated'))
  const [victim] = pids(tolk)
  // Zero would be the process group of the tests themselves.
  if (victim === undefined) throw new Error('no worker has said its pid')
  process.kill(victim, 'SIGKILL')
  await expect
    .poll(() => workersIn(logged(tolk, 'a worker listens')), SOON)
    .toEqual(new Set([1, 2, 3]))
  expect(logged(tolk, 'a worker died')).toMatchObject([{ pid: victim, how: 'SIGKILL' }])
  gate.resolve()
  const ends = await Promise.all(streams.map((stream) => stream.ended()))
  expect(ends.toSorted()).toEqual(['torn', 'torn', 'whole', 'whole'])
  const whole = streams.filter((_, index) => ends[index] === 'whole')
  expect(whole.map((stream) => stream.content())).toEqual(['ab', 'ab'])
  expect((await inTurn(4, () => chat(tolk.url))).map(({ status }) => status)).toEqual([
    200, 200, 200, 200,
  ])
  await expect.poll(() => workersIn(logged(tolk, 'request')), SOON).toContain(3)
  expect(asked('/api/tags')).toBe(1)
})

test('when the first process is killed no worker stays', async () => {
  const tolk = await start(2)
  const streams = await inTurn(2, () => chatStream(tolk.url, 'long'))
  tolk.process.kill('SIGKILL')
  expect(await inTime('the end of all', tolk.ended)).toEqual({ code: null, signal: 'SIGKILL' })
  expect(await Promise.all(streams.map((stream) => stream.ended()))).toEqual(['torn', 'torn'])
  await expect(connectTo(tolk.url)).rejects.toThrow('ECONNREFUSED')
})

test('N-17 a port in use is one sentence and exit code 2, as ever', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const program = run({
    args: ['--workers', '2', '--port', String(port)],
    env: { OLLAMA_HOST: ollama.url },
  })
  expect(await inTime('the end of all', program.ended, 10_000)).toEqual({ code: 2, signal: null })
  expect(program.stderr()).toMatch(new RegExp(`^Port ${port} is in use already\\. .*--port\\.\\n$`))
  expect(program.stdout()).toBe('')
  server.close()
})

test('what is wrong with the configuration is said once', async () => {
  const program = run({ args: ['--workers', '2', '--host', '0.0.0.0'] })
  expect((await program.ended).code).toBe(2)
  expect(program.stderr().match(/--allow-anonymous/g)).toHaveLength(1)
  expect(program.stdout()).toBe('')
})
