/** The metrics: off unless asked for, apart from the clients' port, counted once, and silent about secrets. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import type { Script } from '../../src/demo/script.ts'
import { chatStream } from '../support/chat-stream.ts'
import { runProgram, type Program } from '../support/program.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, sumOf, valuesOf, type Figure } from '../support/read-metrics.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'
const SOON = { timeout: 8000, interval: 20 }

const SCRIPTS: Readonly<Record<string, () => Script>> = {
  torn: () => [word('a'), { tear: true }],
  long: () => [word('a'), { hold: true }],
  silent: () => [{ hold: true }],
}

let ollama: StandIn
let tolk: Tolk | undefined
const programs: Program[] = []

beforeEach(async () => {
  ollama = await createScriptedOllama({
    script: ({ body }) => SCRIPTS[body.messages?.at(-1)?.content ?? '']?.() ?? HELLO,
  })
})
afterEach(async () => {
  for (const program of programs.splice(0)) program.kill()
  await tolk?.close()
  tolk = undefined
  await ollama.close()
})

/** Where its log says that metrics are. */
const metricsIn = (log: string): string => /"url":"(http:[^"]+)\/metrics"/.exec(log)?.[1] ?? ''

const start = async (settings: TolkSettings = {}) => {
  tolk = await startTolk(ollama.url, {
    metrics: { port: 0 },
    shutdown: { drainMs: 0 },
    ...settings,
  })
  return { url: tolk.url, metrics: metricsIn(tolk.logged.join('\n')) }
}

const scrape = async (metrics: string): Promise<readonly Figure[]> =>
  readMetrics((await ask(metrics, { path: '/metrics' })).body)

/** Waits until as many requests have ended: a client has its answer a little before its socket is done. */
const afterRequests = async (metrics: string, count: number): Promise<readonly Figure[]> => {
  const ended = async () => sumOf(await scrape(metrics), 'tolk_requests_total')
  await expect.poll(ended, SOON).toBe(count)
  return scrape(metrics)
}

const body = (content: string, model = 'm') => ({
  model,
  messages: [{ role: 'user', content }],
})

describe('A-13 the metrics', () => {
  test.for(['/metrics', '/metrics/', '/v1/metrics', '/v1/../metrics'])(
    'are at no %s of the port of clients, whatever key they have',
    async (path) => {
      const { url } = await start({ auth: { keys: [{ name: 'a', key: 'client-key' }] } })
      const headers = { authorization: 'Bearer client-key' }
      expect((await ask(url, { path, headers })).status).toBe(404)
    },
  )

  test('are nowhere unless asked for', async () => {
    const { url, metrics } = await start({ metrics: {} })
    expect(metrics).toBe('')
    expect((await ask(url, { path: '/metrics' })).status).toBe(404)
  })

  test('have a port that serves nothing else', async () => {
    const { metrics } = await start()
    const asked = { path: CHAT, body: body('Hi') }
    expect((await ask(metrics, asked)).status).toBe(404)
    expect(ollama.requests.filter(({ route }) => route === '/api/chat')).toEqual([])
  })

  test('come in the text format of Prometheus', async () => {
    const { metrics } = await start()
    const { status, headers } = await ask(metrics, { path: '/metrics' })
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  test('are gone when tolk has stopped', async () => {
    const { metrics } = await start()
    await tolk?.close()
    await expect(ask(metrics, { path: '/metrics' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

test('each request is counted once, as it ended', async () => {
  const { url, metrics } = await start()
  await ask(url, { path: CHAT, body: body('Hi') })
  await ask(url, { path: CHAT, body: { ...body('Hi'), stream: true } })
  await ask(url, { path: CHAT, body: { ...body('torn'), stream: true } })
  await ask(url, { path: CHAT, body: body('torn') })
  await ask(url, { path: '/v1/models/m' })
  const figures = await afterRequests(metrics, 5)
  const requests = (labels: Readonly<Record<string, string>>): number =>
    sumOf(figures, 'tolk_requests_total', labels)
  expect(requests({ route: CHAT, model: 'm', status: '200', outcome: 'ok' })).toBe(2)
  expect(requests({ status: '200', outcome: 'upstream-truncated' })).toBe(1)
  expect(requests({ status: '502', outcome: 'upstream-truncated' })).toBe(1)
  expect(requests({ route: '/v1/models/{id}', status: '200' })).toBe(1)
  expect(sumOf(figures, 'tolk_stream_interruptions_total')).toBe(1)
  expect(sumOf(figures, 'tolk_upstream_errors_total', { node: 'ollama' })).toBe(2)
  expect(sumOf(figures, 'tolk_upstream_first_byte_seconds_count')).toBe(4)
  expect(sumOf(figures, 'tolk_requests_in_flight')).toBe(0)
  // One word in each answer that was torn, and as many as the others have.
  expect(sumOf(figures, 'tolk_stream_deltas_total')).toBeGreaterThanOrEqual(4)
})

test.for([
  ['long', 'answer'],
  ['silent', 'waiting'],
] as const)(
  'a client that leaves a %s answer is counted in its phase, %s',
  async ([content, phase]) => {
    const { url, metrics } = await start({ downstream: { commitAfterMs: 50 } })
    const stream = await chatStream(url, content)
    await expect
      .poll(async () => sumOf(await scrape(metrics), 'tolk_requests_in_flight'), SOON)
      .toBe(1)
    stream.leave()
    const figures = await afterRequests(metrics, 1)
    expect(sumOf(figures, 'tolk_requests_total', { status: '499', outcome: 'client-closed' })).toBe(
      1,
    )
    expect(sumOf(figures, 'tolk_client_disconnects_total', { phase })).toBe(1)
    expect(sumOf(figures, 'tolk_heartbeats_total') > 0).toBe(phase === 'waiting')
  },
)

test('R-18 a thousand models that nobody has add one line', async () => {
  // With these no made-up name has the upstream asked first.
  const { url, metrics } = await start({ upstream: { models: [{ id: 'm' }] } })
  for (let from = 0; from < 1000; from += 50) {
    const batch = Array.from({ length: 50 }, (_, each) =>
      ask(url, { path: CHAT, body: body('Hi', `made-up-${from + each}`) }),
    )
    await Promise.all(batch)
  }
  const figures = await afterRequests(metrics, 1000)
  expect([...valuesOf(figures, 'tolk_requests_total', 'model')]).toEqual(['other'])
  expect(figures.filter(({ name }) => name === 'tolk_requests_total').length).toBeLessThan(4)
})

test('A-05 no key, no prompt, no made-up name and no address is in a scrape', async () => {
  const { url, metrics } = await start({
    auth: { keys: [{ name: 'a', key: 'canary-client-key' }] },
    upstream: { apiKey: 'canary-upstream-key' },
  })
  const headers = { authorization: 'Bearer canary-client-key' }
  await ask(url, { path: CHAT, headers, body: body('canary-prompt') })
  await ask(url, { path: CHAT, headers, body: body('canary-prompt', 'canary-model') })
  await ask(url, { path: '/v1/canary-path?canary-query', headers })
  await ask(url, { path: '/v1/models', headers: { authorization: 'Bearer canary-wrong' } })
  const figures = await afterRequests(metrics, 4)
  expect(sumOf(figures, 'tolk_auth_failures_total', { reason: 'unauthorized' })).toBe(1)
  const { body: text } = await ask(metrics, { path: '/metrics' })
  expect(text).not.toMatch(/canary|127\.0\.0\.1|localhost/)
  expect(text).not.toContain(new URL(ollama.url).port)
})

const run = (options: Parameters<typeof runProgram>[0]): Program => {
  const program = runProgram(options)
  programs.push(program)
  return program
}

test('several workers count each for itself, and are read at one place', async () => {
  const env = { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', TOLK_METRICS_PORT: '0' }
  const program = run({ args: ['--workers', '2'], env })
  const [, url = ''] = await program.says(/listens on (\S+) .*\n/)
  const metrics = metricsIn(program.stdout())
  for (let each = 0; each < 4; each += 1) await ask(url, { path: CHAT, body: body('Hi') })
  const figures = await afterRequests(metrics, 4)
  const processes = valuesOf(figures, 'process_resident_memory_bytes', 'worker')
  expect(processes).toEqual(new Set(['1', '2', 'primary']))
  expect(valuesOf(figures, 'tolk_requests_total', 'worker')).toEqual(new Set(['1', '2']))
  program.process.kill('SIGTERM')
  expect((await program.ended).code).toBe(0)
})

test.for([[[]], [['--workers', '2']]] as const)(
  'a port that is taken is said, and nothing is served: %j',
  async ([args]) => {
    const { metrics } = await start()
    const { port } = new URL(metrics)
    const env = { OLLAMA_HOST: ollama.url, TOLK_PORT: '0', TOLK_METRICS_PORT: port }
    const program = run({ args, env })
    expect(await program.ended).toMatchObject({ code: 2 })
    expect(program.stderr()).toContain(`metrics.port: tolk cannot listen on port ${port}`)
    expect(program.stdout()).not.toContain('tolk listens')
  },
)
