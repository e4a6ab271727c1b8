import { describe, expect, test } from 'vitest'
import { settingsSchema } from '../src/config/schema.ts'
import { GO_DURATION, isGoDuration, isSeconds, secondsOfDuration } from '../src/go-duration.ts'
import { requestOf, TRUSTING } from './support/chat-body.ts'

const inConfig = (keepAlive: unknown): boolean =>
  settingsSchema.safeParse({ models: { params: { '*': { keepAlive } } } }).success

const inRequest = (keepAlive: unknown): boolean => {
  try {
    return requestOf({ keep_alive: keepAlive }, TRUSTING).keepAlive === keepAlive
  } catch {
    return false
  }
}

describe('a duration of Go', () => {
  test.each([
    '5m',
    '+5m',
    '-5m',
    '1h30m',
    '.5s',
    '1.s',
    '1.5h',
    '-1ns',
    '300ms',
    '10us',
    '10\u00b5s',
    '10\u03bcs',
    '1m1h',
    '2555555h',
  ])('%j is taken, by the configuration and by a request alike', (text) => {
    expect([isGoDuration(text), inConfig(text), inRequest(text)]).toEqual([true, true, true])
  })

  test.each([
    '',
    'soon',
    '5',
    '5 m',
    '5d',
    '5M',
    'm',
    '.',
    '.s',
    '--5m',
    '5m-',
    '1e3s',
    '9999999h',
    '1s'.repeat(33),
    '1'.repeat(65),
  ])('%j is none, in neither', (text) => {
    expect([isGoDuration(text), inConfig(text), inRequest(text)]).toEqual([false, false, false])
  })

  test.each(['1s', '1'])('of megabytes is refused unread: %j and so on', (start) => {
    expect(isGoDuration(start.repeat(8_000_000))).toBe(false)
  })

  test.each([
    ['5m', 300],
    ['-5m', -300],
    ['+1h30m', 5400],
    ['1.5s', 1.5],
    ['0', 0],
  ])('%j is so many seconds: %d', (text, seconds) => {
    expect(Math.abs(secondsOfDuration(text) - seconds)).toBe(0)
  })

  test('of nothing needs no unit', () => {
    expect(['0', '+0', '-0'].filter((text) => isGoDuration(text) && inConfig(text))).toEqual([
      '0',
      '+0',
      '-0',
    ])
  })

  test('is a pattern that editors understand too', () => {
    expect(GO_DURATION.flags).toBe('')
  })
})

describe('seconds', () => {
  test.each([0, -1, 1.5, 9.2e9, -9.2e9])('may be %d', (seconds) => {
    expect([isSeconds(seconds), inConfig(seconds), inRequest(seconds)]).toEqual([true, true, true])
  })

  test.each([9.3e9, -9.3e9, 1e300])('may not be %d: Go would not hold them', (seconds) => {
    expect([isSeconds(seconds), inConfig(seconds), inRequest(seconds)]).toEqual([
      false,
      false,
      false,
    ])
  })
})
