import { describe, expect, test } from 'vitest'
import { readOllamaHost } from '../../src/config/ollama-host.ts'

// The rows of Ollama's own test (envconfig/config_test.go, TestHost), as a client's target: where
// Ollama would listen on every address, we call this machine; port 0 cannot be called.
describe('reads OLLAMA_HOST as Ollama does', () => {
  test.each([
    ['', 'http://127.0.0.1:11434'],
    ['1.2.3.4', 'http://1.2.3.4:11434'],
    [':1234', 'http://127.0.0.1:1234'],
    ['1.2.3.4:1234', 'http://1.2.3.4:1234'],
    ['example.com', 'http://example.com:11434'],
    ['example.com:1234', 'http://example.com:1234'],
    [':0', 'http://127.0.0.1:11434'],
    [':66000', 'http://127.0.0.1:11434'],
    [':-1', 'http://127.0.0.1:11434'],
    ['box:abc', 'http://box:11434'],
    ['[::1]', 'http://[::1]:11434'],
    ['::1', 'http://[::1]:11434'],
    ['[::1]:1337', 'http://[::1]:1337'],
    ['fe80::7', 'http://[fe80::7]:11434'],
    [' 1.2.3.4 ', 'http://1.2.3.4:11434'],
    ['"1.2.3.4"', 'http://1.2.3.4:11434'],
    [' " 1.2.3.4 " ', 'http://1.2.3.4:11434'],
    ["'1.2.3.4'", 'http://1.2.3.4:11434'],
    ['http://1.2.3.4', 'http://1.2.3.4:80'],
    ['http://1.2.3.4:4321', 'http://1.2.3.4:4321'],
    ['https://1.2.3.4', 'https://1.2.3.4:443'],
    ['https://1.2.3.4:4321', 'https://1.2.3.4:4321'],
    ['https://1.2.3.4:66000', 'https://1.2.3.4:443'],
    ['https://example.com/ollama', 'https://example.com:443/ollama'],
    ['example.com/ollama', 'http://example.com:11434/ollama'],
    ['http://box:11434/', 'http://box:11434/'],
    ['ollama.com', 'https://ollama.com:443'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['http://0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['::', 'http://[::1]:11434'],
    ['[::]', 'http://[::1]:11434'],
    ['[::]:8080', 'http://[::1]:8080'],
    ['http://user:pass@box', 'http://user:pass@box:80'],
    ['ftp://box', 'ftp://box:11434'],
  ])('%j: %s', (value, url) => {
    expect(readOllamaHost(value)).toBe(url)
  })
})
