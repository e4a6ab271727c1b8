/** What an upstream says of itself is taken out of its errors, and what it says of the request is kept. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeError, decodeErrorLine } from '../../../src/dialects/ollama/error.ts'
import { cleaned } from '../../../src/dialects/ollama/private-text.ts'

describe('S-13 taken out are', () => {
  test.each<[what: string, text: string, rest: string]>([
    ['a path', 'open /usr/share/ollama/.ollama/models/x: no such file', 'open …: no such file'],
    ['one of a single step', 'no space left on /tmp', 'no space left on …'],
    ['one in a home', 'cannot read ~/.ollama/id_ed25519', 'cannot read …'],
    ['one in a variable', 'cannot read $HOME/.ollama/id', 'cannot read …'],
    ['a relative one', 'missing ./models/blobs and ../x', 'missing … and …'],
    ['one of Windows', 'open C:\\Users\\me\\.ollama\\x: denied', 'open …: denied'],
    ['one of Windows, escaped', 'open C:\\\\Users\\\\me\\\\x: denied', 'open …: denied'],
    ['a share', 'open \\\\server\\share\\x', 'open …'],
    ['one between quotes', 'exec: "/opt/llama-server": gone', 'exec: "…": gone'],
    [
      'an address',
      'dial tcp 10.1.2.3:11434: connect: connection refused',
      'dial tcp …: connect: connection refused',
    ],
    ['an address without a port', 'no route to 192.168.0.7', 'no route to …'],
    ['an address of IPv6', 'dial tcp [fe80::1%eth0]:11434: i/o timeout', 'dial tcp …: i/o timeout'],
    ['a URL', 'Post "http://u:p@gpu:11434/api?x=1": EOF', 'Post "… EOF'],
    ['a name and its port', 'gpu-box:11434 refused, gpu.example.com:80 too', '… refused, … too'],
    ['a name of the inside', 'no such host gpu-7.corp.internal', 'no such host …'],
    ['this machine', 'localhost does not answer', '… does not answer'],
    [
      'a name that was looked up',
      'lookup gpu on 10.0.0.1:53: no such host',
      'lookup … on …: no such host',
    ],
    [
      'a port',
      'listening on port 34567 failed, so did :8080',
      'listening on port … failed, so did …',
    ],
    ['a digest', 'blob sha256-0123456789abcdef is missing', 'blob … is missing'],
    ['a pointer', 'fault at 0xc000123456 addr', 'fault at … addr'],
    ['a struct of Go', 'bad &{Name:x Path:y Inner:{A:1 B:[1 2]}} here', 'bad … here'],
    ['a named one', 'bad server.Config{Host:x Port:1} here', 'bad … here'],
    ['one by place', 'bad &{x 1 true} here', 'bad … here'],
    ['a map of Go', 'bad map[a:1 b:map[c:2]] here', 'bad … here'],
    ['a pointer’s type', 'panic in (*llm.Server)(0xc000123456) now', 'panic in … now'],
    ['a stack of Go', 'panic: goroutine 12 [running]: main', 'panic: … main'],
    [
      'an object of Python',
      'cannot read <_io.BytesIO object at 0x7f1234567890>',
      'cannot read <_io.BytesIO object at …>',
    ],
    ['a key', 'invalid key Bearer abc-123-def', 'invalid key …'],
    ['one by its name', 'api_key=abcdef and password: "hunter2"', 'api_key … and password …'],
    ['one by its prefix', 'unknown sk-abcdef123456', 'unknown …'],
    ['somebody', 'ask admin@example.com for it', 'ask … for it'],
    ['all but the first line', 'no\nat /usr/lib\n10.0.0.1', 'no'],
    ['whatever kind of line', 'no\rat somebody’s', 'no'],
    ['the registry', 'registry.ollama.ai/library/m:latest is gone', 'm:latest is gone'],
  ])('%s', (_, text, rest) => {
    expect(cleaned(text)).toBe(rest)
    for (const failure of [
      decodeError({ status: 400, body: JSON.stringify({ error: text }) }, 'm'),
      decodeError({ status: 500, body: JSON.stringify({ error: { message: text } }) }, 'm'),
      decodeErrorLine({ error: text }),
    ]) {
      expect(failure).toMatchObject({ kind: 'upstream-rejected', message: rest })
    }
  })

  const address = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }))
  const step = fc.stringMatching(/^[a-z0-9_.-]{2,12}$/).filter((text) => /[a-z]/.test(text))

  test('addresses and paths, whatever stands around them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.lorem({ maxCount: 2 }), { maxLength: 6 }),
        address,
        fc.array(step, { minLength: 2, maxLength: 6 }),
        fc.constantFrom(' ', ': ', ' "', '=', ' ('),
        (words, [ip, port], steps, before) => {
          const path = `/${steps.join('/')}`
          const text = `${words.join(' ')}${before}${ip}:${port} ${words.join(' ')}${before}${path}`
          const rest = cleaned(text)
          expect(rest).not.toContain(ip)
          expect(rest).not.toContain(path)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('nothing in more time than its length takes', () => {
    for (const odd of [
      'a',
      '/',
      '.',
      ':',
      '[',
      '{',
      '&',
      'map[',
      '(*',
      '0:',
      '-',
      'a.',
      '\\',
      ' sk-',
      '~',
    ]) {
      expect(cleaned(odd.repeat(100_000)).length).toBeLessThanOrEqual(300)
    }
  })
})

describe('kept is what helps the one who asked', () => {
  test.each([
    'the model is busy, try again later',
    "Value looks like object, but can't find closing '}' symbol",
    'unexpected EOF',
    'this model only supports one image while more than one image requested',
    'llama-server response stream event exceeded 8 MB limit',
    'you have reached your weekly usage limit',
    'stop after 16/32 tokens (50%): done',
    'and/or',
    'model "gpt-oss:20b" is not for chatting',
    'time: invalid duration "5 x"',
  ])('%s', (text) => {
    expect(cleaned(text)).toBe(text)
  })
})

test('S-13 what only the caller knows to be secret is taken out before anything is cut', () => {
  const error = `${'x'.repeat(290)} hunter two, no`
  for (const failure of [
    decodeError({ status: 400, body: JSON.stringify({ error }) }, 'm', hide),
    decodeErrorLine({ error }, hide),
  ]) {
    expect(JSON.stringify(failure)).not.toContain('hunter')
  }
})

function hide(text: string): string {
  return text.replaceAll('hunter two', '…')
}
