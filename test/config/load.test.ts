import { describe, expect, test } from 'vitest'
import { explain } from '../../src/config/explain.ts'
import { load, problemsOf } from './world.ts'

const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

describe('the highest source that names an option decides', () => {
  const file = '{ server: { port: 1 } }'
  const env = { TOLK_PORT: '2' }
  const flags = { port: '3' }

  test.each([
    [{ file, env, flags }, 3, { kind: 'flag', name: '--port' }],
    [{ env, flags }, 3, { kind: 'flag', name: '--port' }],
    [{ file, env }, 2, { kind: 'environment', name: 'TOLK_PORT' }],
    [{ env }, 2, { kind: 'environment', name: 'TOLK_PORT' }],
    [{ file }, 1, { kind: 'file', file: 'tolk.json5', variables: [] }],
    [{}, 11435, { kind: 'default' }],
  ])('%j: %i', (world, port, origin) => {
    const { config, settings } = load(world)
    expect(config.server.port).toBe(port)
    expect(settings.find(({ name }) => name === 'server.port')).toEqual({
      name: 'server.port',
      shown: String(port),
      origin,
    })
  })

  test('lets a flag say no to what a file says yes to', () => {
    const { config } = load({ file: '{ openai: { strict: true } }', flags: { strict: false } })
    expect(config.openai.strict).toBe(false)
  })

  test('leaves the neighbours of an option alone', () => {
    const { config } = load({
      file: '{ server: { port: 1, host: "::1" } }',
      env: { TOLK_PORT: '2' },
    })
    expect(config.server).toMatchObject({ port: 2, host: '::1' })
  })

  test('does not hide a broken section of the file behind a variable', () => {
    expect(problemsOf({ file: '{ server: 5 }', env: { TOLK_PORT: '2' } })).toEqual([
      '`server` in tolk.json5 must be an object with keys such as host, port, allowAnonymous; it is 5.',
    ])
  })
})

describe('with nothing configured', () => {
  test('speaks to the Ollama of this machine, on loopback, and asks nobody for a key', () => {
    const { config, file } = load()
    expect(file).toBeNull()
    expect(config).toMatchObject({
      server: {
        host: '127.0.0.1',
        port: 11435,
        allowAnonymous: false,
        headersTimeoutMs: 15_000,
        requestTimeoutMs: 60_000,
        keepAliveTimeoutMs: 75_000,
        maxRequestsPerSocket: 1000,
        tcpKeepAliveMs: 30_000,
      },
      upstream: {
        name: 'ollama',
        baseUrl: 'http://127.0.0.1:11434',
        connectTimeoutMs: 5000,
        firstByteTimeoutMs: 900_000,
        idleTimeoutMs: 300_000,
        totalTimeoutMs: 3_600_000,
        metaTimeoutMs: 10_000,
        keepAliveTimeoutMs: 4000,
        maxLineBytes: 16_777_216,
        maxResponseBytes: 67_108_864,
        models: null,
      },
      models: { aliases: {}, params: [] },
      auth: { keys: [] },
      catalog: { list: 'tools', refreshMs: 60_000, context: 'trained' },
      openai: { reasoningField: 'reasoning_content', strict: false, allowLoadOptions: false },
      limits: { maxBodyBytes: 33_554_432, maxJsonDepth: 64, maxJsonTokens: 500_000 },
      downstream: { commitAfterMs: 10_000, heartbeatMs: 15_000, writeStallMs: 60_000 },
      abort: { loadGraceMs: 0 },
      shutdown: { drainMs: 25_000, preDelayMs: 0 },
      log: { level: 'info', maxAlike: 100 },
    })
    expect(config.upstream.headers.reveal()).toEqual({})
    expect(config.upstream.tls.reveal()).toEqual({})
  })

  test('is frozen through and through', () => {
    const { config } = load({ file: '{ upstreams: { a: { models: [{ id: "m" }] } } }' })
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.server)).toBe(true)
    expect(Object.isFrozen(config.upstream.models?.[0]?.params)).toBe(true)
  })
})

describe('Ollama’s own variables', () => {
  test('name the upstream and its key when no file does', () => {
    const { config } = load({ env: { OLLAMA_HOST: 'box:1234', OLLAMA_API_KEY: 'k3y' } })
    expect(config.upstream.baseUrl).toBe('http://box:1234')
    expect(config.upstream.headers.reveal()).toEqual({ authorization: 'Bearer k3y' })
  })

  test('count beside a file that says nothing of an upstream', () => {
    const { config } = load({ file: '{ log: { level: "warn" } }', env: { OLLAMA_HOST: 'box' } })
    expect(config.upstream.baseUrl).toBe('http://box:11434')
  })

  test('send no key to a server that the file names', () => {
    const file = '{ upstreams: { lan: { baseUrl: "http://lan:11434" } } }'
    const { config } = load({ file, env: { OLLAMA_HOST: 'box', OLLAMA_API_KEY: 'k3y' } })
    expect(config.upstream.baseUrl).toBe('http://lan:11434')
    expect(config.upstream.headers.reveal()).toEqual({})
  })

  test('are outdone by tolk’s', () => {
    const env = {
      OLLAMA_HOST: 'box',
      OLLAMA_API_KEY: 'theirs',
      TOLK_UPSTREAM_URL: 'https://other',
      TOLK_UPSTREAM_API_KEY: 'ours',
    }
    const { config } = load({ env })
    expect(config.upstream.baseUrl).toBe('https://other')
    expect(config.upstream.headers.reveal()).toEqual({ authorization: 'Bearer ours' })
  })

  test('are nothing when they are empty', () => {
    const { config } = load({ env: { OLLAMA_HOST: ' ', OLLAMA_API_KEY: '' } })
    expect(config.upstream.baseUrl).toBe('http://127.0.0.1:11434')
    expect(config.upstream.headers.reveal()).toEqual({})
  })
})

/** The example of the product's manual, with the hash of a real key. */
const manual = (models: string) => `{
  server: { host: "127.0.0.1", port: 11435 },
  upstreams: {
    ollama: {
      baseUrl: "http://ollama-host:11434",       // a trailing /v1 is understood
      apiKey: "\${OLLAMA_API_KEY}",               // or auth: { basic / headers }, tls: { ca, cert, key }
      api: "ollama",
      models: [                                  // optional: skips discovery
        { id: "gpt-oss:20b", name: "GPT-OSS 20B", reasoning: false, input: ["text"], contextWindow: 8192, maxTokens: 81920,
          cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, params: { streaming: false, keepAlive: "30m" } },
      ],
    },
  },
  models: ${models},
  auth: { keys: [{ name: "laptop", sha256: "${SHA256}", models: ["gpt-oss:*"], requestsPerMinute: 60 }] },
}`

describe('the example of the manual', () => {
  const env = { OLLAMA_API_KEY: 'k3y' }
  const primary = 'primary: "ollama/gpt-oss:20b"'
  const aliases = 'aliases: { "gpt-4o": "ollama/gpt-oss:20b" }'

  test('loads', () => {
    const { config, file } = load({ file: manual(`{ default: { ${primary} }, ${aliases} }`), env })
    expect(file).toBe('tolk.json5')
    expect(config.upstream.baseUrl).toBe('http://ollama-host:11434')
    expect(config.upstream.connectTimeoutMs).toBe(10_000)
    expect(config.upstream.headers.reveal()).toEqual({ authorization: 'Bearer k3y' })
    expect(config.upstream.models).toEqual([
      {
        id: 'gpt-oss:20b',
        name: 'GPT-OSS 20B',
        reasoning: false,
        tools: true,
        input: ['text'],
        contextWindow: 8192,
        maxTokens: 81_920,
        cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
        params: { streaming: false, keepAlive: '30m', overflow: 'error' },
      },
    ])
    expect(config.models.aliases).toEqual({
      default: 'ollama/gpt-oss:20b',
      'gpt-4o': 'ollama/gpt-oss:20b',
    })
    expect(config.auth.keys).toEqual([
      { name: 'laptop', sha256: SHA256, models: ['gpt-oss:*'], requestsPerMinute: 60 },
    ])
  })

  test('is refused for what a later version brings, and for nothing else', () => {
    const fallbacks = 'fallbacks: ["ollama/llama3.3"]'
    const models = `{ default: { ${primary}, ${fallbacks} }, ${aliases} }`
    expect(problemsOf({ file: manual(models), env })).toEqual([
      '`models.default.fallbacks` in tolk.json5 are for a later version; leave them out.',
    ])
  })

  test('is explained without its secret', () => {
    const { settings } = load({ file: manual(`{ default: { ${primary} }, ${aliases} }`), env })
    const text = explain(settings).join('\n')
    expect(text).toMatch(/upstreams\.ollama\.apiKey +•••• +tolk\.json5, \$\{OLLAMA_API_KEY\}/)
    expect(text).toMatch(/models\.aliases\["gpt-4o"\] +"ollama\/gpt-oss:20b" +tolk\.json5/)
    expect(text).toMatch(/auth\.keys\[0\] +"laptop" \(sha256 9f86d081…\) +tolk\.json5/)
    expect(text).not.toContain('k3y')
  })
})

describe('refuses what this version does not do, by name', () => {
  test.each([
    [
      '{ upstreams: { a: {}, b: {} } }',
      '`upstreams` in tolk.json5 names more than one upstream, and this version serves one: leave one, or run a second tolk.',
    ],
    [
      '{ upstreams: { a: { api: "openai-completions" } } }',
      '`upstreams.a.api` in tolk.json5 must be "ollama" or be left out; "openai-completions" is for a later version.',
    ],
    [
      '{ upstreams: { a: { api: "grpc" } } }',
      '`upstreams.a.api` in tolk.json5 must be "ollama"; it is other text.',
    ],
  ])('%s', (file, problem) => {
    expect(problemsOf({ file })).toEqual([problem])
  })
})

describe('A-12 a door open to other machines', () => {
  const risk =
    /opens tolk to other machines while no client key is configured.*TOLK_API_KEYS.*--allow-anonymous.*127\.0\.0\.1/

  test.each([['0.0.0.0'], ['::'], ['[::]'], ['192.168.1.7'], ['box.lan'], ['128.0.0.1']])(
    'is refused without keys: %s',
    (host) => {
      const problems = problemsOf({ env: { TOLK_HOST: host } })
      expect(problems).toHaveLength(1)
      expect(problems[0]).toMatch(risk)
      expect(problems[0]).toMatch(/^`TOLK_HOST`/)
    },
  )

  test.each([
    ['127.0.0.1'],
    ['127.8.8.8'],
    ['localhost'],
    ['::1'],
    ['[::1]'],
    ['::ffff:127.0.0.1'],
  ])('is not what %s is', (host) => {
    expect(load({ flags: { host } }).config.server.host).toBe(host.replace(/^\[|\]$/g, ''))
  })

  test.each([
    ['a key', { TOLK_HOST: '0.0.0.0', TOLK_API_KEYS: 'k3y' }],
    ['a word', { TOLK_HOST: '0.0.0.0', TOLK_ALLOW_ANONYMOUS: 'true' }],
  ])('is opened by %s', (_, env) => {
    expect(load({ env }).config.server.host).toBe('0.0.0.0')
  })

  test.each([['127.0.0.1:8080'], ['http://localhost'], ['a b'], ['-']])('cannot be %s', (host) => {
    expect(problemsOf({ flags: { host } })[0]).toMatch(
      /^`--host` must be an address or a host name alone/,
    )
  })
})

describe('hosts that are allowed', () => {
  test('are names and addresses alone', () => {
    expect(load().config.server.allowedHosts).toEqual([])
    const hosts = ['tolk.lan', 'Host.Docker.Internal.', '10.0.0.9', '[::1]']
    const env = { TOLK_ALLOWED_HOSTS: JSON.stringify(hosts) }
    expect(load({ env }).config.server.allowedHosts).toEqual(hosts)
  })

  test.each(['tolk.lan:80', 'http://tolk.lan', 'a b', '*', '', 'fd00::7', 'tolk.lan/'])(
    '%j is none',
    (host) => {
      const file = `{ server: { allowedHosts: [${JSON.stringify(host)}] } }`
      expect(problemsOf({ file })).toEqual([expect.stringContaining('server.allowedHosts[0]')])
    },
  )
})

describe('metrics', () => {
  test('are off, and on this machine alone once they are on', () => {
    expect(load().config.metrics).toEqual({ host: '127.0.0.1' })
    expect(load({ env: { TOLK_METRICS_PORT: '9464' } }).config.metrics).toEqual({
      host: '127.0.0.1',
      port: 9464,
    })
  })

  test('have an address that is written as any other', () => {
    const env = { TOLK_METRICS_PORT: '0', TOLK_METRICS_HOST: '[::1]' }
    expect(load({ env }).config.metrics.host).toBe('::1')
    expect(problemsOf({ env: { ...env, TOLK_METRICS_HOST: '127.0.0.1:9464' } })[0]).toMatch(
      /^`TOLK_METRICS_HOST` must be an address or a host name alone/,
    )
  })

  test('never share the port of clients', () => {
    const env = { TOLK_METRICS_PORT: '8080', TOLK_PORT: '8080' }
    expect(problemsOf({ env })).toEqual([
      expect.stringMatching(/^`TOLK_METRICS_PORT` is the port of `server.port` already/),
    ])
    expect(load({ env: { TOLK_METRICS_PORT: '0', TOLK_PORT: '0' } }).config.metrics.port).toBe(0)
  })
})

describe('the file', () => {
  test.each([
    [{ flags: { config: 'x.json5' } }, /^`--config` names x\.json5, which does not exist\.$/],
    [
      { env: { TOLK_CONFIG: '/y.json5' } },
      /^`TOLK_CONFIG` names \/y\.json5, which does not exist\.$/,
    ],
    [{ file: '{ a: }' }, /^tolk\.json5 is not valid JSON5: invalid character '}' at 1:6\.$/],
    [{ file: '[]' }, /^tolk\.json5 must hold one object/],
    [{ file: '' }, /^tolk\.json5 is not valid JSON5/],
  ])('%j', (world, problem) => {
    expect(problemsOf(world)).toEqual([expect.stringMatching(problem)])
  })

  test('may be named by flag or variable, the flag first', () => {
    const files = { '/a.json5': '{ server: { port: 1 } }', '/b.json5': '{ server: { port: 2 } }' }
    const env = { TOLK_CONFIG: '/b.json5' }
    expect(load({ files, env, flags: { config: '/a.json5' } }).config.server.port).toBe(1)
    expect(load({ files, env }).config.server.port).toBe(2)
  })

  test('may be tolk.json, when there is no tolk.json5', () => {
    const files = { '/etc/tolk/tolk.json': '{ "server": { "port": 9 } }' }
    expect(load({ files }).config.server.port).toBe(9)
  })

  test('may name its schema, for editors', () => {
    expect(load({ file: '{ $schema: "./tolk.schema.json" }' }).config.server.port).toBe(11435)
  })

  test('cannot reach the prototype of anything', () => {
    expect(problemsOf({ file: '{ "__proto__": { port: 1 } }' })[0]).toMatch(
      /unknown key `__proto__`/,
    )
    expect({}).not.toHaveProperty('port')
  })
})

test('lists every problem, not only the first', () => {
  const problems = problemsOf({
    file: '{ log: { level: 5 }, catalog: { list: "none" } }',
    env: { TOLK_PROT: '1', TOLK_LIMITS_MAX_BODY_BYTES: 'much' },
    flags: { port: '70000' },
  })
  expect(problems).toEqual([
    'unknown variable `TOLK_PROT`: did you mean `TOLK_PORT`?',
    '`--port` must be a whole number from 0 to 65535, such as 11435; it is 70000.',
    '`catalog.list` in tolk.json5 must be "tools", "chat" or "all"; it is other text.',
    '`TOLK_LIMITS_MAX_BODY_BYTES` must be a whole number from 1024 to 524288000, such as 33554432; it is other text.',
    '`log.level` in tolk.json5 must be "silent", "error", "warn", "info" or "debug"; it is 5.',
  ])
})
