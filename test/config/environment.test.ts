import { describe, expect, test } from 'vitest'
import { options } from '../../src/config/options.ts'
import { load, problemsOf } from './world.ts'

describe('every option has a variable, named by its path', () => {
  test.each([
    ['server.host', 'TOLK_HOST'],
    ['server.port', 'TOLK_PORT'],
    ['server.allowAnonymous', 'TOLK_ALLOW_ANONYMOUS'],
    ['server.keepAliveTimeoutMs', 'TOLK_KEEP_ALIVE_TIMEOUT_MS'],
    ['upstreams.<name>.baseUrl', 'TOLK_UPSTREAM_URL'],
    ['upstreams.<name>.apiKey', 'TOLK_UPSTREAM_API_KEY'],
    ['upstreams.<name>.apiKeyFile', 'TOLK_UPSTREAM_API_KEY_FILE'],
    ['upstreams.<name>.auth.basic.passwordFile', 'TOLK_UPSTREAM_AUTH_BASIC_PASSWORD_FILE'],
    ['upstreams.<name>.auth.headers', 'TOLK_UPSTREAM_AUTH_HEADERS'],
    ['upstreams.<name>.tls.ca', 'TOLK_UPSTREAM_TLS_CA'],
    ['upstreams.<name>.firstByteTimeoutMs', 'TOLK_UPSTREAM_FIRST_BYTE_TIMEOUT_MS'],
    ['upstreams.<name>.keepAliveTimeoutMs', 'TOLK_UPSTREAM_KEEP_ALIVE_TIMEOUT_MS'],
    ['models.default.primary', 'TOLK_MODELS_DEFAULT_PRIMARY'],
    ['models.aliases', 'TOLK_MODELS_ALIASES'],
    ['models.params', 'TOLK_MODELS_PARAMS'],
    ['auth.keys', 'TOLK_API_KEYS'],
    ['auth.keysFile', 'TOLK_API_KEYS_FILE'],
    ['catalog.refreshMs', 'TOLK_CATALOG_REFRESH_MS'],
    ['openai.reasoningField', 'TOLK_OPENAI_REASONING_FIELD'],
    ['limits.maxBodyBytes', 'TOLK_LIMITS_MAX_BODY_BYTES'],
    ['limits.maxJsonTokens', 'TOLK_LIMITS_MAX_JSON_TOKENS'],
    ['log.level', 'TOLK_LOG_LEVEL'],
  ])('%s: %s', (path, variable) => {
    expect(options.find((option) => option.path.join('.') === path)?.environment).toBe(variable)
  })

  test('and no two share one', () => {
    const names = options.map(({ environment }) => environment)
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => /^TOLK_[A-Z_]+$/.test(name))).toBe(true)
  })
})

describe('a variable is read as what its option takes', () => {
  test.each([
    ['TOLK_PORT', '0', { server: { port: 0 } }],
    ['TOLK_PORT', ' 8080 ', { server: { port: 8080 } }],
    ['TOLK_WORKERS', '4', { server: { workers: 4 } }],
    ['TOLK_ALLOW_ANONYMOUS', 'true', { server: { allowAnonymous: true } }],
    ['TOLK_ALLOW_ANONYMOUS', '0', { server: { allowAnonymous: false } }],
    ['TOLK_OPENAI_STRICT', 'Yes', { openai: { strict: true } }],
    ['TOLK_LOG_LEVEL', 'debug', { log: { level: 'debug' } }],
    ['TOLK_UPSTREAM_IDLE_TIMEOUT_MS', '0', { upstream: { idleTimeoutMs: 0 } }],
    ['TOLK_UPSTREAM_CONNECT_TIMEOUT_MS', '7', { upstream: { connectTimeoutMs: 7 } }],
    ['TOLK_MODELS_ALIASES', '{ "gpt-4o": "m" }', { models: { aliases: { 'gpt-4o': 'm' } } }],
    ['TOLK_MODELS_DEFAULT_PRIMARY', 'm', { models: { aliases: { default: 'm' } } }],
    [
      'TOLK_MODELS_PARAMS',
      "{ '*': { numCtx: 8192 } }",
      { models: { params: [{ pattern: '*', params: { numCtx: 8192 } }] } },
    ],
    ['TOLK_UPSTREAM_MODELS', "[{ id: 'm' }]", { upstream: { models: [{ id: 'm', name: 'm' }] } }],
  ])('%s=%s', (name, value, expected) => {
    expect(load({ env: { [name]: value } }).config).toMatchObject(expected)
  })

  test('a number that is none is refused, not read as 0', () => {
    expect(problemsOf({ env: { TOLK_PORT: '0x10' } })).toHaveLength(1)
    expect(problemsOf({ env: { TOLK_ALLOW_ANONYMOUS: 'maybe' } })).toHaveLength(1)
  })

  test('one that is set to nothing is not set', () => {
    expect(
      load({ env: { TOLK_PORT: '', TOLK_API_KEYS: '', TOLK_CONFIG: '' } }).config,
    ).toMatchObject({ server: { port: 11435 }, auth: { keys: [] } })
  })

  test('speaks of the upstream that the file names', () => {
    const file = '{ upstreams: { lan: { baseUrl: "http://a" } } }'
    const { config } = load({ file, env: { TOLK_UPSTREAM_URL: 'http://b' } })
    expect(config.upstream).toMatchObject({ name: 'lan', baseUrl: 'http://b' })
  })
})

describe('an unknown TOLK_ variable is refused', () => {
  test.each([
    ['TOLK_PROT', '`TOLK_PORT`?'],
    ['TOLK_SERVER_PORT', '`TOLK_PORT`?'],
    ['TOLK_UPSTREAM_BASE_URL', '`TOLK_UPSTREAM_URL`?'],
    ['TOLK_API_KEY', '`TOLK_API_KEYS`?'],
    ['TOLK_AUTH_KEYS', '`TOLK_API_KEYS`?'],
    ['TOLK_CONF', '`TOLK_CONFIG`?'],
    ['TOLK_ZZZZZZZZZZZZZZZZZZZZZZZ', 'unset it'],
  ])('%s', (name, advice) => {
    const [problem = ''] = problemsOf({ env: { [name]: 'canary' } })
    expect(problem).toContain(`unknown variable \`${name}\``)
    expect(problem).toContain(advice)
    expect(problem).not.toContain('canary')
  })

  test('but not what Kubernetes and Docker put there for a service named tolk', () => {
    const env = {
      TOLK_SERVICE_HOST: '10.0.0.7',
      TOLK_SERVICE_PORT: '11435',
      TOLK_SERVICE_PORT_HTTP: '11435',
      TOLK_PORT: 'tcp://10.0.0.7:11435',
      TOLK_PORT_11435_TCP: 'tcp://10.0.0.7:11435',
      TOLK_PORT_11435_TCP_PROTO: 'tcp',
      TOLK_PORT_11435_TCP_PORT: '11435',
      TOLK_PORT_11435_TCP_ADDR: '10.0.0.7',
      TOLK_CANARY_SERVICE_HOST: '10.0.0.8',
      TOLK_CANARY_PORT: 'tcp://10.0.0.8:11435',
    }
    expect(load({ env }).config.server.port).toBe(11435)
  })
})
