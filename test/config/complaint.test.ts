import { describe, expect, test } from 'vitest'
import { problemsOf } from './world.ts'

describe('an unknown key is answered with the one that was meant', () => {
  test.each([
    ['{ servr: {} }', '`servr`', '`server`'],
    ['{ Server: {} }', '`Server`', '`server`'],
    ['{ upstream: {} }', '`upstream`', '`upstreams`'],
    ['{ server: { prot: 1 } }', '`server.prot`', '`server.port`'],
    ['{ catalog: { refresh: 1 } }', '`catalog.refresh`', '`catalog.refreshMs`'],
    [
      '{ upstreams: { lan: { baseURL: "x" } } }',
      '`upstreams.lan.baseURL`',
      '`upstreams.lan.baseUrl`',
    ],
    [
      '{ upstreams: { lan: { auth: { basic: { username: "u", pasword: "p" } } } } }',
      '`upstreams.lan.auth.basic.pasword`',
      '`upstreams.lan.auth.basic.password`',
    ],
    [
      '{ upstreams: { lan: { models: [{ id: "m", params: { numCtxs: 1 } }] } } }',
      '`upstreams.lan.models[0].params.numCtxs`',
      '`upstreams.lan.models[0].params.numCtx`',
    ],
    [
      '{ models: { params: { "gpt-oss:*": { keepalive: 1 } } } }',
      '`models.params["gpt-oss:*"].keepalive`',
      '`models.params["gpt-oss:*"].keepAlive`',
    ],
    [
      `{ auth: { keys: [{ name: "a", sha256: "${'a'.repeat(64)}", model: ["x"] }] } }`,
      '`auth.keys[0].model`',
      '`auth.keys[0].models`',
    ],
    ['{ port: 1 }', '`port`', '`server.port`'],
    ['{ apiKey: "k" }', '`apiKey`', '`upstreams.<name>.apiKey`'],
  ])('%s', (file, key, meant) => {
    expect(problemsOf({ file })).toEqual([
      `unknown key ${key} in tolk.json5: did you mean ${meant}?`,
    ])
  })

  test('or, when nothing is near, with all there are', () => {
    expect(problemsOf({ file: '{ shutdown: { zzzzzzzz: 1 } }' })).toEqual([
      'unknown key `shutdown.zzzzzzzz` in tolk.json5: what may stand here is drainMs, preDelayMs.',
    ])
  })

  test('each of several is named', () => {
    expect(problemsOf({ file: '{ lgo: {}, limit: {} }' })).toHaveLength(2)
  })
})

describe('a wrong value is answered with what was expected', () => {
  const inFile = 'in tolk.json5'

  test.each([
    [
      '{ server: { port: "x" } }',
      '`server.port`',
      'must be a whole number from 0 to 65535, such as 11435; it is other text.',
    ],
    [
      '{ server: { port: 1.5 } }',
      '`server.port`',
      'must be a whole number from 0 to 65535, such as 11435; it is 1.5.',
    ],
    [
      '{ server: { port: null } }',
      '`server.port`',
      'must be a whole number from 0 to 65535, such as 11435; it is null.',
    ],
    [
      '{ server: { host: "" } }',
      '`server.host`',
      'must be text that is not empty, such as "127.0.0.1"; it is empty.',
    ],
    [
      '{ server: { allowAnonymous: "yes" } }',
      '`server.allowAnonymous`',
      'must be true or false; it is other text.',
    ],
    [
      '{ catalog: { refreshMs: 0 } }',
      '`catalog.refreshMs`',
      'must be a whole number from 1 to 2147483647, such as 60000; it is 0.',
    ],
    [
      '{ catalog: { list: "al" } }',
      '`catalog.list`',
      'must be "tools", "chat" or "all"; it is other text.',
    ],
    ['{ log: [] }', '`log`', 'must be an object with keys such as level, maxAlike; it is a list.'],
    [
      '{ auth: { keys: {} } }',
      '`auth.keys`',
      'must be a list, each entry an object with keys such as name, sha256, key; it is an object.',
    ],
    ['{ auth: { keys: [{ key: "k" }] } }', '`auth.keys[0].name`', 'is missing: it must be text.'],
    [
      '{ models: { aliases: { a: 5 } } }',
      '`models.aliases.a`',
      'must be text that is not empty; it is 5.',
    ],
    [
      '{ models: { params: { a: { numCtx: 2 } } } }',
      '`models.params.a.numCtx`',
      'must be a whole number of at least 4; it is 2.',
    ],
    [
      '{ models: { params: { a: { keepAlive: "soon" } } } }',
      '`models.params.a.keepAlive`',
      'must be a number of seconds, or a duration such as "30m"; -1 keeps the model loaded.',
    ],
    [
      '{ models: { params: { a: { keepAlive: true } } } }',
      '`models.params.a.keepAlive`',
      'must be a number of seconds, or a duration such as "30m"; -1 keeps the model loaded.',
    ],
    [
      '{ upstreams: { "a b": {} } }',
      '`upstreams["a b"]`',
      'is no name to use here; write letters, digits and . _ - only.',
    ],
    [
      '{ upstreams: { a: { baseUrl: "ftp://x" } } }',
      '`upstreams.a.baseUrl`',
      'must begin with http:// or https://; write it as http://host:11434 or https://host/prefix.',
    ],
    [
      '{ upstreams: { a: { maxLineBytes: 10 } } }',
      '`upstreams.a.maxLineBytes`',
      'must be a whole number from 1024 to 268435456, such as 16777216; it is 10.',
    ],
    [
      '{ upstreams: { a: { models: [{ id: "m", cost: { input: -1 } }] } } }',
      '`upstreams.a.models[0].cost.input`',
      'must be a number of at least 0, such as 0; it is -1.',
    ],
    [
      '{ auth: { keys: [{ name: "a", sha256: "abc" }] } }',
      '`auth.keys[0].sha256`',
      'must be 64 hexadecimal digits, as `tolk key` prints them.',
    ],
  ])('%s', (file, option, complaint) => {
    expect(problemsOf({ file })).toEqual([`${option} ${inFile} ${complaint}`])
  })

  test.each([['30m'], ['1h30m'], ['1.5s'], ['-1m'], ['0'], [-1], [0], [300]])(
    'and keepAlive %j is right',
    (keepAlive) => {
      const file = JSON.stringify({ models: { params: { '*': { keepAlive } } }, bad: 1 })
      expect(problemsOf({ file })).toHaveLength(1)
    },
  )
})

describe('a complaint names what the reader wrote', () => {
  test.each([
    [{ flags: { port: 'x' } }, '`--port`'],
    [{ env: { TOLK_PORT: 'x' } }, '`TOLK_PORT`'],
    [{ file: '{ server: { port: "x" } }' }, '`server.port` in tolk.json5'],
    [{ env: { TOLK_UPSTREAM_MODELS: '[{}]' } }, '`[0].id` in TOLK_UPSTREAM_MODELS'],
    [{ env: { TOLK_UPSTREAM_MODELS: 'gpt-oss' } }, '`TOLK_UPSTREAM_MODELS`'],
    [{ env: { TOLK_UPSTREAM_URL: 'ftp://x' } }, '`TOLK_UPSTREAM_URL`'],
    [{ env: { OLLAMA_HOST: 'ftp://x' } }, '`OLLAMA_HOST`'],
  ])('%j', (world, place) => {
    const [problem = ''] = problemsOf(world)
    expect(problem.startsWith(place)).toBe(true)
  })
})
