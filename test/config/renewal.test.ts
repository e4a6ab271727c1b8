/** A configuration that is loaded anew: what of it counts at once, and what is left for a restart. */
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { fingerprint } from '../../src/config/fingerprint.ts'
import { accessOf, renewed } from '../../src/config/renewal.ts'
import { load, type World } from './world.ts'

const configOf = (world: World): Config => load(world).config

const BEFORE = configOf({
  file: '{ upstreams: { lan: { baseUrl: "http://lan", apiKey: "old" } }, auth: { keys: [{ name: "a", key: "k-a" }] } }',
})

const after = (text: string): Config => configOf({ file: `{ ${text} }` })

const KEYS = 'auth: { keys: [{ name: "a", key: "k-a" }] }'
const LAN = 'upstreams: { lan: { baseUrl: "http://lan", apiKey: "old" } }'

test('S-07 the keys and the credential count, and nothing else has to wait', () => {
  const next = after(
    'upstreams: { lan: { baseUrl: "http://lan", apiKey: "new" } }, auth: { revokedStreams: "cut", keys: [{ name: "b", key: "k-b", models: ["m"] }] }',
  )
  const { config, waiting } = renewed(BEFORE, next)
  expect(waiting).toEqual([])
  expect(accessOf(config)).toEqual({
    keys: next.auth.keys,
    revokedStreams: 'cut',
    upstreamHeaders: { authorization: 'Bearer new' },
  })
  // A worker that is started later, and loads it all, is one of them.
  expect(fingerprint(config)).toBe(fingerprint(next))
})

test('S-07 a credential for another address is not sent to the old one', () => {
  const next = after(`upstreams: { lan: { baseUrl: "http://other", apiKey: "new" } }, ${KEYS}`)
  const { config, waiting } = renewed(BEFORE, next)
  expect(config.upstream.headers.reveal()).toEqual({ authorization: 'Bearer old' })
  expect(config.upstream.baseUrl).toBe('http://lan')
  expect(waiting).toEqual(['upstreams.lan.baseUrl', 'upstreams.lan.apiKey'])
})

test('A-09 keys that are all gone are no open door', () => {
  expect(() => renewed(BEFORE, after(LAN))).toThrow(/`auth\.keys` would be empty.*restart/)
  // Without any before, there is nothing to open.
  const open = after(LAN)
  expect(renewed(open, after(LAN)).waiting).toEqual([])
  expect(renewed(open, BEFORE).config.auth.keys).toHaveLength(1)
})

describe('what waits for a restart is named', () => {
  test.each([
    [`server: { port: 1 }, ${LAN}, ${KEYS}`, ['server.port']],
    [`models: { aliases: { a: "b" } }, ${LAN}, ${KEYS}`, ['models.aliases']],
    [
      `catalog: { list: "all" }, log: { level: "warn" }, ${LAN}, ${KEYS}`,
      ['catalog.list', 'log.level'],
    ],
    [`metrics: { port: 1 }, ${LAN}, ${KEYS}`, ['metrics.port']],
    [
      'upstreams: { lan: { baseUrl: "http://lan", apiKey: "old", idleTimeoutMs: 1 } }, ' + KEYS,
      ['upstreams.lan.idleTimeoutMs'],
    ],
    [
      `${LAN}, auth: { wrongKeysPerMinute: 7, keys: [{ name: "a", key: "k-a" }] }`,
      ['auth.wrongKeysPerMinute'],
    ],
  ])('%s', (text, waiting) => {
    const { config, waiting: found } = renewed(BEFORE, after(text))
    expect(found.toSorted()).toEqual(waiting)
    // None of it is in force.
    expect(fingerprint(config)).toBe(fingerprint(BEFORE))
  })
})
