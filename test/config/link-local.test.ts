import { describe, expect, test } from 'vitest'
import { isLinkLocal } from '../../src/config/link-local.ts'
import { load } from './world.ts'

test.each([
  ['169.254.169.254'],
  ['169.254.0.1'],
  ['[fe80::1]'],
  ['febf::1'],
  ['[fd00:ec2::254]'],
  ['[::ffff:a9fe:a9fe]'],
  ['[::ffff:6464:64c8]'],
  ['[64:ff9b::a9fe:a9fe]'],
  ['[::a9fe:1]'],
  ['100.100.100.200'],
  ['metadata.google.internal'],
  ['METADATA.google.internal.'],
  ['metadata'],
])('%s is', (host) => {
  expect(isLinkLocal(host)).toBe(true)
})

test.each([
  ['169.253.1.1'],
  ['16.92.54.1'],
  ['10.0.0.1'],
  ['127.0.0.1'],
  ['[::1]'],
  ['[fec0::1]'],
  ['[::ffff:7f00:1]'],
  ['[64:ff9b::808:808]'],
  ['169.254.example.com'],
  ['metadata.example.com'],
])('%s is not', (host) => {
  expect(isLinkLocal(host)).toBe(false)
})

describe('F-12 such an upstream is warned of, however it is written', () => {
  test.each([
    ['169.254.169.254'],
    ['http://2852039166'],
    ['http://0xa9.0xfe.0xa9.0xfe'],
    ['http://[::ffff:169.254.169.254]'],
    ['http://169.254.169.254./'],
    ['http://[64:ff9b::169.254.169.254]'],
    ['https://metadata.google.internal/ollama'],
  ])('%s', (url) => {
    const { warnings } = load({ env: { TOLK_UPSTREAM_URL: url } })
    expect(warnings).toEqual([
      '`TOLK_UPSTREAM_URL` is a link-local or metadata address, where clouds give out secrets; check that an Ollama is meant.',
    ])
  })

  test('and no other', () => {
    expect(load({ env: { TOLK_UPSTREAM_URL: 'http://192.168.1.7:11434' } }).warnings).toEqual([])
  })
})
