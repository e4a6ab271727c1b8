import { describe, expect, test } from 'vitest'
import { faultOf, requestOf } from '../../support/chat-body.ts'

describe('keep_alive', () => {
  test('of many digits is the double next to them', () => {
    expect(requestOf('{"keep_alive":300.00000000000000001}').keepAlive).toBe(300)
  })

  test.each([
    [300, 300],
    [0, 0],
    [-1, -1],
    [1.5, 1.5],
    ['5m', '5m'],
    ['1h30m', '1h30m'],
    ['-1s', '-1s'],
    ['+1.5h', '+1.5h'],
    ['.5s', '.5s'],
    ['1.s', '1.s'],
    ['100\u00b5s', '100\u00b5s'],
    ['100\u03bcs', '100\u03bcs'],
    ['-0', -0],
    ['24h', '24h'],
    ['0', 0],
    ['-1', -1],
    ['300', 300],
    ['', undefined],
  ])('%j is sent as %j', (wire, keepAlive) => {
    expect(requestOf({ keep_alive: wire }).keepAlive).toBe(keepAlive)
  })

  test.each([
    ['forever', 'invalid_value'],
    ['5 m', 'invalid_value'],
    ['5d', 'invalid_value'],
    ['m', 'invalid_value'],
    ['.', 'invalid_value'],
    ['--5m', 'invalid_value'],
    ['9999999h', 'invalid_value'],
    [1e300, 'invalid_value'],
    ['1'.repeat(50_000), 'invalid_value'],
    ['1s'.repeat(4_000_000), 'invalid_value'],
    ['1'.repeat(8_000_000), 'invalid_value'],
    [`${'1'.repeat(50_000)}x`, 'invalid_value'],
    [true, 'invalid_type'],
    [{}, 'invalid_type'],
  ])('%.40j is refused as %s', (wire, code) => {
    expect(faultOf({ keep_alive: wire })).toEqual([code, 'keep_alive'])
  })
})
