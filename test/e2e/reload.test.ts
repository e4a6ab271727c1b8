/** SIGHUP: other keys and another credential count from then on, and no stream under way is lost by it. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream, type ChatStream } from '../support/chat-stream.ts'
import { inTime } from '../support/deadline.ts'
import { refusalIn } from '../support/envelope.ts'
import { runProgram, type Program } from '../support/program.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'

const SOON = { timeout: 8000, interval: 20 }

let ollama: StandIn
let gate: PromiseWithResolvers<void>
/** What the upstream asks for. */
let credential: string | undefined
const programs: Program[] = []

const SCRIPTS: Readonly<Record<string, () => Script>> = {
  gated: () => [word('a'), { until: gate.promise }, word('b'), done],
}

beforeEach(async () => {
  gate = Promise.withResolvers()
  credential = undefined
  ollama = await createScriptedOllama({
    script: ({ body }) => SCRIPTS[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
    intercept: ({ headers }) =>
      credential === undefined || headers.authorization === `Bearer ${credential}`
        ? undefined
        : [{ status: 401, body: { error: 'unauthorized' } }],
  })
})
afterEach(async () => {
  for (const program of programs.splice(0)) program.kill()
  await ollama.close()
})

type Reloadable = Program & {
  readonly url: string
  /** Writes the configuration anew. */
  write(config: object | string): void
  /** Has it loaded, and waits until the log has said this so often. */
  reload(said: RegExp, times?: number): Promise<void>
}

const LOADED = /"msg":"the configuration was loaded anew"/g
const REFUSED = /"msg":"the configuration could not be loaded anew/g

const start = async (config: object, args: readonly string[] = []): Promise<Reloadable> => {
  const cwd = mkdtempSync(join(tmpdir(), 'tolk-reload-'))
  const write = (next: object | string): void =>
    writeFileSync(
      join(cwd, 'tolk.json5'),
      typeof next === 'string' ? next : JSON.stringify({ ...COMMON, ...next }),
    )
  const COMMON = {
    server: { port: 0 },
    upstreams: { ollama: { baseUrl: ollama.url, apiKeyFile: 'credential' } },
  }
  writeFileSync(join(cwd, 'credential'), 'old\n', { mode: 0o600 })
  write(config)
  const program = runProgram({ args, cwd })
  programs.push(program)
  const [, url = ''] = await program.says(/listens on (\S+) .*\n/)
  return {
    ...program,
    url,
    write: (next) => {
      write(next)
      writeFileSync(join(cwd, 'credential'), `${credential ?? 'old'}\n`)
    },
    reload: async (said, times = 1) => {
      program.process.kill('SIGHUP')
      await expect.poll(() => program.stdout().match(said)?.length ?? 0, SOON).toBe(times)
    },
  }
}

const keys = (...names: readonly string[]) => ({
  auth: { keys: names.map((name) => ({ name, key: `sk-${name}` })) },
})

const as = (name: string) => ({ headers: { authorization: `Bearer sk-${name}` } })

const statusFor = async (url: string, name: string): Promise<number> =>
  (
    await ask(url, {
      path: '/v1/chat/completions',
      ...as(name),
      body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
    })
  ).status

/** One after another, so that each of two workers is asked. */
const statusesFor = async (url: string, name: string): Promise<ReadonlySet<number>> =>
  new Set([
    await statusFor(url, name),
    await statusFor(url, name),
    await statusFor(url, name),
    await statusFor(url, name),
  ])

const MODES: readonly (readonly [what: string, args: readonly string[]])[] = [
  ['one process', []],
  ['two workers', ['--workers', '2']],
]

const chatsUnderWay = () => ollama.open().filter(({ route }) => route === '/api/chat').length

const ends = (streams: readonly ChatStream[]) => Promise.all(streams.map((each) => each.ended()))

describe.each(MODES)('in %s', (_, args) => {
  test('A-09 a key that is taken away is a 401 at once, and its streams finish', async () => {
    const tolk = await start(keys('gone', 'stays'), args)
    const streams = [
      await chatStream(tolk.url, 'gated', as('gone')),
      await chatStream(tolk.url, 'gated', as('gone')),
      await chatStream(tolk.url, 'gated', as('stays')),
    ]
    tolk.write(keys('stays', 'new'))
    await tolk.reload(LOADED)
    await expect.poll(() => statusesFor(tolk.url, 'gone'), SOON).toEqual(new Set([401]))
    expect(await statusesFor(tolk.url, 'stays')).toEqual(new Set([200]))
    expect(await statusesFor(tolk.url, 'new')).toEqual(new Set([200]))
    gate.resolve()
    expect(await ends(streams)).toEqual(['whole', 'whole', 'whole'])
    expect(streams.map((each) => each.content())).toEqual(['ab', 'ab', 'ab'])
    expect(streams.every((each) => each.data().at(-1) === '[DONE]')).toBe(true)
  })

  test('A-09 or are cut, told why, where the configuration says so; those of other keys go on', async () => {
    const { auth } = keys('gone', 'stays')
    const tolk = await start({ auth: { ...auth, revokedStreams: 'cut' } }, args)
    const cut = [
      await chatStream(tolk.url, 'gated', as('gone')),
      await chatStream(tolk.url, 'gated', as('gone')),
    ]
    const kept = await chatStream(tolk.url, 'gated', as('stays'))
    const { auth: left } = keys('stays')
    tolk.write({ auth: { ...left, revokedStreams: 'cut' } })
    await tolk.reload(LOADED)
    expect(await ends(cut)).toEqual(['whole', 'whole'])
    for (const stream of cut) {
      expect(stream.content()).toBe('a')
      expect(stream.errors()).toMatchObject([
        { code: 'invalid_api_key', message: expect.stringContaining('taken away') },
      ])
      expect(stream.data()).not.toContain('[DONE]')
    }
    // The model works for nobody any more.
    await expect.poll(chatsUnderWay, SOON).toBe(1)
    gate.resolve()
    expect(await kept.ended()).toBe('whole')
    expect(kept.content()).toBe('ab')
  })

  test('S-07 the credential changes, in a file that is named, and streams go on', async () => {
    credential = 'old'
    const tolk = await start(keys('a'), args)
    const stream = await chatStream(tolk.url, 'gated', as('a'))
    credential = 'new'
    expect(await statusFor(tolk.url, 'a')).toBe(502)
    tolk.write(keys('a'))
    await tolk.reload(LOADED)
    await expect.poll(() => statusesFor(tolk.url, 'a'), SOON).toEqual(new Set([200]))
    gate.resolve()
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toBe('ab')
    const shown = ollama.requests.map(({ headers }) => headers.authorization)
    expect(new Set(shown)).toEqual(new Set(['Bearer old', 'Bearer new']))
    expect(tolk.stdout() + tolk.stderr()).not.toMatch(/sk-a|Bearer/)
  })
})

test('A-09 what cannot be loaded changes nothing, and is one line that says what is wrong', async () => {
  const tolk = await start(keys('stays'))
  const wrong: readonly (readonly [config: object | string, said: string])[] = [
    ['{ auth: ', 'is not valid JSON5'],
    [{ auth: { keys: [{ name: 'stays', sha256: 'canary' }] } }, 'must be 64 hexadecimal digits'],
    [{ auth: { kyes: [] } }, 'did you mean `auth.keys`?'],
    [{}, '`auth.keys` would be empty'],
  ]
  for (const [at, [config, said]] of wrong.entries()) {
    tolk.write(config)
    await tolk.reload(REFUSED, at + 1)
    const line = tolk
      .stdout()
      .trimEnd()
      .split('\n')
      .findLast((each) => each.match(REFUSED))
    expect(JSON.parse(line ?? '')).toMatchObject({
      level: 'error',
      problems: expect.stringContaining(said),
    })
    expect(await statusFor(tolk.url, 'stays')).toBe(200)
    expect(await statusFor(tolk.url, 'nobody')).toBe(401)
  }
  expect(tolk.stdout()).not.toContain('canary')
  // And a file that is mended counts.
  tolk.write(keys('stays', 'new'))
  await tolk.reload(LOADED)
  expect(await statusFor(tolk.url, 'new')).toBe(200)
})

test('S-07 what needs a restart is named, and waits for it', async () => {
  const tolk = await start(keys('a'))
  tolk.write({
    ...keys('a', 'b'),
    models: { aliases: { 'gpt-4o': 'm' } },
    catalog: { list: 'all' },
  })
  await tolk.reload(LOADED)
  await expect
    .poll(() => tolk.stdout(), SOON)
    .toMatch(
      /"level":"warn".*needs a restart.*"options":"models\.aliases, catalog\.list"|"options":"models\.aliases, catalog\.list".*needs a restart/,
    )
  expect(await statusFor(tolk.url, 'b')).toBe(200)
  const answer = await ask(tolk.url, { path: '/v1/models/gpt-4o', ...as('a') })
  expect(refusalIn(answer).code).toBe('model_not_found')
})

test('A-09 a worker that is started after it lets in the same keys', async () => {
  const tolk = await start(keys('gone'), ['--workers', '2'])
  tolk.write(keys('new'))
  await tolk.reload(LOADED)
  const [victim] = [...tolk.stdout().matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid))
  // Zero would be the process group of the tests themselves.
  if (victim === undefined || !(victim > 1)) throw new Error('no worker has said its pid')
  process.kill(victim, 'SIGKILL')
  await expect.poll(() => tolk.stdout().match(/"msg":"a worker listens"/g)?.length, SOON).toBe(3)
  expect(await statusesFor(tolk.url, 'new')).toEqual(new Set([200]))
  expect(await statusesFor(tolk.url, 'gone')).toEqual(new Set([401]))
})

test('SIGHUP to all that a terminal has started ends none of them, and the drain goes on as ever', async () => {
  const tolk = await start(keys('a'), ['--workers', '2'])
  tolk.signal('SIGHUP')
  await expect.poll(() => tolk.stdout().match(LOADED)?.length, SOON).toBe(1)
  expect(await statusesFor(tolk.url, 'a')).toEqual(new Set([200]))
  tolk.signal('SIGTERM')
  expect(await inTime('the end', tolk.ended)).toEqual({ code: 0, signal: null })
})
