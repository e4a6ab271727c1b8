/** How tolk ends: announced before it stops listening, and in order after a fault of its own. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { inTime } from '../support/deadline.ts'
import { MAIN, runProgram, type Program } from '../support/program.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, done, HELLO, word } from '../support/scripted-ollama.ts'
import { connectTo } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const SOON = { timeout: 8000, interval: 20 }

let ollama: StandIn
let tolk: Tolk | undefined
let scripts: Readonly<Record<string, () => Script>>
const programs: Program[] = []

beforeEach(async () => {
  scripts = { long: () => [word('a'), { hold: true }] }
  ollama = await createScriptedOllama({
    script: ({ body }) => scripts[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterEach(async () => {
  for (const program of programs.splice(0)) program.kill()
  await tolk?.close()
  tolk = undefined
  await ollama.close()
})

test('before it stops listening it says that it leaves, and serves on for preDelayMs', async () => {
  const gate = Promise.withResolvers<void>()
  scripts = { short: () => [word('a'), { until: gate.promise }, done] }
  tolk = await startTolk(ollama.url, { shutdown: { preDelayMs: 700, drainMs: 20_000 } })
  await tolk.catalog.started
  const { url } = tolk
  const began = performance.now()
  const stream = await chatStream(url, 'short')
  const closing = tolk.close()
  expect(await ask(url, { path: '/readyz' })).toMatchObject({
    status: 503,
    body: '{"status":"draining"}',
  })
  expect((await ask(url, { path: '/livez' })).status).toBe(200)
  const client = await connectTo(url)
  client.send('GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n')
  // Whoever is kept open would only be cut off later.
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close/i)
  const answered = await ask(url, {
    path: CHAT,
    body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
  })
  expect(answered).toMatchObject({ status: 200, end: 'whole' })
  await expect
    .poll(() => ask(url, { path: '/livez' }).catch((error: unknown) => error), SOON)
    .toMatchObject({ code: 'ECONNREFUSED' })
  expect(performance.now() - began).toBeGreaterThan(690)
  gate.resolve()
  expect(await stream.ended()).toBe('whole')
  expect(stream.data().at(-1)).toBe('[DONE]')
  await inTime('the end', closing)
})

test('several workers do so too', async () => {
  const program = await run(['--workers', '2'], { TOLK_SHUTDOWN_PRE_DELAY_MS: '2500' })
  const ready = () => ask(program.url, { path: '/readyz' })
  await expect.poll(async () => (await ready()).status, SOON).toBe(200)
  program.process.kill('SIGTERM')
  await expect.poll(async () => (await ready()).status, { timeout: 2000, interval: 20 }).toBe(503)
  const answered = await ask(program.url, {
    path: CHAT,
    body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
  })
  expect(answered.status).toBe(200)
  expect(await inTime('the end', program.ended, 8000)).toEqual({ code: 0, signal: null })
})

/** Lets a test have something thrown inside of tolk: at a signal, out of a timer's call. */
const FAULTY = `data:text/javascript,${encodeURIComponent(`
  const { on } = process
  on.call(process, 'SIGUSR2', () => setTimeout(() => { throw new Error(['canary', 'secret'].join('-')) }))
  on.call(process, 'SIGURG', () => { Promise.reject(new Error(['canary', 'secret'].join('-'))) })
`)}`

const run = async (
  args: readonly string[] = [],
  env: object = {},
): Promise<Program & { url: string }> => {
  const program = runProgram({
    command: [process.execPath, '--import', FAULTY, MAIN],
    args,
    env: { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', ...env },
  })
  programs.push(program)
  const [, url = ''] = await program.says(/listens on (\S+) .*\n/)
  return { ...program, url }
}

describe('a fault that nobody caught ends it in order: told, logged, and with 1', () => {
  test.each([
    ['thrown', 'SIGUSR2', 'uncaughtException'],
    ['a rejection', 'SIGURG', 'unhandledRejection'],
  ] as const)('%s', async (_, signal, origin) => {
    const program = await run()
    const stream = await chatStream(program.url, 'long')
    program.process.kill(signal)
    // Whoever listens is told; whoever asks is refused.
    expect(await stream.ended()).toBe('whole')
    expect(stream.errors()).toMatchObject([{ code: 'draining' }])
    expect(await inTime('the end', program.ended, 5000)).toEqual({ code: 1, signal: null })
    const line = program
      .stdout()
      .split('\n')
      .find((text) => text.includes('"error"'))
    expect(JSON.parse(line ?? '')).toMatchObject({ level: 'error', origin, error_name: 'Error' })
    expect(program.stdout() + program.stderr()).not.toContain('canary-secret')
    await expect.poll(() => ollama.open().length).toBe(0)
  })

  test('in a worker: another takes its place', async () => {
    const program = await run(['--workers', '2'])
    const pids = () =>
      [...program.stdout().matchAll(/"worker":\d+,"pid":(\d+),"msg":"a worker listens"/g)].map(
        ([, pid]) => Number(pid),
      )
    await expect.poll(() => pids().length, SOON).toBe(2)
    const [pid = 0] = pids()
    // 0 would be the whole group of the tests.
    expect(pid).toBeGreaterThan(1)
    process.kill(pid, 'SIGUSR2')
    await expect.poll(() => pids().length, SOON).toBe(3)
    expect(program.stdout()).toContain('"how":"exit code 1"')
    expect((await ask(program.url, { path: '/livez' })).status).toBe(200)
  })
})
