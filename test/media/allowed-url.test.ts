import { describe, expect, test } from 'vitest'
import { allowedUrl } from '../../src/media/allowed-url.ts'

const HOSTS = [
  'tls.example:443',
  'good.example',
  '*.pictures.example',
  'good.example:8443',
  'Upper.Example',
]

describe('a URL that is allowed', () => {
  test.each([
    ['https://good.example/a.png', 'https://good.example/a.png'],
    ['http://good.example/', 'http://good.example/'],
    ['https://good.example:443/a', 'https://good.example/a'],
    ['https://GOOD.example./a', 'https://good.example./a'],
    ['https://good.example:8443/a', 'https://good.example:8443/a'],
    ['https://tls.example/a', 'https://tls.example/a'],
    ['https://a.pictures.example/x', 'https://a.pictures.example/x'],
    ['https://a.b.pictures.example/x', 'https://a.b.pictures.example/x'],
    ['https://upper.example/', 'https://upper.example/'],
    [' https://good.example/\n', 'https://good.example/'],
  ])('%j', (text, href) => {
    expect(allowedUrl(text, HOSTS)?.href).toBe(href)
  })
})

describe('F-02, F-05, F-08 any other is not', () => {
  test.each([
    ['another host', 'https://evil.example/'],
    ['a host below one', 'https://a.good.example/'],
    ['a host that ends alike', 'https://notgood.example/'],
    ['a host that ends like those below one', 'https://evilpictures.example/'],
    ['what the star stands above', 'https://pictures.example/'],
    ['a user', 'http://good.example@evil.example/'],
    ['a user of the right host', 'http://evil@good.example/'],
    ['a password', 'http://a:b@good.example/'],
    ['a backslash', 'http://evil.example\\@good.example/'],
    ['a fragment', 'http://evil.example#@good.example/'],
    ['a tab in the name', 'http://evil.example\t.good.example/'],
    ['letters that look alike', 'https://gооd.example/'],
    ['another port', 'https://good.example:22/'],
    ['the port of an Ollama', 'http://good.example:11434/'],
    ['a port that the other scheme has', 'http://good.example:443/'],
    ['the other scheme', 'http://tls.example/'],
    ['a file', 'file:///good.example/etc/passwd'],
    ['ftp', 'ftp://good.example/'],
    ['no URL', 'good.example/a.png'],
    ['nothing', ''],
    ['an address', 'http://127.0.0.1/'],
  ])('%s', (_, text) => {
    expect(allowedUrl(text, HOSTS)).toBeNull()
  })

  test('nor is any where none are allowed', () => {
    expect(allowedUrl('https://good.example/', [])).toBeNull()
  })
})
