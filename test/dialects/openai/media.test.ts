import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeAudio, decodeImage } from '../../../src/dialects/openai/media.ts'
import { Failed } from '../../../src/failure.ts'

const kindOf = (url: string): string => {
  try {
    decodeImage(url, 'p')
  } catch (error) {
    if (error instanceof Failed) return error.failure.kind
  }
  return 'accepted'
}

describe('a picture', () => {
  test.each([
    ['a plain data URL', 'data:image/png;base64,+/8=', '+/8='],
    ['another type', 'data:image/gif;base64,+/8=', '+/8='],
    ['no type', 'data:;base64,+/8=', '+/8='],
    ['upper case', 'DATA:IMAGE/PNG;BASE64,+/8=', '+/8='],
    ['parameters and spaces', ' data:image/png; charset=utf-8; base64,+/8=\n', '+/8='],
    ['missing padding', 'data:image/png;base64,+/8', '+/8='],
    ['more padding missing', 'data:image/png;base64,QQ', 'QQ=='],
    ['the url-safe alphabet', 'data:image/png;base64,-_8', '+/8='],
    ['line ends within', 'data:image/png;base64,+\r\n/\n8 =\n', '+/8='],
    ['percent-encoding', 'data:image/png;base64,%2B/8%3D', '+/8='],
  ])('comes as %s', (_what, url, base64) => {
    expect(decodeImage(url, 'p')).toEqual({ kind: 'image', base64 })
  })

  test.each([
    'http://example.com/a.png',
    'HTTPS://example.com/a.png',
    ' http://127.0.0.1:11434/api/tags',
    'https:\\\\example.com\\a.png',
    'http://[::1]/a.png',
  ])('is not fetched from %s', (url) => {
    expect(kindOf(url)).toBe('unsupported-parameter')
  })

  test.each([
    '',
    'cat.png',
    'iVBORw0KGgo=',
    'file:///etc/passwd',
    'ftp://example.com/a.png',
    'blob:https://example.com/1',
    'unix:/run/docker.sock',
    'gopher://127.0.0.1:70/',
    'data:image/png;base64',
    'data:image/png;base64,',
    'data:image/png;base64,====',
    'data:image/png;base64,A',
    'data:image/png;base64,AAAAA',
    'data:image/png;base64,AA=A',
    'data:image/png;base64,AAAA===',
    'data:image/png;base64,%',
    'data:image/png;base64,%FF',
    'data:image/png;base64,AAAA💥',
    'data:image/svg+xml,<svg/>',
    'data:image/png,%89PNG',
    'data:text/html;base64,PGI+',
    'data:audio/wav;base64,UklGRg==',
    'data:,x',
  ])('is not made of %s', (url) => {
    expect(kindOf(url)).toBe('invalid-request')
  })

  test('of any bytes and any spelling arrives as those bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.constantFrom<BufferEncoding>('base64', 'base64url'),
        fc.constantFrom('', '\n', '\r\n', ' '),
        (bytes, spelling, gap) => {
          const digits = Buffer.from(bytes).toString(spelling)
          const spaced = digits.replace(/.{7}/g, `$&${gap}`)
          const { base64 } = decodeImage(`data:image/png;base64,${spaced}`, 'p')
          expect(base64).toBe(Buffer.from(bytes).toString('base64'))
        },
      ),
    )
  })

  // The deadline is the check: a step that is not linear would take minutes.
  test('of eight million digits is read in linear time', { timeout: 15_000 }, () => {
    const digits = 'A'.repeat(8_000_000)
    expect(decodeImage(`data:image/png;base64,${digits}`, 'p').base64).toHaveLength(8_000_000)
    expect(kindOf(`data:image/png;base64,${digits}!`)).toBe('invalid-request')
    expect(kindOf(digits)).toBe('invalid-request')
  })

  test('is never told back in an error', () => {
    expect(() => decodeImage('https://secret.example/a', 'p')).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      }),
    )
  })
})

test('a sound is base64 of its own, without a URL around it', () => {
  expect(decodeAudio('UklGRg', 'p')).toEqual({ kind: 'audio', base64: 'UklGRg==' })
  expect(() => decodeAudio('data:audio/wav;base64,UklGRg==', 'p')).toThrow(Failed)
})
