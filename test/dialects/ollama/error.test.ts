import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeError, decodeErrorLine } from '../../../src/dialects/ollama/error.ts'
import type { Failure } from '../../../src/failure.ts'
import { chatRecordings, recording, recordingsUnder } from '../../support/recordings.ts'

const recorded = (name: string): Failure => {
  const { response, bytes } = recording(name)
  return decodeError({ status: response.status, body: bytes.toString('utf8') }, 'asked')
}

/** An error as Ollama words it: its status, and the text in `{"error":"…"}`. */
const said = (status: number, error: string): Failure =>
  decodeError({ status, body: JSON.stringify({ error }) }, 'asked')

/** What a failure says; those kinds that have no message of their own say nothing. */
const messageOf = (failure: Failure): string => ('message' in failure ? failure.message : '')

const OVERFLOW = {
  kind: 'context-exceeded',
  promptTokens: 601,
  window: 64,
  message:
    'The prompt has 601 tokens, but the model is served with a context window of 64. ' +
    'Shorten the messages, or have the window enlarged (numCtx).',
}

describe('every recorded error', () => {
  const FAILURES: Readonly<Record<string, object>> = {
    'errors/bad-arguments': {
      kind: 'upstream-rejected',
      status: 400,
      message: "Value looks like object, but can't find closing '}' symbol",
    },
    'errors/bad-format': { kind: 'invalid-request', param: 'response_format' },
    'errors/bad-image': { kind: 'invalid-request', param: 'messages' },
    'errors/bad-json': { kind: 'upstream-rejected', status: 400, message: 'unexpected EOF' },
    'errors/bad-name': { kind: 'invalid-request', param: 'model' },
    'errors/bad-option': {
      kind: 'invalid-request',
      param: 'options.temperature',
      message: "Option 'temperature' must be of type float32.",
    },
    'errors/bad-stop': { kind: 'invalid-request', param: 'options.stop' },
    'errors/bad-think': { kind: 'invalid-request', param: 'reasoning_effort' },
    'errors/bad-top-logprobs': { kind: 'invalid-request', param: 'top_logprobs' },
    'errors/crash': {
      kind: 'model-failed',
      status: 500,
      code: 'model_load_failed',
      message: expect.stringContaining('error loading model: stand-in refuses.'),
    },
    'errors/empty-body': {
      kind: 'upstream-rejected',
      status: 400,
      message: 'missing request body',
    },
    'errors/host-header': {
      kind: 'upstream-auth',
      message: expect.stringMatching(/Host or Origin.*OLLAMA_HOST=0\.0\.0\.0/),
    },
    'errors/model-missing': { kind: 'model-not-found', model: 'asked' },
    'errors/no-model': { kind: 'upstream-rejected', status: 400, message: 'model is required' },
    'errors/no-thinking': {
      kind: 'invalid-request',
      param: 'reasoning_effort',
      message: "The model 'asked' cannot think: leave 'reasoning_effort' out.",
    },
    'errors/no-tools': { kind: 'unsupported-by-model', ability: 'tools', param: 'tools' },
    'errors/not-chat': { kind: 'unsupported-by-model', ability: 'chat', param: 'model' },
    'errors/oom': { kind: 'model-failed', status: 500, code: 'model_out_of_memory' },
    'errors/origin': { kind: 'upstream-auth' },
    'errors/overflow-native': OVERFLOW,
    'errors/overflow-rendered': OVERFLOW,
    'errors/unknown-path': {
      kind: 'upstream-malformed',
      message: expect.stringContaining('Is its base URL that of an Ollama?'),
    },
    'chat/generic-think/bad-status': { kind: 'unsupported-by-model', ability: 'images' },
    'chat/gptoss-like/call-broken-json': { kind: 'model-failed', code: 'tool_parse_error' },
    'chat/native/bad-status': { kind: 'unsupported-by-model', ability: 'images' },
    'chat/qwen-think/call-broken-json': { kind: 'model-failed', code: 'tool_parse_error' },
    'chat/qwen-tools/call-broken-json': { kind: 'model-failed', code: 'tool_parse_error' },
  }

  test.for(Object.entries(FAILURES))('%s', ([name, failure]) => {
    expect(recorded(name)).toMatchObject(failure)
  })

  test('has its row here', () => {
    const names = [...recordingsUnder('errors'), ...chatRecordings()]
      .filter(({ response }) => response.status !== 200)
      .map(({ name }) => name)
    expect(Object.keys(FAILURES).toSorted()).toEqual(names.toSorted())
  })
})

// Each text as `ollama-contract.md` § 2.2 has it from the source.
describe('every row of the contract', () => {
  test.for<{ status: number; error: string; failure: object }>([
    {
      status: 400,
      error: 'use either :local or :cloud, not both: "m:local:cloud"',
      failure: { kind: 'upstream-rejected', status: 400 },
    },
    {
      status: 404,
      error: 'model "nope" not found, try pulling it first',
      failure: { kind: 'model-not-found', model: 'asked', suggestions: [] },
    },
    { status: 404, error: "model '' not found", failure: { kind: 'model-not-found' } },
    {
      status: 400,
      error: 'think must be a boolean or string ("high", "medium", "low", "max", true, or false)',
      failure: { kind: 'invalid-request', param: 'reasoning_effort' },
    },
    {
      status: 400,
      error: 'registry.ollama.ai/library/m:latest does not support vision\ntools',
      failure: { kind: 'unsupported-by-model', ability: 'images', param: 'messages' },
    },
    {
      status: 400,
      error: '"m" does not support generate',
      failure: { kind: 'unsupported-by-model', ability: 'chat', param: 'model' },
    },
    {
      status: 400,
      error: 'registry.ollama.ai/library/m:latest does not support insert',
      failure: { kind: 'unsupported-by-model', ability: 'suffix', param: 'suffix' },
    },
    {
      status: 500,
      error:
        'audio input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
      failure: { kind: 'unsupported-by-model', ability: 'audio' },
    },
    {
      status: 400,
      error: 'image generation models are not currently supported',
      failure: { kind: 'upstream-rejected', status: 400 },
    },
    {
      status: 500,
      error: 'option "num_ctx" must be of type integer',
      failure: { kind: 'invalid-request', param: 'options.num_ctx' },
    },
    {
      status: 500,
      error: 'template: :1:2: executing "" at <.Messages>: nil pointer evaluating',
      failure: { kind: 'upstream-rejected', status: 500 },
    },
    {
      status: 400,
      error:
        'the prompt is longer than the context length currently available for this model; shorten the prompt',
      failure: {
        kind: 'context-exceeded',
        message: expect.stringMatching(/^The prompt is longer than the context window/),
      },
    },
    {
      status: 503,
      error: 'server busy, please try again.  maximum pending requests exceeded',
      failure: { kind: 'overloaded' },
    },
    {
      status: 500,
      error: 'timed out waiting for llama-server to start - progress 0.00 - ',
      failure: { kind: 'model-failed', code: 'model_load_failed' },
    },
    {
      status: 500,
      error:
        'error starting llama-server: exec: "llama-server": executable file not found in $PATH',
      failure: { kind: 'model-failed', code: 'model_load_failed' },
    },
    {
      status: 500,
      error:
        'unable to load model: /root/.ollama/models/blobs/sha256-abc: this model may be incompatible with your version of Ollama. If you previously pulled this model, try updating it',
      failure: { kind: 'model-failed', code: 'model_load_failed' },
    },
    {
      status: 500,
      error: 'llama-server process has terminated: exit status 1',
      failure: {
        kind: 'model-failed',
        code: 'model_load_failed',
        message: expect.stringContaining('its runner ended at once'),
      },
    },
    {
      status: 500,
      error: 'llama-server reported out-of-memory during startup: cudaMalloc failed',
      failure: { kind: 'model-failed', code: 'model_out_of_memory' },
    },
    {
      status: 500,
      error: 'model requires 48.2 GiB but only 15.6 GiB are available (after 2.1 GiB overhead)',
      failure: { kind: 'model-failed', code: 'model_out_of_memory' },
    },
    {
      status: 500,
      error:
        'model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, check ollama server logs for details',
      failure: { kind: 'model-failed', code: 'model_crashed' },
    },
    {
      status: 500,
      error: 'error reading llama-server response: unexpected EOF',
      failure: { kind: 'model-failed', code: 'model_crashed' },
    },
    {
      status: 500,
      error: 'llama-server response stream event exceeded 8 MB limit',
      failure: { kind: 'upstream-rejected', status: 500 },
    },
    {
      status: 500,
      error: 'incomplete GLM tool call: <tool_call>get_weather',
      failure: { kind: 'model-failed', code: 'tool_parse_error' },
    },
    {
      status: 403,
      error: 'ollama cloud is disabled: remote model is unavailable',
      failure: {
        kind: 'upstream-rejected',
        status: 403,
        code: 'permission_denied',
        message: 'ollama cloud is disabled: remote model is unavailable',
      },
    },
    {
      status: 502,
      error: 'Post "https://ollama.com:443/api/chat": dial tcp: lookup ollama.com: no such host',
      failure: { kind: 'upstream-rejected', status: 502 },
    },
    {
      status: 400,
      error: 'this server cannot run this remote model',
      failure: { kind: 'upstream-rejected', status: 400 },
    },
    {
      status: 402,
      error: 'you have reached your weekly usage limit',
      failure: { kind: 'upstream-rejected', status: 402 },
    },
    {
      status: 499,
      error: 'request canceled',
      failure: { kind: 'upstream-rejected', status: 499 },
    },
    {
      status: 400,
      error: '',
      failure: { message: 'The upstream refused the request and did not say why.' },
    },
  ])('$status $error', ({ status, error, failure }) => {
    expect(said(status, error)).toMatchObject(failure)
  })
})

describe("the runner's error inside the string", () => {
  const inner = {
    code: 400,
    message:
      'request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it',
    type: 'exceed_context_size_error',
    n_prompt_tokens: 9000,
    n_ctx: 4096,
  }
  const exceeded = { kind: 'context-exceeded', promptTokens: 9000, window: 4096 }

  test.for<readonly [string, string, object]>([
    ['as JSON', JSON.stringify({ error: inner }), exceeded],
    ['as JSON without the envelope', JSON.stringify(inner), exceeded],
    [
      'as JSON with a hint on a line of its own',
      `${JSON.stringify({ error: inner })}\nhint: out of memory`,
      exceeded,
    ],
    [
      'as JSON that lacks the counts',
      JSON.stringify({ error: { ...inner, n_prompt_tokens: undefined, n_ctx: undefined } }),
      { kind: 'context-exceeded', message: expect.stringMatching(/^The prompt is longer/) },
    ],
    [
      'as JSON of another type',
      '{"error":{"code":500,"message":"Failed to parse input at pos 3","type":"server_error"}}',
      { kind: 'upstream-rejected', message: 'Failed to parse input at pos 3' },
    ],
    [
      "as Go's map",
      'llama-server chat error: map[code:500 message:the model is on fire type:server_error]',
      { kind: 'upstream-rejected', message: 'the model is on fire' },
    ],
    [
      "as Go's map, of a prompt that is too long",
      `llama-server chat error: map[code:400 message:${inner.message} n_ctx:4096 n_prompt_tokens:9000 type:exceed_context_size_error]`,
      { kind: 'context-exceeded' },
    ],
    ['as half a JSON', '{"error":{"message":"half', { kind: 'upstream-rejected' }],
  ])('is opened: %s', ([, error, failure]) => {
    expect(said(400, error)).toMatchObject(failure)
    expect(decodeErrorLine({ error })).toMatchObject(failure)
  })

  test('is read where it is no string at all', () => {
    const failure = { kind: 'upstream-rejected', message: 'no' }
    expect(decodeErrorLine({ error: { message: 'no', type: 'x' } })).toMatchObject(failure)
    expect(decodeError({ status: 400, body: '{"error":{"message":"no"}}' }, '')).toMatchObject(
      failure,
    )
    expect(decodeErrorLine({ error: ['?'] })).toMatchObject({ kind: 'upstream-rejected' })
    expect(decodeErrorLine({ error: true })).toMatchObject({ kind: 'upstream-rejected' })
  })
})

describe('a line', () => {
  test.for([[null], ['error'], [[]], [{}], [{ error: null }], [{ message: { content: '' } }]])(
    'that is no error is none: %j',
    ([line]) => {
      expect(decodeErrorLine(line)).toBeNull()
    },
  )

  test('that gives no status is a bad gateway', () => {
    expect(decodeErrorLine({ error: 'no' })).toMatchObject({ status: 502 })
  })

  test.for([
    [402, { kind: 'upstream-rejected', status: 402 }],
    // Work was done: nobody may be told to have it done again.
    [429, { kind: 'upstream-rejected', status: 429 }],
    [503, { kind: 'upstream-rejected', status: 503 }],
    [401, { kind: 'upstream-auth' }],
    [403, { kind: 'upstream-rejected', status: 403 }],
    [200, { kind: 'upstream-rejected', status: 502 }],
    [0, { kind: 'upstream-rejected', status: 502 }],
    ['429', { kind: 'upstream-rejected', status: 502 }],
  ] as const)('of the remote-stub route says its own: StatusCode %j', ([StatusCode, failure]) => {
    expect(decodeErrorLine({ StatusCode, Status: 'x', error: 'no' })).toMatchObject(failure)
  })

  test('that names a model by its full name does not repeat that', () => {
    const error = "model 'registry.ollama.ai/library/qwen3:4b' not found"
    expect(decodeErrorLine({ error })).toMatchObject({ kind: 'model-not-found', model: 'qwen3:4b' })
  })

  test('speaks of the model without its name, which it does not know', () => {
    expect(decodeErrorLine({ error: '"m" does not support tools' })).toMatchObject({
      message: expect.stringMatching(/^This model cannot call tools\./),
    })
  })
})

describe('statuses', () => {
  test.for<{ what: string; status: number; body: string; failure: object }>([
    {
      what: 'a refused credential',
      status: 401,
      body: '{"error":"unauthorized"}',
      failure: { kind: 'upstream-auth', message: expect.stringContaining('apiKey') },
    },
    {
      what: 'a refused credential, as a page',
      status: 401,
      body: '<html>401 Authorization Required</html>',
      failure: { kind: 'upstream-auth', message: expect.stringContaining('apiKey') },
    },
    {
      what: 'an Ollama that is not signed in',
      status: 401,
      body: '{"error":"unauthorized","signin_url":"https://ollama.com/connect?name=box&key=abc"}',
      failure: { kind: 'upstream-auth', message: expect.stringContaining('ollama signin') },
    },
    {
      what: 'the remote-stub route',
      status: 429,
      body: '{"StatusCode":429,"Status":"429 Too Many Requests","error":"slow down"}',
      failure: { kind: 'overloaded' },
    },
    {
      what: 'an empty 403: Host or Origin',
      status: 403,
      body: '',
      failure: { kind: 'upstream-auth', message: expect.stringContaining('Host or Origin') },
    },
    {
      what: 'a redirect',
      status: 307,
      body: '<a href="http://10.0.0.1/api/chat/">Temporary Redirect</a>',
      failure: { kind: 'upstream-malformed', message: expect.stringContaining('redirect') },
    },
    {
      what: 'no route',
      status: 405,
      body: '405 method not allowed',
      failure: { kind: 'upstream-malformed' },
    },
    {
      what: 'a page from something in between',
      status: 502,
      body: '<html><h1>502 Bad Gateway</h1>nginx/1.25 http://10.0.0.1:11434</html>',
      failure: {
        kind: 'upstream-rejected',
        status: 502,
        message: 'The upstream answered with status 502 and no reason.',
      },
    },
    {
      what: 'a page that says it is busy',
      status: 503,
      body: '<html>503 Service Temporarily Unavailable</html>',
      failure: { kind: 'overloaded' },
    },
    {
      what: 'a page of a proxy that broke',
      status: 500,
      body: '<html>oops</html>',
      failure: { kind: 'upstream-rejected', status: 502 },
    },
    {
      what: 'a page of a proxy that takes less',
      status: 413,
      body: '<html>too large</html>',
      failure: { kind: 'upstream-rejected', status: 413, code: 'request_too_large' },
    },
    {
      what: "a panic's empty 500",
      status: 500,
      body: '',
      failure: { kind: 'upstream-rejected', status: 500 },
    },
    {
      what: 'no error status at all',
      status: 204,
      body: '',
      failure: { kind: 'upstream-malformed' },
    },
    {
      what: 'JSON that is no error',
      status: 404,
      body: '{"detail":"x"}',
      failure: { kind: 'upstream-malformed' },
    },
  ])('$status: $what', ({ status, body, failure }) => {
    expect(decodeError({ status, body }, 'asked')).toMatchObject(failure)
  })

  test.for([
    ['7', 7000],
    [' 7 ', 7000],
    ['0', 1000],
    ['1000000000', 60_000],
    ['99999999999999999999999', 60_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 1000],
    ['soon', 1000],
    ['-5', 1000],
    ['1.5', 1000],
    ['', 1000],
    [undefined, undefined],
  ] as const)('a Retry-After of %j becomes %j ms', ([retryAfter, retryAfterMs]) => {
    for (const status of [429, 503]) {
      for (const body of ['{"error":"busy"}', '<html>busy</html>']) {
        const failure = decodeError({ status, body, retryAfter }, 'asked')
        expect(failure).toMatchObject({ kind: 'overloaded' })
        expect('retryAfterMs' in failure ? failure.retryAfterMs : undefined).toBe(retryAfterMs)
      }
    }
  })
})

describe('no message holds', () => {
  const SECRETS = [
    'registry.ollama.ai/library/qwen3:4b',
    'registry.ollama.ai',
    '/root/.ollama/models/blobs/sha256-6a0746a1ec1a',
    '/models',
    'C:\\Users\\me\\.ollama\\models\\blobs',
    '~/.ollama/id_ed25519',
    'http://192.168.1.20:11434/api/chat',
    'https://user:secret@ollama.lan/v1',
    'unix:///var/run/ollama.sock',
    '127.0.0.1:39211',
    '10.1.2.3',
    'localhost:11434',
    'gpu-box.lan:11434',
    'gpubox:11434',
    '[::1]:39211',
    '[fe80::1%eth0]:11434',
    'fe80::1ff:fe23:4567:890a',
    '0x7ffd5e8a1c20',
  ]
  /** What gives it away: no part of it that says where may be left. */
  const TRACES =
    /registry|ollama\.ai|sha256|blobs|\.ollama|models\b|id_ed25519|Users|192\.168|127\.0|10\.1\.|39211|11434|secret|\.lan|ollama\.sock|var\/run|fe80|::1|0x7f|gpu/

  const TEXTS = [
    (secret: string) => secret,
    (secret: string) => `open ${secret}: no such file or directory`,
    (secret: string) => `Post "${secret}": dial tcp ${secret}: connect: connection refused`,
    (secret: string) => `dial tcp: lookup gpu-box.lan on ${secret}: no such host`,
    (secret: string) =>
      `llama-server process has terminated: exit status 1: ${secret}: cannot load`,
    (secret: string) => `error loading model: ${secret}`,
    (secret: string) => `model '${secret}' not found`,
    (secret: string) => `option "${secret}" must be ${secret}`,
    (secret: string) => `llama-server chat error: map[code:500 message:(${secret}) type:${secret}]`,
    (secret: string) => JSON.stringify({ error: { message: `at ${secret}`, type: secret } }),
    (secret: string) => `${'no '.repeat(90)}${secret}`,
    (secret: string) => `${'no '.repeat(330)}${secret} ${secret}`,
    (secret: string) => `first line\n${secret}`,
  ]

  test.for(SECRETS)('%s', (secret) => {
    for (const textOf of TEXTS) {
      for (const status of [400, 403, 404, 500]) {
        const failure = said(status, textOf(secret))
        expect(messageOf(failure)).not.toMatch(TRACES)
        expect(JSON.stringify(decodeErrorLine({ error: textOf(secret) }))).not.toMatch(TRACES)
      }
    }
  })

  test('any of them, in any text', () => {
    const word = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...SECRETS) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('open', 'failed:', 'of type', 'exit status 1:', '(', '"', '='),
      },
    )
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
        const text = words.join(' ')
        expect(messageOf(said(500, text))).not.toMatch(TRACES)
        expect(messageOf(said(500, `"${text}"`))).not.toMatch(TRACES)
      }),
      { numRuns: 500 },
    )
  })

  test('more than a sentence or two, however long the text', () => {
    const long = 'requires but only '.repeat(200_000)
    expect(messageOf(said(500, long)).length).toBeLessThan(500)
    expect(messageOf(said(500, 'map[code:1 message:'.repeat(200_000))).length).toBeLessThan(500)
    expect(messageOf(said(500, '/a'.repeat(2_000_000))).length).toBeLessThan(500)
    expect(messageOf(said(500, 'a.'.repeat(2_000_000))).length).toBeLessThan(500)
  })
})

describe('what a client may read stays', () => {
  test.for([
    'unexpected EOF',
    'request (601 tokens) exceeds the limit of 64',
    'use either :local or :cloud, not both: "m:local:cloud"',
    'this and/or that, 3 / 4 of the time',
    'model qwen2.5:32b-instruct-q4_K_M is not for chat',
    'team/namespaced:v1 is private',
  ])('%s', (text) => {
    expect(messageOf(said(400, text))).toBe(text)
  })
})
