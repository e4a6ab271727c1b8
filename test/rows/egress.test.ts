/** Where tolk connects: to its upstream, and nowhere else, whatever a client or the environment says. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readBaseUrl } from '../../src/config/base-url.ts'
import { load } from '../config/world.ts'
import { certificates } from '../support/certificates.ts'
import { refusalIn } from '../support/envelope.ts'
import { createFaultUpstream, well, type FaultUpstream } from '../support/fault-upstream.ts'
import { runProgram, type Program, type ProgramOptions } from '../support/program.ts'
import { ask, type RawAnswer } from '../support/raw-client.ts'
import { createRawUpstream, ok, type RawUpstream } from '../support/raw-upstream.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { connectTo } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const CHAT = '/v1/chat/completions'

let upstream: FaultUpstream
/** Listens on loopback, and should never be connected to. */
let trap: RawUpstream
let tolk: Tolk
const programs: Program[] = []

beforeAll(async () => {
  upstream = await createFaultUpstream()
  upstream.fault = well(false)
  trap = await createRawUpstream((_, socket) => void socket.end(ok('{}')))
  tolk = await startTolk(upstream.url, {
    upstream: {
      apiKey: 'canary-key',
      models: [{ id: 'm', input: ['text', 'image'] }],
    },
    limits: { maxBodyBytes: 1024 * 1024 },
  })
})
afterEach(() => {
  for (const program of programs.splice(0)) program.kill()
})
afterAll(async () => {
  await tolk.close()
  await upstream.close()
  await trap.close()
})

const run = (options: ProgramOptions): Program => {
  const program = runProgram(options)
  programs.push(program)
  return program
}

const chat = (fields: object): Promise<RawAnswer> =>
  ask(tolk.url, {
    path: CHAT,
    body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields },
  })

/** In each way in which a picture may be named. */
const picture = (url: string, isBare = false): Promise<RawAnswer> => {
  const content = [{ type: 'image_url', image_url: isBare ? url : { url } }]
  return chat({ messages: [{ role: 'user', content }] })
}

/** It is refused for what it is, and neither the upstream nor anybody else hears of it. */
const refused = async (url: string): Promise<string> => {
  const before = upstream.chats.length
  const messages: string[] = []
  for (const isBare of [false, true]) {
    const answer = await picture(url, isBare)
    expect(answer.status).toBe(400)
    const { message, param, type } = refusalIn(answer)
    expect({ param, type }).toEqual({
      param: 'messages[0].content[0].image_url',
      type: 'invalid_request_error',
    })
    messages.push(message)
  }
  expect(upstream.chats.length).toBe(before)
  expect(trap.connections()).toBe(0)
  expect(new Set(messages).size).toBe(1)
  return messages[0] ?? ''
}

/** What is sent back says nothing of whether anything is there. */
const SEND_DATA = /fetches no pictures from the network: send the picture as a data URL/

test('a picture in a data URL goes through, or nothing here would be shown', async () => {
  const before = upstream.chats.length
  expect((await picture('data:image/png;base64,AAAA')).status).toBe(200)
  expect(upstream.chats.length).toBe(before + 1)
})

test.each([
  'http://example.com/cat.png',
  'https://example.com/cat.png',
  'HTTPS://EXAMPLE.COM/',
  ' http://example.com/',
  'http:example.com',
  'http:\\\\example.com\\cat.png',
  'http://good@evil/',
  'http://evil\\@good/',
  'http://',
  `https://${'x'.repeat(5000)}/`,
])('F-01 a URL of a picture is refused with what to send instead: %s', async (url) => {
  expect(await refused(url)).toMatch(SEND_DATA)
})

test.each([
  'http://127.0.0.1',
  'http://[::1]',
  'http://0.0.0.0',
  'http://0',
  'http://2130706433',
  'http://0x7f.1',
  'http://0177.0.0.1',
  'http://127.1',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:7f00:1]',
  'http://[fd00::1]',
  'http://[fe80::1%25eth0]',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/latest',
  'http://100.100.100.200',
  'http://metadata.google.internal/computeMetadata/v1/',
  'http://localhost.',
  'http://LOCALHOST',
  'http://127.0.0.1.nip.io',
  'http://[64:ff9b::7f00:1]',
  'http://①②⑦.⓪.⓪.①',
  'http://10.0.0.1',
  'http://192.168.0.1',
  'http://172.16.0.1',
])('F-03 an address of this machine or network is refused as any other: %s', async (url) => {
  expect(await refused(url)).toMatch(SEND_DATA)
  // Where something does listen it is no different.
  const { port } = new URL(trap.url)
  const [, origin = '', path = ''] = /^(http:\/\/(?:\[[^\]]*\]|[^/]*))(.*)$/.exec(url) ?? []
  expect(await refused(`${origin}:${port}${path}`)).toMatch(SEND_DATA)
})

test.each([
  'file:///etc/passwd',
  'file://localhost/etc/passwd',
  'ftp://127.0.0.1/x',
  'gopher://127.0.0.1:11434/_GET',
  'dict://127.0.0.1:11434/',
  'blob:http://127.0.0.1/0',
  'unix:///var/run/docker.sock',
  'javascript:alert(1)',
  'ws://127.0.0.1/',
  '//127.0.0.1/x.png',
  '/etc/passwd',
  'C:\\Windows\\win.ini',
  'cat.png',
  '',
  'data:text/html;base64,PGI+',
  'data:text/html,<b>',
  'data:application/pdf;base64,AAAA',
])('F-07 any other scheme is refused: %j', async (url) => {
  expect(await refused(url)).toMatch(/send the picture as a data URL/)
})

describe('F-11 a data URL that is wrong is refused', () => {
  test.each([
    ['no comma', 'data:image/png;base64'],
    ['nothing behind the comma', 'data:image/png;base64,'],
    ['no base64', 'data:image/png,%89PNG'],
    ['base64 that is not the last word', 'data:image/png;base64;charset=utf-8,AAAA'],
    ['a second type', 'data:image/png,text/html;base64,AAAA'],
    ['a character that is none of it', 'data:image/png;base64,AA*A'],
    ['a length that cannot be', 'data:image/png;base64,AAAAA'],
    ['padding in the middle', 'data:image/png;base64,AA==AAAA'],
    ['only padding', 'data:image/png;base64,===='],
    ['UTF-16 of it', 'data:image/png;base64,\u0000A\u0000A'],
    ['wide letters', 'data:image/png;base64,ＡＡＡＡ'],
    ['percent signs of nothing', 'data:image/png;base64,%zz%zz'],
    ['bytes that are no UTF-8', 'data:image/png;base64,%ff%fe'],
    ['another type', 'data:text/plain;base64,AAAA'],
    ['a type with a charset, and text', 'data:text/html;charset=utf-7;base64,AAAA'],
    ['a URL inside', 'data:image/png;base64,http://127.0.0.1/'],
  ])('%s', async (_, url) => {
    expect(await refused(url)).toMatch(/data URL|base64|empty/)
  })

  test('one too large by the length of its request, unread', async () => {
    const before = upstream.chats.length
    const client = await connectTo(tolk.url)
    const length = 50 * 1024 * 1024
    client.send(
      `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{"model":"m",`,
    )
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 413 /)
    expect(upstream.chats.length).toBe(before)
  })
})

describe('F-14, F-01 what an image URL can reach elsewhere is not reached', () => {
  test('the upstream’s own routes, and those of tolk', async () => {
    for (const url of [
      `${upstream.url}/api/delete`,
      `${upstream.url}/api/pull?name=x`,
      `${tolk.url}/metrics`,
      `${tolk.url}/v1/models`,
    ]) {
      const asked = upstream.requests.length
      expect(await refused(url)).toMatch(SEND_DATA)
      expect(upstream.requests.length).toBe(asked)
    }
  })

  test.each<[what: string, fields: (url: string) => object]>([
    [
      'a file',
      (url) => ({
        messages: [
          { role: 'user', content: [{ type: 'file', file: { file_data: url, file_id: url } }] },
        ],
      }),
    ],
    [
      'a sound',
      (url) => ({
        messages: [
          {
            role: 'user',
            content: [{ type: 'input_audio', input_audio: { data: url, format: 'wav' } }],
          },
        ],
      }),
    ],
    [
      'a picture of an assistant',
      (url) => ({
        messages: [{ role: 'assistant', content: [{ type: 'image_url', image_url: { url } }] }],
      }),
    ],
  ])('%s by its URL is a 400', async (_, fields) => {
    const answer = await chat(fields(trap.url))
    expect(answer.status).toBe(400)
    refusalIn(answer)
    expect(trap.connections()).toBe(0)
  })

  test.each<[what: string, fields: (url: string) => object]>([
    [
      'images as Ollama has them',
      (url) => ({ messages: [{ role: 'user', content: 'Hi', images: [url] }] }),
    ],
    [
      'a schema’s reference',
      (url) => ({
        tools: [
          {
            type: 'function',
            function: {
              name: 'f',
              parameters: { type: 'object', properties: { a: { $ref: url } }, $schema: url },
            },
          },
        ],
      }),
    ],
    [
      'a format’s reference',
      (url) => ({
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { $ref: url } } },
      }),
    ],
    ['a search, a callback', (url) => ({ web_search_options: { url }, webhook_url: url })],
    ['a base URL', (url) => ({ base_url: url, api_base: url, host: url, extra_body: { url } })],
  ])('%s is not fetched', async (_, fields) => {
    await chat(fields(trap.url))
    expect(trap.connections()).toBe(0)
    expect(upstream.chats.at(-1)?.body() ?? '').not.toContain(`"images":["${trap.url}`)
  })
})

describe('F-12 the address of the upstream', () => {
  test('at a link-local or metadata address is warned of when tolk starts, and not shown', async () => {
    const program = run({
      env: {
        TOLK_UPSTREAM_URL: 'http://169.254.169.254',
        TOLK_UPSTREAM_CONNECT_TIMEOUT_MS: '50',
        TOLK_UPSTREAM_MODELS: '[{ id: "m" }]',
        TOLK_PORT: '0',
      },
    })
    const [line] = await program.says(/^\{"level":"warn".*\n/m)
    expect(line).toContain('`TOLK_UPSTREAM_URL` is a link-local or metadata address')
    expect(line).not.toContain('169.254')
    const check = run({ args: ['check', '--upstream', 'metadata.google.internal'] })
    expect((await check.ended).code).toBe(0)
    expect(check.stdout()).toContain('`--upstream` is a link-local or metadata address')
  })

  test.each([
    'ftp://box',
    'file:///etc/passwd',
    'unix:///run/ollama.sock',
    'gopher://box',
    'javascript://box',
    'ws://box',
    'httpx://box',
  ])('must be http or https, which %s is not', (url) => {
    expect(readBaseUrl(url)).toMatch(/^must begin with http:\/\/ or https:\/\//)
  })

  test.each([
    ['http://box/a/../b', 'http://box/b'],
    ['http://box/a/%2e%2e/b', 'http://box/b'],
    ['http://box/a/.%2E/b', 'http://box/b'],
    ['http://box/../../b', 'http://box/b'],
    ['http://box\\a\\..\\b', 'http://box/b'],
    ['http://box/a/./b//c', 'http://box/a/b/c'],
  ])('has no way up in its path: %s is %s, as it is shown and asked', (text, url) => {
    expect(readBaseUrl(text)).toEqual({ url, user: null })
    const { config, settings } = load({ env: { TOLK_UPSTREAM_URL: text } })
    expect(config.upstream.baseUrl).toBe(url)
    expect(settings.find(({ name }) => name.endsWith('baseUrl'))?.shown).toBe(JSON.stringify(url))
  })

  test.each([
    'http://box/a/..%2fb',
    'http://box/%2e%2e%2Fb',
    'http://box/a%5c..%5Cb',
    'http://box/a%00b',
  ])('nor one that another may see there: %s is refused', (url) => {
    expect(readBaseUrl(url)).toMatch(/^must not have an escaped slash/)
  })
})

/** As curl, Node and others have them, in both cases. */
const proxies = (url: string, no: string): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [
      [name, url],
      [name.toUpperCase(), url],
    ]),
  ),
  no_proxy: no,
  NO_PROXY: no,
  NODE_USE_ENV_PROXY: '1',
})

describe('F-13 proxies that the environment names', () => {
  test.each([
    { scheme: 'http', no: '' },
    { scheme: 'http', no: '*' },
    { scheme: 'https', no: '' },
  ])('divert nothing, $scheme, NO_PROXY=$no', async ({ scheme, no }) => {
    const ollama = await createScriptedOllama({
      apiKey: 'canary-key',
      ...(scheme === 'https' && { tls: certificates.server }),
    })
    const proxy = await createRawUpstream((_, socket) => void socket.end())
    try {
      const env = {
        ...proxies(proxy.url, no),
        TOLK_UPSTREAM_URL: ollama.url,
        TOLK_UPSTREAM_API_KEY: 'canary-key',
        ...(scheme === 'https' && { TOLK_UPSTREAM_TLS_CA: certificates.ca }),
      }
      const models = run({ args: ['models'], env })
      expect((await models.ended).code).toBe(0)
      expect(models.stdout()).toMatch(/^m /m)

      const program = run({ env: { ...env, TOLK_PORT: '0' } })
      const [, url = ''] = await program.says(/listens on (\S+) .*1 model/)
      const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
      expect((await ask(url, { path: CHAT, body })).body).toContain('Hello.')
      expect(ollama.requests.map(({ headers }) => headers.authorization)).not.toContain(undefined)

      const health = run({ args: ['health', '--port', new URL(url).port], env })
      expect(await health.ended).toMatchObject({ code: 0 })
      expect(proxy.connections()).toBe(0)
    } finally {
      await ollama.close()
      await proxy.close()
    }
  })

  test('and no variable of Node’s takes the certificate’s word for it', async () => {
    const ollama = await createScriptedOllama({ tls: certificates.server })
    try {
      const env = { TOLK_UPSTREAM_URL: ollama.url, NODE_TLS_REJECT_UNAUTHORIZED: '0' }
      const models = run({ args: ['models'], env })
      expect((await models.ended).code).toBe(1)
      expect(models.stderr()).toContain('certificate is not trusted')
      expect(ollama.requests).toEqual([])
    } finally {
      await ollama.close()
    }
  })
})
