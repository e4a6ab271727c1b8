import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { hashKey } from '../../src/config/client-keys.ts'
import { explain } from '../../src/config/explain.ts'
import { Secret } from '../../src/config/secret.ts'
import { matchesModel } from '../../src/model-pattern.ts'
import { certificates } from '../support/certificates.ts'
import { importsOf, sourceFiles } from '../support/source.ts'
import { DIRECTORY, load, problemsOf, type World } from './world.ts'

const headersOf = (world: World) => load(world).config.upstream.headers.reveal()

const lan = (text: string) => `{ upstreams: { lan: { baseUrl: "http://lan", ${text} } } }`
const https = (tls: string) => `{ upstreams: { a: { baseUrl: "https://a", tls: ${tls} } } }`
const keysOf = (world: World) => load(world).config.auth.keys
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('the upstream’s credential becomes headers', () => {
  const files = { '/run/key': 'k3y\n', '/run/password': 'pass word\r\n' }

  test.each([
    ['a key', 'apiKey: "k3y"', { authorization: 'Bearer k3y' }],
    ['a key from the environment', 'apiKey: "${KEY}"', { authorization: 'Bearer from-env' }],
    ['a key from a file', 'apiKeyFile: "/run/key"', { authorization: 'Bearer k3y' }],
    [
      'a password',
      'auth: { basic: { username: "u", password: "p:q" } }',
      { authorization: basic('u:p:q') },
    ],
    [
      'no ASCII',
      'auth: { basic: { username: "ü", password: "ß" } }',
      { authorization: basic('ü:ß') },
    ],
    [
      'a password from a file',
      'auth: { basic: { username: "u", passwordFile: "/run/password" } }',
      { authorization: basic('u:pass word') },
    ],
    ['headers', 'auth: { headers: { "X-Api-Key": "k" } }', { 'x-api-key': 'k' }],
    [
      'a key beside headers',
      'apiKey: "k", auth: { headers: { "CF-Access-Client-Id": "i" } }',
      { authorization: 'Bearer k', 'cf-access-client-id': 'i' },
    ],
    ['an own scheme', 'auth: { headers: { Authorization: "Key k" } }', { authorization: 'Key k' }],
  ])('%s', (_, text, headers) => {
    expect(headersOf({ file: lan(text), files, env: { KEY: 'from-env' } })).toEqual(headers)
  })

  test.each([
    [{ env: { TOLK_UPSTREAM_URL: 'http://u:p@box' } }],
    [{ env: { OLLAMA_HOST: 'http://u:p@box' } }],
    [{ flags: { upstream: 'http://u:p@box' } }],
    [{ file: '{ upstreams: { a: { baseUrl: "http://u:p@box" } } }' }],
  ])('user and password in an address: %j', (world) => {
    const { config, settings } = load(world)
    expect(config.upstream.headers.reveal()).toEqual({ authorization: basic('u:p') })
    expect(config.upstream.baseUrl).toBe('http://box')
    expect(explain(settings).join('\n')).not.toContain('u:p')
  })

  test('a file of secrets is looked for beside the file that names it', () => {
    const near = { [`${DIRECTORY}/key`]: 'near' }
    expect(headersOf({ file: lan('apiKeyFile: "key"'), files: near })).toEqual({
      authorization: 'Bearer near',
    })
    const far = { '/far/tolk.json5': lan('apiKeyFile: "key"'), '/far/key': 'far', ...near }
    const env = { TOLK_CONFIG: '/far/tolk.json5' }
    expect(headersOf({ files: far, env })).toEqual({ authorization: 'Bearer far' })
    // What a variable names is relative to where tolk was started.
    expect(headersOf({ files: far, env: { ...env, TOLK_UPSTREAM_API_KEY_FILE: 'key' } })).toEqual({
      authorization: 'Bearer near',
    })
  })
})

describe('a credential takes the place of any below it', () => {
  const env = { TOLK_UPSTREAM_API_KEY: 'env' }
  const files = { '/run/key': 'file' }

  test.each([
    ['apiKey: "low"', env, 'Bearer env'],
    ['apiKeyFile: "/none"', env, 'Bearer env'],
    ['auth: { basic: { username: "u", password: "p" } }', env, 'Bearer env'],
    ['apiKey: "low"', { TOLK_UPSTREAM_API_KEY_FILE: '/run/key' }, 'Bearer file'],
    ['apiKey: "low"', { TOLK_UPSTREAM_URL: 'http://u:p@box' }, basic('u:p')],
    [
      'auth: { basic: { username: "u", password: "low" } }',
      { TOLK_UPSTREAM_AUTH_BASIC_PASSWORD: ' p ' },
      basic('u: p '),
    ],
    [
      'auth: { basic: { username: "u", passwordFile: "/none" } }',
      { TOLK_UPSTREAM_AUTH_BASIC_PASSWORD: 'p' },
      basic('u:p'),
    ],
  ])('%s under %j', (text, variables, authorization) => {
    expect(headersOf({ file: lan(text), files, env: variables })).toEqual({ authorization })
  })

  test('and is not mistaken for the file’s in the explanation', () => {
    const text = explain(load({ file: lan('apiKeyFile: "/none"'), env }).settings).join('\n')
    expect(text).toMatch(/apiKey +•••• +TOLK_UPSTREAM_API_KEY/)
    expect(text).not.toContain('apiKeyFile')
  })
})

describe('a credential goes to the address that it stands beside, and to no other', () => {
  const env = { TOLK_UPSTREAM_URL: 'http://elsewhere:11434' }
  const flags = { upstream: 'http://elsewhere:11434' }
  const files = { '/run/key': 'canary' }

  const elsewhere: readonly (readonly [string, World])[] = [
    ['apiKey: "canary"', { env }],
    ['apiKey: "canary"', { flags }],
    ['apiKeyFile: "/run/key"', { flags }],
    ['auth: { basic: { username: "u", password: "canary" } }', { env }],
    ['auth: { headers: { "x-key": "canary" } }', { flags }],
    ['apiKey: "canary"', { flags: { upstream: 'https://lan' } }],
    ['apiKey: "canary"', { flags: { upstream: 'http://lan:81' } }],
  ]

  test.each(elsewhere)('%s of the file: %j', (text, world) => {
    const loaded = load({ file: lan(text), files, ...world })
    expect(loaded.config.upstream.headers.reveal()).toEqual({})
    expect(explain(loaded.settings).join('\n')).not.toContain('••••')
    expect(loaded.warnings).not.toEqual([])
    for (const warning of loaded.warnings) {
      expect(warning).toMatch(
        /^`upstreams\.lan\..+` in tolk\.json5 is not sent to the address in `/,
      )
      expect(warning).not.toMatch(/canary|elsewhere/)
    }
  })

  test.each<[what: string, world: World]>([
    ['a password in the file’s address', { file: lan('').replace('//', '//u:canary@'), flags }],
    ['OLLAMA_API_KEY', { env: { OLLAMA_API_KEY: 'canary', ...env } }],
    ['OLLAMA_API_KEY', { env: { OLLAMA_API_KEY: 'canary' }, flags }],
    ['OLLAMA_HOST’s', { env: { OLLAMA_HOST: 'https://box', OLLAMA_API_KEY: 'canary' }, flags }],
    [
      'TOLK_UPSTREAM_URL’s',
      { env: { TOLK_UPSTREAM_URL: 'http://a', TOLK_UPSTREAM_API_KEY: 'canary' }, flags },
    ],
  ])('%s', (_, world) => {
    expect(headersOf(world)).toEqual({})
    expect(load(world).warnings.length).toBeGreaterThan(0)
  })

  test.each<[what: string, world: World]>([
    [
      'the same host, another path',
      { file: lan('apiKey: "k"'), flags: { upstream: 'http://lan/x' } },
    ],
    ['no address beside it', { file: '{ upstreams: { a: { apiKey: "k" } } }', env }],
    ['a variable alone', { env: { TOLK_UPSTREAM_API_KEY: 'k' }, flags }],
    ['nobody’s address', { env: { OLLAMA_API_KEY: 'k' } }],
    ['this machine', { env: { OLLAMA_API_KEY: 'k' }, flags: { upstream: '127.0.0.1' } }],
  ])('with %s it goes along', (_, world) => {
    const { config, warnings } = load(world)
    expect(config.upstream.headers.reveal()).toEqual({ authorization: 'Bearer k' })
    expect(warnings).toEqual([])
  })
})

describe('is refused', () => {
  test.each([
    [
      'two keys',
      'apiKey: "a", apiKeyFile: "/run/key"',
      'upstreams.lan.apiKeyFile',
      'stands beside `apiKey`',
    ],
    [
      'a key and a password',
      'apiKey: "a", auth: { basic: { username: "u", password: "p" } }',
      'upstreams.lan.auth.basic',
      'stands beside `apiKey`',
    ],
    [
      'a key and a header that says the same',
      'apiKey: "a", auth: { headers: { authorization: "b" } }',
      'upstreams.lan.apiKey',
      'stands beside `auth.headers.authorization`',
    ],
    [
      'two passwords',
      'auth: { basic: { username: "u", password: "p", passwordFile: "/run/key" } }',
      'upstreams.lan.auth.basic.passwordFile',
      'stands beside `password`',
    ],
    [
      'an address with a password, and a key',
      'apiKey: "a", baseUrl: "http://u:p@x"',
      'upstreams.lan.baseUrl',
      'another credential stands beside it',
    ],
    [
      'a header of ours',
      'auth: { headers: { Host: "x" } }',
      'upstreams.lan.auth.headers.Host',
      'is set by tolk itself',
    ],
    [
      'a name with a colon',
      'auth: { basic: { username: "a:b" } }',
      'upstreams.lan.auth.basic.username',
      'must not contain a colon',
    ],
    [
      'a key with a line break',
      'apiKey: "a\\nb"',
      'upstreams.lan.apiKey',
      'must be printable ASCII',
    ],
    [
      'a header with a line break',
      'auth: { headers: { x: "a\\r\\nHost: b" } }',
      'upstreams.lan.auth.headers.x',
      'must be printable ASCII',
    ],
    [
      'an empty key file',
      'apiKeyFile: "/run/empty"',
      'upstreams.lan.apiKeyFile',
      'cannot be sent in a header',
    ],
    [
      'a key file that is not there',
      'apiKeyFile: "/none"',
      'upstreams.lan.apiKeyFile',
      'names a file that does not exist',
    ],
    [
      'a variable that is not set',
      'apiKey: "${NOWHERE}"',
      'upstreams.lan.apiKey',
      'needs the environment variable NOWHERE',
    ],
    ['a ${ without a name', 'apiKey: "${}"', 'upstreams.lan.apiKey', 'write `$${`'],
    [
      'an authority for a plain upstream',
      'tls: { ca: "/run/key" }',
      'upstreams.lan.tls.ca',
      'is for an https upstream',
    ],
  ])('%s', (_, text, option, complaint) => {
    const files = { '/run/key': 'k', '/run/empty': '\n' }
    const [problem = ''] = problemsOf({ file: lan(text), files })
    expect(problem).toContain(`\`${option}\``)
    expect(problem).toContain(complaint)
  })
})

describe('a variable that is not set is one complaint, at', () => {
  test.each([
    ['{ upstreams: { a: { apiKey: "${NOPE}" } } }'],
    ['{ upstreams: { a: { baseUrl: "http://${NOPE}:11434" } } }'],
    ['{ upstreams: { a: { models: "${NOPE}" } } }'],
    ['{ server: { port: "${NOPE}" } }'],
    ['{ auth: { keys: [{ name: "a", sha256: "${NOPE}" }] } }'],
    ['{ auth: { keys: [{ name: "${NOPE}", key: "a" }] } }'],
    ['{ server: { host: "0.0.0.0" }, auth: { keysFile: "${NOPE}" } }'],
  ])('%s', (file) => {
    expect(problemsOf({ file })).toEqual([
      expect.stringContaining('needs the environment variable NOPE, which is not set'),
    ])
  })
})

test('keys that cannot be had are no open door', () => {
  expect(problemsOf({ env: { TOLK_HOST: '0.0.0.0', TOLK_API_KEYS_FILE: '/none' } })).toEqual([
    expect.stringContaining('names a file that does not exist'),
  ])
})

test.each([['"k3y"'], [" 'k3y' "]])('OLLAMA_API_KEY=%s is refused', (key) => {
  expect(problemsOf({ env: { OLLAMA_API_KEY: key } })).toEqual([
    expect.stringMatching(/^`OLLAMA_API_KEY` stands in quotes.*--env-file/),
  ])
})

describe('variables in the file', () => {
  test.each([
    ['"${A}"', 'one'],
    ['"${A}-${B}"', 'one-two'],
    ['"$${A}"', '${A}'],
    ['"$$${A}"', '$${A}'],
    ['"$A $ {A}"', '$A $ {A}'],
  ])('%s', (text, value) => {
    const file = `{ models: { aliases: { x: ${text} } } }`
    expect(load({ file, env: { A: 'one', B: 'two' } }).config.models.aliases['x']).toBe(value)
  })

  test('become the number or the switch that the option takes', () => {
    const file = '{ server: { port: "${PORT}" }, openai: { strict: "${STRICT}" } }'
    const { config, settings } = load({ file, env: { PORT: '80', STRICT: 'true' } })
    expect(config).toMatchObject({ server: { port: 80 }, openai: { strict: true } })
    expect(settings.find(({ name }) => name === 'server.port')?.origin).toEqual({
      kind: 'file',
      file: 'tolk.json5',
      variables: ['PORT'],
    })
  })

  test('put no variable of their value in', () => {
    const file = '{ models: { aliases: { x: "${A}" } } }'
    expect(load({ file, env: { A: '${B}', B: 'two' } }).config.models.aliases['x']).toBe('${B}')
  })
})

describe('certificates', () => {
  const { ca, client } = certificates

  test('are taken inline or from files', () => {
    const file = https('{ ca: "${CA}", cert: "cert.pem", key: "/run/key.pem" }')
    const files = { [`${DIRECTORY}/cert.pem`]: client.cert, '/run/key.pem': client.key }
    const { config, settings } = load({ file, files, env: { CA: ca } })
    expect(config.upstream.tls.reveal()).toEqual({
      ca,
      cert: client.cert.trimEnd(),
      key: client.key.trimEnd(),
    })
    const text = explain(settings).join('\n')
    expect(text).toMatch(/tls\.ca +\(PEM\)/)
    expect(text).toMatch(/tls\.cert +"cert\.pem"/)
    expect(text).toMatch(/tls\.key +••••/)
  })

  test.each([
    ['{ ca: "/none" }', 'names a file that does not exist'],
    ['{ ca: "/run/text" }', 'names a file that holds no PEM'],
    ['{ ca: "/run/torn" }', 'holds PEM that is no certificate'],
    ['{ cert: "/run/cert" }', 'needs `key` beside it'],
    ['{ key: "/run/key" }', 'needs `cert` beside it'],
    ['{ cert: "/run/cert", key: "/run/other" }', 'is not the key of the `cert` beside it'],
  ])('%s is refused', (tls, complaint) => {
    const files = {
      '/run/text': 'hello',
      '/run/cert': client.cert,
      '/run/key': client.key,
      '/run/torn': ca.slice(0, 200),
      '/run/other': certificates.server.key,
    }
    expect(problemsOf({ file: https(tls), files })).toEqual([expect.stringContaining(complaint)])
  })
})

describe('client keys', () => {
  const all = { models: null, requestsPerMinute: null }

  test.each([
    ['a', [{ name: 'key-1', sha256: hashKey('a') }]],
    [
      'phone=a, laptop=b',
      [
        { name: 'phone', sha256: hashKey('a') },
        { name: 'laptop', sha256: hashKey('b') },
      ],
    ],
    [
      'a,phone=b,c',
      [
        { name: 'key-1', sha256: hashKey('a') },
        { name: 'phone', sha256: hashKey('b') },
        { name: 'key-3', sha256: hashKey('c') },
      ],
    ],
    ['YWJj==', [{ name: 'key-1', sha256: hashKey('YWJj==') }]],
    ['phone=YWJj==', [{ name: 'phone', sha256: hashKey('YWJj==') }]],
    [`phone=sha256:${hashKey('a').toUpperCase()}`, [{ name: 'phone', sha256: hashKey('a') }]],
    ['it"s', [{ name: 'key-1', sha256: hashKey('it"s') }]],
  ])('TOLK_API_KEYS=%s', (value, keys) => {
    expect(keysOf({ env: { TOLK_API_KEYS: value } })).toEqual(
      keys.map((key) => ({ ...key, ...all })),
    )
  })

  test.each([
    ['sha256:abc', '`[0].sha256` in TOLK_API_KEYS must be 64 hexadecimal digits'],
    ['a=b,phone=SHA256:', '`[1].sha256` in TOLK_API_KEYS must be 64 hexadecimal digits'],
    ['"a,b"', '`TOLK_API_KEYS` stands in quotes'],
    ["'phone=a'", '`TOLK_API_KEYS` stands in quotes'],
    ['phone="canary"', '`[0].key` in TOLK_API_KEYS must be printable ASCII'],
  ])('TOLK_API_KEYS=%s is refused', (value, complaint) => {
    const problems = problemsOf({ env: { TOLK_API_KEYS: value } })
    expect(problems).toEqual([expect.stringContaining(complaint)])
    expect(problems.join()).not.toContain('canary')
  })

  test('may use models under the upstream’s name', () => {
    const file = `{ upstreams: { lan: {} }, auth: { keys: [
      { name: "a", key: "a", models: ["ollama/gpt-oss:*", "LAN/llama3", "x/y"] }] } }`
    const { models } = keysOf({ file })[0] ?? {}
    const opened = ['gpt-oss:20b', 'llama3:latest', 'x/y:latest', 'y:latest', 'other'].filter(
      (name) => models?.some((pattern) => matchesModel(pattern, name)),
    )
    expect(opened).toEqual(['gpt-oss:20b', 'llama3:latest', 'x/y:latest'])
  })

  test('may stand in a file, on lines of their own', () => {
    const files = { '/run/keys': '# ours\nphone=a\n\nlaptop=b,c\n' }
    const names = keysOf({ files, env: { TOLK_API_KEYS_FILE: '/run/keys' } }).map(
      ({ name }) => name,
    )
    expect(names).toEqual(['phone', 'laptop', 'key-3'])
  })

  test('are known by their hash alone, however they are given', () => {
    const files = { '/run/key': 'c\n' }
    const file = `{ auth: { keys: [
      { name: "a", key: "a" }, { name: "b", sha256: "${hashKey('b')}" }, { name: "c", keyFile: "/run/key" },
    ] } }`
    expect(keysOf({ file, files }).map(({ sha256 }) => sha256)).toEqual(
      ['a', 'b', 'c'].map(hashKey),
    )
  })

  test('of the environment take the place of the file’s', () => {
    const file = '{ auth: { keysFile: "/none" } }'
    expect(keysOf({ file, env: { TOLK_API_KEYS: 'a' } })).toHaveLength(1)
    const { settings } = load({ file, env: { TOLK_API_KEYS: 'a' } })
    expect(explain(settings).join('\n')).toMatch(
      /auth\.keys\[0\] +"key-1" \(sha256 ca978112…\) +TOLK_API_KEYS/,
    )
  })

  test('hash as sha256sum does', () => {
    expect(hashKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test.each([
    ['{ auth: { keys: [] } }', 'holds no key'],
    ['{ auth: { keys: [{ name: "a" }] } }', 'needs exactly one of sha256, key and keyFile'],
    ['{ auth: { keys: [{ name: "a", key: "a", keyFile: "/run/key" }] } }', 'needs exactly one of'],
    [
      '{ auth: { keys: [{ name: "a", key: "a" }, { name: "a", key: "b" }] } }',
      'has the name a twice',
    ],
    [
      '{ auth: { keys: [{ name: "a", key: "x" }, { name: "b", key: "x" }] } }',
      'has the key of b twice',
    ],
    ['{ auth: { keys: [{ name: "a", keyFile: "/none" }] } }', 'names a file that does not exist'],
    ['{ auth: { keys: [{ name: "a", keyFile: "/run/bad" }] } }', 'cannot be sent in a header'],
    ['{ auth: { keysFile: "/run/bad" } }', 'the 1st'],
    ['{ auth: { keysFile: "/run/hash" } }', 'the 1st: it must be 64 hexadecimal digits'],
    ['{ auth: { keysFile: "/run/blank" } }', 'holds no key'],
    ['{ auth: { keysFile: "/run/key", keys: [{ name: "a", key: "a" }] } }', 'stands beside `keys`'],
  ])('are refused: %s', (file, complaint) => {
    const files = {
      '/run/key': 'k',
      '/run/bad': 'a b',
      '/run/blank': '\n',
      '/run/hash': 'a=sha256:abc',
    }
    expect(problemsOf({ file, files })).toEqual([expect.stringContaining(complaint)])
  })
})

describe('no secret is ever shown', () => {
  const canary = 'canary-7f3a'
  const encoded = Buffer.from(`${canary}:${canary}`).toString('base64')
  const files = { '/run/secret': `${canary}\n` }
  const shows = (text: string) => text.includes(canary) || text.includes(encoded)

  const sources: readonly (readonly [string, World])[] = [
    ['key', { env: { OLLAMA_API_KEY: canary, TOLK_API_KEYS: `a=${canary}` } }],
    ['address', { env: { OLLAMA_HOST: `http://${canary}:${canary}@box` } }],
    [
      'files',
      {
        files,
        env: { TOLK_UPSTREAM_API_KEY_FILE: '/run/secret', TOLK_API_KEYS_FILE: '/run/secret' },
      },
    ],
    ['headers', { file: `{ upstreams: { a: { auth: { headers: { "x-key": "${canary}" } } } } }` }],
    [
      'password',
      {
        file: `{ upstreams: { a: { auth: { basic: { username: "${canary}", password: "${canary}" } } } } }`,
      },
    ],
    ['client keys', { file: `{ auth: { keys: [{ name: "a", key: "${canary}" }] } }` }],
  ]

  test.each(sources)('S-04 in the configuration however it is printed: %s', (_, world) => {
    const { config, settings } = load(world)
    expect(shows(inspect(config, { depth: null, showHidden: true }))).toBe(false)
    expect(shows(JSON.stringify(config))).toBe(false)
    expect(shows(String(config.upstream.headers))).toBe(false)
    expect(shows(explain(settings).join('\n'))).toBe(false)
    expect(shows(JSON.stringify(settings))).toBe(false)
  })

  test.each<readonly [string, World]>([
    ['a key with a blank', { env: { TOLK_UPSTREAM_API_KEY: `${canary} x` } }],
    ['a client key with a blank', { env: { TOLK_API_KEYS: `a=${canary} x` } }],
    ['a bare client key with a blank', { env: { TOLK_API_KEYS: `${canary} x` } }],
    ['a key where a number belongs', { env: { TOLK_PORT: canary } }],
    ['a key where a level belongs', { env: { TOLK_LOG_LEVEL: canary } }],
    ['a key where a file belongs', { env: { TOLK_UPSTREAM_API_KEY_FILE: canary } }],
    ['a key where a list of keys’ file belongs', { env: { TOLK_API_KEYS_FILE: canary } }],
    [
      'a key where an authority belongs',
      { env: { TOLK_UPSTREAM_URL: 'https://x', TOLK_UPSTREAM_TLS_CA: canary } },
    ],
    ['an address that is none', { env: { TOLK_UPSTREAM_URL: `http://${canary}:${canary}@a b` } }],
    ['an address of another kind', { env: { OLLAMA_HOST: `ftp://u:${canary}@box` } }],
    [
      'two credentials',
      { env: { TOLK_UPSTREAM_URL: `http://u:${canary}@box`, TOLK_UPSTREAM_API_KEY: canary } },
    ],
    ['headers that are none', { env: { TOLK_UPSTREAM_AUTH_HEADERS: canary } }],
    [
      'a header with a line break',
      { env: { TOLK_UPSTREAM_AUTH_HEADERS: `{ a: "${canary}\\n" }` } },
    ],
    ['an unknown variable', { env: { TOLK_UPSTREAM_APIKEY: canary } }],
    ['a key that is a number', { file: '{ upstreams: { a: { apiKey: 73733737 } } }' }],
    ['a key that is an object', { file: `{ upstreams: { a: { apiKey: { x: "${canary}" } } } }` }],
    [
      'a file that is no JSON5',
      { file: `{ upstreams: { a: { apiKey: "${canary}" "${canary}" } } }` },
    ],
    [
      'a key’s hash that is the key',
      { file: `{ auth: { keys: [{ name: "a", sha256: "${canary}" }] } }` },
    ],
  ])('in a complaint: %s', (_, world) => {
    const text = problemsOf(world).join('\n')
    expect(shows(text)).toBe(false)
    expect(text).not.toContain('73733737')
  })
})

test('a Secret is given out by reveal and by nothing else', () => {
  const secret = new Secret('canary')
  expect(secret.reveal()).toBe('canary')
  expect([String(secret), JSON.stringify({ secret }), inspect(secret)]).toEqual([
    '[redacted]',
    '{"secret":"[redacted]"}',
    '[redacted]',
  ])
  expect(Object.getOwnPropertyNames(secret)).toEqual([])
})

describe('S-06 a secret', () => {
  const SECRETS: readonly (readonly [option: string, file: string])[] = [
    ['upstreams.lan.apiKeyFile', lan('apiKeyFile: "/run/secret"')],
    [
      'upstreams.lan.auth.basic.passwordFile',
      lan('auth: { basic: { username: "u", passwordFile: "/run/secret" } }'),
    ],
    ['auth.keys[0].keyFile', '{ auth: { keys: [{ name: "a", keyFile: "/run/secret" }] } }'],
    ['auth.keysFile', '{ auth: { keysFile: "/run/secret" } }'],
  ]

  test.each(SECRETS)('of %s is trimmed of its last line break, and no more', (_, file) => {
    const fingerprintOf = (text: string) => {
      const { config } = load({ file, files: { '/run/secret': text } })
      return [config.upstream.headers.reveal(), config.auth.keys]
    }
    expect(fingerprintOf('canary\n')).toEqual(fingerprintOf('canary'))
    expect(fingerprintOf('canary\r\n')).toEqual(fingerprintOf('canary'))
  })

  test.each(SECRETS)('of %s in a file that others may read is told of', (option, file) => {
    const files = { '/run/secret': 'canary\n' }
    const warningsAt = (mode: number) =>
      load({ file, files, modes: { '/run/secret': 0o100_000 | mode } }).warnings
    for (const mode of [0o600, 0o400, 0o700, 0o200]) expect(warningsAt(mode)).toEqual([])
    for (const mode of [0o640, 0o604, 0o644, 0o444, 0o666, 0o755]) {
      const warnings = warningsAt(mode)
      expect(warnings).toEqual([
        `\`${option}\` in tolk.json5 names a file that other users of this machine may read (its mode is ${mode.toString(8)}); make it 600.`,
      ])
      expect(warnings.join('')).not.toMatch(/canary|\/run/)
    }
  })

  test('of a certificate is its key; authority and certificate are for everybody', () => {
    const { ca, client } = certificates
    const file = https('{ ca: "/run/ca", cert: "/run/cert", key: "/run/key" }')
    const files = { '/run/ca': ca, '/run/cert': client.cert, '/run/key': client.key }
    const modes = { '/run/ca': 0o644, '/run/cert': 0o644, '/run/key': 0o644 }
    expect(load({ file, files, modes }).warnings).toEqual([
      expect.stringMatching(/^`upstreams\.a\.tls\.key` .* may read/),
    ])
  })

  test('that is a hash may be read by anybody', () => {
    const files = { '/run/secret': `a=sha256:${hashKey('x')}\n` }
    const file = '{ auth: { keysFile: "/run/secret" } }'
    expect(load({ file, files, modes: { '/run/secret': 0o644 } }).warnings).toEqual([])
  })

  test('comes from the environment as well, and from a file that a variable names', () => {
    const files = { '/run/secret': 'canary\n' }
    const one = load({ env: { TOLK_UPSTREAM_API_KEY: 'canary', TOLK_API_KEYS: 'a=canary' } }).config
    const env = { TOLK_UPSTREAM_API_KEY_FILE: '/run/secret', TOLK_API_KEYS_FILE: '/run/secret' }
    const other = load({ files, env }).config
    expect(other.upstream.headers.reveal()).toEqual(one.upstream.headers.reveal())
    expect(other.auth.keys.map(({ sha256 }) => sha256)).toEqual([hashKey('canary')])
  })

  test('is inherited by no program: tolk starts none but itself, as its own workers', () => {
    const starting = sourceFiles().filter((file) =>
      importsOf(file).some((name) =>
        /^(?:node:)?(?:child_process|worker_threads|cluster)$/.test(name),
      ),
    )
    expect(starting.map(({ path }) => path)).toEqual(['workers/cluster.ts'])
  })
})

test('an option beside the keys is no other word for them', () => {
  const file = '{ auth: { keys: [{ name: "a", key: "k" }] } }'
  const env = { TOLK_AUTH_REVOKED_STREAMS: 'cut', TOLK_AUTH_WRONG_KEYS_PER_MINUTE: '7' }
  expect(load({ file, env }).config.auth).toMatchObject({
    keys: [{ name: 'a' }],
    revokedStreams: 'cut',
    wrongKeysPerMinute: 7,
  })
})

test('S-10 a key that begins with its own name is told of, for names are logged', () => {
  expect(load({ env: { TOLK_API_KEYS: 'laptop-7f3a=laptop-7f3a-secret' } }).warnings).toEqual([
    expect.stringContaining('begins with its own name'),
  ])
  expect(load({ env: { TOLK_API_KEYS: 'laptop=laptop-secret' } }).warnings).toEqual([])
})
