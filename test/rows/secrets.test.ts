/** Secrets: canaries in every place there is, in a tolk that is a process of its own, and none of them seen again. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { certificates } from '../support/certificates.ts'
import { documentAt } from '../support/documents.ts'
import {
  answer,
  chunked,
  createFaultUpstream,
  doneLine,
  fin,
  LAST,
  lineOf,
  reset,
  says,
  well,
  type Fault,
  type FaultUpstream,
} from '../support/fault-upstream.ts'
import { runProgram, type Program, type ProgramOptions } from '../support/program.ts'
import { ask, type RawAnswer } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { connectTo, postOf, sendRaw } from '../support/socket-client.ts'
import { sourceFiles } from '../support/source.ts'

const CHAT = '/v1/chat/completions'
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const CRASH = new URL('../support/crash.ts', import.meta.url).href

const CLIENT_KEY = 'canary-client-key'
const USER = 'canary-user'
const PASSWORD = 'canary-p@ss/word'
/** As a URL has it, as the wire has it: neither may be seen. */
const USERINFO = `${USER}:${encodeURIComponent(PASSWORD)}`
const BASIC = Buffer.from(`${USER}:${PASSWORD}`).toString('base64')
const IMAGE = Buffer.from('canary-image-canary-image').toString('base64')

const programs: Program[] = []
let upstream: FaultUpstream

beforeAll(async () => {
  upstream = await createFaultUpstream()
})
afterAll(() => upstream.close())
afterEach(() => {
  for (const program of programs.splice(0)) program.kill()
})

const run = (options: ProgramOptions): Program => {
  const program = runProgram(options)
  programs.push(program)
  return program
}

const folderWith = (name: string, text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tolk-'))
  writeFileSync(join(folder, name), text)
  return folder
}

/** Everything a client can bring, with a canary in it. */
const HEADERS = {
  authorization: `Bearer ${CLIENT_KEY}`,
  'user-agent': 'canary-agent',
  cookie: 'session=canary-cookie',
  origin: 'https://canary-origin.example',
  referer: 'https://canary-referer.example/',
  'x-api-key': 'canary-x-api-key',
  'x-request-id': 'canary-request-id',
  'x-forwarded-for': 'canary-forwarded',
  traceparent: 'canary-trace',
  'openai-organization': 'canary-organization',
}

const BODY = {
  model: 'm',
  user: 'canary-of-user',
  metadata: { note: 'canary-metadata' },
  messages: [
    { role: 'system', content: 'canary-system' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'canary-prompt' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${IMAGE}` } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'canary-call',
          type: 'function',
          function: { name: 'f', arguments: '{"a":"canary-argument"}' },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'canary-call', content: 'canary-result' },
  ],
  tools: [
    { type: 'function', function: { name: 'f', description: 'canary-tool', parameters: {} } },
  ],
}

/** What an answer may hold of canaries: what the model said, to the one who asked. */
const ANSWER = 'canary-answer'
const said = { role: 'assistant', content: ANSWER, thinking: 'canary-thinking' }
const called = {
  role: 'assistant',
  content: '',
  tool_calls: [{ function: { name: 'f', arguments: { a: 'canary-said-argument' } } }],
}
const SPEECH = lineOf({ message: said, done: false }) + lineOf({ message: called, done: false })

/** What an upstream that repeats all it was told would say. */
const ECHO = `no Basic ${BASIC}, no Bearer ${CLIENT_KEY}, no ${USER}:${PASSWORD}, at http://${USERINFO}@canary-host:1234/canary-path`

const FAULTS: Readonly<Record<string, Fault>> = {
  well: says(answer('200 OK', SPEECH + doneLine(), 'Connection: close'), fin),
  'an error that repeats everything': says(answer('400 Bad Request', { error: ECHO })),
  'a 500 that repeats everything': says(answer('500 No', { error: { message: ECHO, type: ECHO } })),
  'a 403 that repeats everything': says(answer('403 No', { error: ECHO })),
  'a 401': says(answer('401 No', { error: ECHO }, `WWW-Authenticate: Basic realm="canary"`)),
  'an error page': says(answer('502 Bad Gateway', `<html>${ECHO}</html>`, 'Set-Cookie: a=canary')),
  'a redirect': says(answer('302 Found', '', `Location: http://${USERINFO}@canary-host/`)),
  'a line that is no JSON': says(chunked(SPEECH, `${ECHO}\n`) + LAST),
  'a line of another shape': says(chunked(lineOf({ message: [ECHO] })) + LAST),
  'an error line': says(chunked(SPEECH, `${JSON.stringify({ error: ECHO })}\n`) + LAST),
  'no HTTP': says(`canary ${ECHO}\r\n\r\n`, fin),
  'a head too large': says(`HTTP/1.1 200 OK\r\nX-Canary: ${'canary'.repeat(20_000)}\r\n\r\n`, fin),
  'an end without done': says(chunked(SPEECH) + LAST),
  'half a line': says(chunked(SPEECH, SPEECH.slice(0, 40)), reset),
  'a reset': (socket) => void socket.resetAndDestroy(),
}

/** Requests that are refused, each with a canary where the fault is. */
const REFUSED: readonly (readonly [status: number, request: Parameters<typeof ask>[1]])[] = [
  [401, { path: CHAT, headers: { authorization: 'Bearer canary-wrong' }, body: BODY }],
  [400, { path: CHAT, headers: HEADERS, body: '{"model":"m","messages":"canary-json' }],
  [400, { path: CHAT, headers: HEADERS, body: { ...BODY, temperature: 'canary-value' } }],
  [
    400,
    {
      path: CHAT,
      headers: HEADERS,
      body: { ...BODY, messages: [{ role: 'canary-role', content: 'canary' }] },
    },
  ],
  [400, { path: CHAT, headers: HEADERS, body: { ...BODY, tool_choice: 'canary-choice' } }],
  [
    400,
    { path: CHAT, headers: HEADERS, body: { ...BODY, response_format: { type: 'canary-format' } } },
  ],
  [400, { path: CHAT, headers: HEADERS, body: imageAt('http://canary-host/canary.png') }],
  [400, { path: CHAT, headers: HEADERS, body: imageAt('data:image/png;base64,canary-image!') }],
  [415, { path: CHAT, headers: { ...HEADERS, 'content-type': 'text/canary' }, body: 'canary' }],
  [415, { path: CHAT, headers: { ...HEADERS, 'content-encoding': 'canary' }, body: BODY }],
  [404, { path: '/v1/nothing?canary-query=canary', headers: HEADERS }],
  [405, { method: 'DELETE', path: `${CHAT}?canary-query`, headers: HEADERS }],
  [431, { path: '/v1/models', headers: { ...HEADERS, 'x-canary': 'canary'.repeat(4000) } }],
]

function imageAt(url: string): object {
  return {
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  }
}

/** What may not be seen anywhere, in whatever spelling. */
const SECRET = /canary|Y2FuYXJ5|c2Vzc2lvbj1jYW5hcnk|127\.0\.0\.1:(?:UPSTREAM)\b/i

const shows = (text: string): string | undefined => {
  const secret = new RegExp(SECRET.source.replace('UPSTREAM', String(upstream.port)), 'i')
  const found = secret.exec(text)
  return found === null ? undefined : text.slice(Math.max(0, found.index - 60), found.index + 80)
}

/** An answer without what the model said: that belongs to the one who asked. */
const withoutSpeech = ({ headers, body }: RawAnswer): string =>
  JSON.stringify(headers) +
  body.replaceAll(/"(?:content|reasoning_content|arguments)":"(?:[^"\\]|\\.)*"/g, '"…"')

describe.each([
  { level: 'info', workers: '1' },
  { level: 'debug', workers: '2' },
])('S-01, S-03 a tolk at $level, with $workers processes', ({ level, workers }) => {
  let program: Program
  let url = ''
  let metrics = ''

  beforeAll(async () => {
    const at = upstream.baseUrl.replace('://', `://${USERINFO}@`)
    program = runProgram({
      env: {
        TOLK_UPSTREAM_URL: at,
        TOLK_API_KEYS: `laptop=${CLIENT_KEY}`,
        TOLK_PORT: '0',
        TOLK_METRICS_PORT: '0',
        TOLK_LOG_LEVEL: level,
        TOLK_WORKERS: workers,
        // One that may be shown a picture.
        TOLK_UPSTREAM_MODELS: '[{ id: "m", input: ["text", "image"], reasoning: true }]',
        TOLK_CATALOG_REFRESH_MS: '300',
        TOLK_SHUTDOWN_DRAIN_MS: '200',
      },
      deadlineMs: 60_000,
    })
    ;[, url = ''] = await program.says(/listens on (\S+) → Ollama \S+ at http:.*1 model/)
    ;[, metrics = ''] = await program.says(/"url":"(http:[^"]+)\/metrics"/)
  })
  afterAll(() => program.kill())

  test('sends its credential upstream, or nothing here would be shown', async () => {
    upstream.fault = well(false)
    expect((await ask(url, { path: CHAT, headers: HEADERS, body: BODY })).status).toBe(200)
    expect(upstream.chats.at(-1)?.head).toContain(`Basic ${BASIC}`)
  })

  test.each(Object.keys(FAULTS))('repeats no secret in an answer: %s', async (name) => {
    const fault = FAULTS[name]
    if (fault === undefined) throw new Error(name)
    for (const stream of [true, false]) {
      upstream.fault = fault
      const got = await ask(url, { path: CHAT, headers: HEADERS, body: { ...BODY, stream } })
      expect(shows(withoutSpeech(got))).toBeUndefined()
      expect(got.body.includes(ANSWER)).toBe(name === 'well' || (stream && got.status === 200))
    }
  })

  test.each(REFUSED)('repeats nothing of a request that is a %i', async (status, request) => {
    const got = await ask(url, request)
    expect(got.status).toBe(status)
    expect(shows(withoutSpeech(got))).toBeUndefined()
  })

  test('repeats nothing of what is no HTTP, or of a client that leaves', async () => {
    const odd = await sendRaw(url, 'GET /canary HTTP/1.1\r\nCanary Header: canary\r\n\r\n')
    expect(odd.status).toBe(400)
    expect(shows(JSON.stringify(odd))).toBeUndefined()
    upstream.fault = says(chunked(SPEECH))
    const before = upstream.chats.length
    const client = await connectTo(url)
    client.send(postOf(CHAT, { ...BODY, stream: true }, HEADERS))
    await expect.poll(() => upstream.chats.length, { timeout: 5000 }).toBe(before + 1)
    client.socket.destroy()
    await expect.poll(() => upstream.open.size, { timeout: 5000 }).toBe(0)
  })

  test('has metrics that count all of it and name none of it', async () => {
    let page = ''
    const failed = async (): Promise<number> => {
      page = (await ask(metrics, { path: '/metrics' })).body
      return sumOf(readMetrics(page), 'tolk_upstream_errors_total')
    }
    await expect.poll(failed, { timeout: 5000 }).toBeGreaterThan(10)
    expect(shows(page)).toBeUndefined()
  })

  test('has written none of it anywhere, from its start to its end', async () => {
    // An outage, too, has its lines.
    const logged = () => program.stdout().match(/"msg":"request"/g)?.length ?? 0
    await expect.poll(logged, { timeout: 5000 }).toBeGreaterThan(30)
    program.process.kill('SIGTERM')
    expect((await program.ended).code).toBe(0)
    // The line that says where it listens says where the upstream is, without its user.
    const [start = ''] = /^tolk listens on .*$/m.exec(program.stdout()) ?? []
    expect(start).toContain(`at ${upstream.baseUrl}: 1 model`)
    const rest = program.stdout().replace(start, '') + program.stderr()
    expect(rest.length).toBeGreaterThan(5000)
    expect(shows(rest)).toBeUndefined()
    expect(start.replace('/canary-path', '')).not.toMatch(/canary/)
  })
})

describe('S-01 what its commands print', () => {
  const config = `{
    upstreams: { ollama: { baseUrl: "http://BASE", auth: { basic: { username: "canary-user", password: "canary-password" }, headers: { "x-gate": "canary-header" } } } },
    auth: { keys: [{ name: "laptop", key: "canary-key" }, { name: "env", key: "\${CANARY}" }] },
  }`

  test.each([[['check']], [['models']], [['models', '--json']], [['schema']], [['help']]])(
    '%j',
    async (args) => {
      const cwd = folderWith('tolk.json5', config.replace('http://BASE', upstream.url))
      const program = run({
        args,
        cwd,
        env: { CANARY: 'canary-from-the-environment', OLLAMA_API_KEY: 'canary-other' },
      })
      expect((await program.ended).code).toBe(0)
      expect(program.stdout().length).toBeGreaterThan(20)
      expect(program.stdout() + program.stderr()).not.toContain('canary')
    },
  )
})

describe('S-02 a start that fails names the setting, and never its value', () => {
  const pem = (name: string, text: string): string => join(folderWith(name, text), name)
  const tls = { TOLK_UPSTREAM_URL: 'https://box' }
  const torn = certificates.ca.slice(0, 200)

  test.each<[setting: string, options: ProgramOptions]>([
    ['TOLK_PORT', { env: { TOLK_PORT: 'canary' } }],
    ['TOLK_UPSTREAM_URL', { env: { TOLK_UPSTREAM_URL: 'http://canary:canary@a b' } }],
    ['TOLK_UPSTREAM_URL', { env: { TOLK_UPSTREAM_URL: 'http://user:1234/canary@box' } }],
    ['--upstream', { args: ['--upstream', 'ftp://canary:canary@box'] }],
    ['--upstream-key', { args: ['--upstream-key', 'canary'] }],
    ['--api-key', { args: ['--api-key=canary'] }],
    ['TOLK_UPSTREAM_API_KEY', { env: { TOLK_UPSTREAM_API_KEY: 'canary canary' } }],
    ['TOLK_UPSTREAM_APIKEY', { env: { TOLK_UPSTREAM_APIKEY: 'canary' } }],
    ['TOLK_UPSTREAM_API_KEY_FILE', { env: { TOLK_UPSTREAM_API_KEY_FILE: '/canary' } }],
    ['TOLK_API_KEYS', { env: { TOLK_API_KEYS: 'laptop=sha256:canary' } }],
    [
      'upstreams.ollama.apiKey',
      { cwd: folderWith('tolk.json5', '{ upstreams: { ollama: { apiKey: ["canary"] } } }') },
    ],
    ['tolk.json5', { cwd: folderWith('tolk.json5', '{ auth: { keys: "canary" "canary" } }') }],
    ['TOLK_UPSTREAM_TLS_CA', { env: { ...tls, TOLK_UPSTREAM_TLS_CA: '/canary.pem' } }],
    [
      'TOLK_UPSTREAM_TLS_CA',
      { env: { ...tls, TOLK_UPSTREAM_TLS_CA: pem('ca.pem', `${torn}canary`) } },
    ],
    [
      'TOLK_UPSTREAM_TLS_KEY',
      {
        env: {
          ...tls,
          TOLK_UPSTREAM_TLS_CERT: certificates.client.cert,
          TOLK_UPSTREAM_TLS_KEY: '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----',
        },
      },
    ],
    [
      'TOLK_UPSTREAM_TLS_KEY',
      {
        env: {
          ...tls,
          TOLK_UPSTREAM_TLS_CERT: certificates.client.cert,
          TOLK_UPSTREAM_TLS_KEY: certificates.server.key,
        },
      },
    ],
  ])('%s', async (setting, options) => {
    const program = run({ ...options, args: [...(options.args ?? []), '--log-level', 'debug'] })
    expect((await program.ended).code).toBe(2)
    expect(program.stderr()).toContain(setting)
    expect(program.stdout() + program.stderr()).not.toMatch(/canary|PRIVATE KEY|^\s+at /m)
  })

  test.each(['throws', 'rejects'])('a fault that %s is not quoted', async (how) => {
    const program = run({
      command: [process.execPath, '--unhandled-rejections=strict', '--import', CRASH, MAIN],
      env: { OLLAMA_HOST: upstream.url, TOLK_PORT: '0', CRASH: how },
    })
    await program.says(/listens on/)
    program.process.kill('SIGUSR2')
    await expect
      .poll(() => program.stdout() + program.stderr(), { timeout: 5000 })
      .toContain('ERR_CRASHED')
    expect(program.stdout() + program.stderr()).not.toContain('canary')
  })
})

/** A tolk that has had the signal; were it to open one, then on a port of its own. */
const signalled = async (nodeOptions: string): Promise<{ program: Program; url: string }> => {
  const program = run({
    env: {
      OLLAMA_HOST: upstream.url,
      TOLK_PORT: '0',
      NODE_OPTIONS: `${nodeOptions} --inspect-port=127.0.0.1:0`,
    },
  })
  const [, url = ''] = await program.says(/listens on (\S+)/)
  program.process.kill('SIGUSR1')
  return { program, url }
}

describe('S-11 no inspector opens', () => {
  const [, all = ''] = /NODE_OPTIONS="([^"]+)"/.exec(documentAt('docker/Dockerfile')) ?? []
  /** Those that this Node has: the image's is newer than the oldest that tolk runs on. */
  const options = all
    .split(' ')
    .filter((option) => process.allowedNodeEnvironmentFlags.has(option.split('=', 1).join('')))
    .join(' ')

  test('at SIGUSR1, with the options of the image', async () => {
    expect(options).toContain('--disable-sigusr1')
    const { program, url } = await signalled(options)
    // It has had its signal once it has answered.
    for (let round = 0; round < 3; round++) {
      expect((await ask(url, { path: '/livez' })).status).toBe(200)
    }
    expect(program.stderr()).not.toContain('Debugger')
  })

  test('as it would without them, or nothing here would be shown', async () => {
    const { program } = await signalled('')
    await expect.poll(() => program.stderr(), { timeout: 5000 }).toContain('Debugger listening')
  })

  test('for the image starts none, and the sources know none', () => {
    expect(documentAt('docker/Dockerfile')).not.toMatch(
      /--(?:inspect|heapsnapshot|heap-prof|cpu-prof)/,
    )
    const openers = /node:inspector|heapsnapshot|writeHeapSnapshot|_debugProcess/i
    expect(sourceFiles().filter(({ text }) => openers.test(text))).toEqual([])
  })
})
