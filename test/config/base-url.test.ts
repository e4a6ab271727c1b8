import { describe, expect, test } from 'vitest'
import { readBaseUrl } from '../../src/config/base-url.ts'

describe('keeps origin and prefix, and nothing that is ours to add', () => {
  test.each([
    ['http://box:11434', 'http://box:11434'],
    ['http://box:11434/', 'http://box:11434'],
    ['http://box:11434/v1', 'http://box:11434'],
    ['http://box:11434/v1/', 'http://box:11434'],
    ['http://box:11434/api', 'http://box:11434'],
    ['http://box:11434/api/', 'http://box:11434'],
    ['http://box:11434/v1/chat/completions', 'http://box:11434'],
    ['http://box:11434/api/chat', 'http://box:11434'],
    ['https://box/ollama/api/tags/', 'https://box/ollama'],
    ['https://box/chat', 'https://box/chat'],
    ['https://box/ollama', 'https://box/ollama'],
    ['https://box/ollama/v1', 'https://box/ollama'],
    ['https://box//a//b/', 'https://box/a/b'],
    ['https://box/v1beta', 'https://box/v1beta'],
    ['https://box/api-gateway', 'https://box/api-gateway'],
    ['https://BOX:443', 'https://box'],
    ['http://[::1]:11434', 'http://[::1]:11434'],
    ['http://[::]:11434', 'http://[::1]:11434'],
    ['http://0.0.0.0:11434', 'http://127.0.0.1:11434'],
    ['box', 'http://box:11434'],
    ['box:1234/v1', 'http://box:1234'],
    ['::1', 'http://[::1]:11434'],
    [':1234', 'http://127.0.0.1:1234'],
    [' http://box ', 'http://box'],
  ])('%s: %s', (text, url) => {
    expect(readBaseUrl(text)).toEqual({ url, user: null })
  })
})

describe('takes the credential out of the address', () => {
  test.each([
    ['http://u:p@box', { username: 'u', password: 'p' }],
    ['http://us%40er:p%3A%2Fw@box', { username: 'us@er', password: 'p:/w' }],
    ['http://token@box', { username: 'token', password: '' }],
    ['http://u:%zz@box', { username: 'u', password: '%zz' }],
  ])('%s', (text, user) => {
    expect(readBaseUrl(text)).toEqual({ url: 'http://box', user })
  })
})

describe('refuses what is no such address, without repeating it', () => {
  test.each([
    ['ftp://canary', 'must begin with http:// or https://'],
    ['file:///canary', 'must begin with http:// or https://'],
    ['http://', 'is not an address'],
    ['http://can ary', 'is not an address'],
    ['http://box:port', 'is not an address'],
    ['http://box:99999', 'is not an address'],
    ['box:port', 'is not an address'],
    ['box:99999/v1', 'is not an address'],
    ['box:0', 'is not an address'],
    ['[::1]:66000', 'is not an address'],
    ['http://box/?key=canary', 'must not have a ? or # in it'],
    ['http://box/#canary', 'must not have a ? or # in it'],
    ['http://user:12/canary@box', 'must not have an @ behind its host'],
    ['user:12/canary@box', 'must not have an @ behind its host'],
    ['http://user/canary:x@box:11434', 'must not have an @ behind its host'],
    ['http://box/..%2Fcanary', 'must not have an escaped slash'],
    ['http://box/canary%0d%0aHost:x', 'must not have an escaped slash'],
  ])('%s', (text, problem) => {
    const read = readBaseUrl(text)
    expect(read).toContain(problem)
    expect(read).not.toContain('canary')
  })
})
