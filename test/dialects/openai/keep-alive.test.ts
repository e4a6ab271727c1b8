import { describe, expect, test } from 'vitest'
import { accepted, faultOf, requestOf, STRICT, TRUSTING } from '../../support/chat-body.ts'

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
  ])('%j is sent as %j, where clients may set it', (wire, keepAlive) => {
    expect(requestOf({ keep_alive: wire }, TRUSTING).keepAlive).toBe(keepAlive)
  })

  test.each([300, '5m', '300', '+5m', '10m', '1h30m', '24h', 86_400, '1440m'])(
    '%j is a client’s to say',
    (wire) => {
      const { request, ignored } = accepted({ keep_alive: wire })
      expect(request.keepAlive).toBe(wire === '300' ? 300 : wire)
      expect(ignored).toEqual([])
    },
  )

  // Too little has the model loaded anew for whoever asks next, and too much keeps its memory.
  test.each([0, '0', -0, '0s', 299.9, '4m59s', '1ms', -1, '-1', '-5m', '24h1s', 86_401, 9e9])(
    '%j is the operator’s: left out and said to be, or refused',
    (wire) => {
      const { request, ignored } = accepted({ keep_alive: wire })
      expect(request).not.toHaveProperty('keepAlive')
      expect(ignored).toEqual(['keep_alive'])
      expect(faultOf({ keep_alive: wire }, STRICT)).toEqual(['unsupported-parameter', 'keep_alive'])
    },
  )

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
