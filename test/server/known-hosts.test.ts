/** Which Host headers name this machine, in whatever way they are written. */
import { describe, expect, test } from 'vitest'
import { KnownHosts } from '../../src/server/known-hosts.ts'

const hosts = new KnownHosts(['127.0.0.1', 'Tolk.Example.', '[2001:DB8::5]', 'fd00::7', '10.0.0.9'])

describe('B-04 a Host is known', () => {
  test.each([
    'localhost',
    'localhost:11435',
    'LocalHost:80',
    'localhost.',
    'localhost.:11435',
    'localhost:',
    'app.localhost',
    'app.LOCALHOST.:1',
    '127.0.0.1',
    '127.0.0.1:11435',
    '127.8.9.10',
    '[::1]',
    '[::1]:11435',
    '[0:0:0:0:0:0:0:1]:11435',
    '[::FFFF:127.0.0.1]',
    'tolk.example',
    'TOLK.example:8080',
    'tolk.example.:8080',
    '[2001:db8:0::5]:443',
    '[fd00::7]',
    '10.0.0.9:1',
  ])('%s', (host) => {
    expect(hosts.know(host)).toBe(true)
    // The second time it is remembered.
    expect(hosts.know(host)).toBe(true)
  })
})

describe('B-03 a Host is a stranger', () => {
  test.each([
    '',
    'attacker.com',
    'attacker.com:11435',
    'localhost.attacker.com',
    'notlocalhost',
    'localhost-',
    '127.0.0.1.attacker.com',
    '127.0.0.1.nip.io',
    'tolk.example.attacker.com',
    'x.tolk.example',
    'example',
    '128.0.0.1',
    '0.0.0.0',
    '192.168.1.2',
    '[::]',
    '[::2]',
    '[::ffff:10.0.0.1]',
    'fd00::7',
    'localhost:80:80',
    'localhost:port',
    'localhost:999999',
    'user@localhost',
    'localhost/',
    'localhost?',
    'localhost#',
    'localhost, localhost',
    ' localhost',
    'localhost..',
    '.localhost.attacker.com',
    '%6cocalhost',
    'localh\u00F6st',
    '[localhost]',
    'localhost\u0000',
  ])('%j', (host) => {
    expect(hosts.know(host)).toBe(false)
    expect(hosts.know(host)).toBe(false)
  })
})

test('B-04 what is remembered of known ones has an end, and they are known all the same', () => {
  for (let port = 1; port <= 1000; port++) expect(hosts.know(`localhost:${port}`)).toBe(true)
  expect(hosts.know('attacker.com')).toBe(false)
})
