import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isKeyOf, pemFault, type PemOption } from '../../src/config/pem.ts'
import { certificates } from '../support/certificates.ts'

const { ca, client, server } = certificates
const locked = generateKeyPairSync('ed25519').privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'canary',
})

test.each<[option: PemOption, text: string]>([
  ['ca', ca],
  ['ca', `${ca}${ca}`],
  ['ca', `An authority of ours\n${ca}`],
  ['cert', client.cert],
  ['key', client.key],
])('a whole %s is well', (option, text) => {
  expect(pemFault(option, text)).toBeUndefined()
})

describe('S-02 what cannot be read is said without being quoted', () => {
  test.each<[option: PemOption, what: string, text: string, fault: string]>([
    ['ca', 'a part', `${ca.slice(0, 200)}canary`, 'no certificate'],
    ['ca', 'a key', client.key, 'no certificate'],
    [
      'cert',
      'nothing in it',
      '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
      'no certificate',
    ],
    ['key', 'a part', `${client.key.slice(0, 100)}canary`, 'no private key'],
    ['key', 'a certificate', client.cert, 'no private key'],
    ['key', 'a passphrase', String(locked), 'with a passphrase'],
  ])('a %s: %s', (option, _, text, fault) => {
    const said = pemFault(option, text)
    expect(said).toContain(fault)
    expect(said).not.toMatch(/canary|BEGIN|error:/)
  })
})

test('a key is that of its own certificate alone', () => {
  expect(isKeyOf(client.cert, client.key)).toBe(true)
  expect(isKeyOf(client.cert, server.key)).toBe(false)
})
