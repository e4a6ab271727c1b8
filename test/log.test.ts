/** The log: one JSON line a happening, and of an error only what cannot quote anybody. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createLog, type LogLevel } from '../src/log.ts'

const writing = (level: LogLevel) => {
  const lines: string[] = []
  return { lines, log: createLog(level, (line) => lines.push(line)) }
}

test('writes one JSON line with the time, the level, the message and the facts', () => {
  const { lines, log } = writing('info')
  log.info('request', { status: 200, model: 'm', stream: true, key: undefined })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^\{.*\}\n$/)
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    msg: 'request',
    status: 200,
    model: 'm',
    stream: true,
  })
})

afterEach(() => void vi.useRealTimers())

test('the time of a line is the wall clock’s, to the millisecond', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { lines, log } = writing('info')
  const times = [
    '2026-11-21T23:59:59.999Z',
    '2026-11-22T00:00:00.000Z',
    '2026-11-22T00:00:00.007Z',
    // Clocks are set back, too.
    '2026-11-21T23:59:59.050Z',
  ]
  for (const time of times) {
    vi.setSystemTime(new Date(time))
    log.info('tick')
  }
  expect(lines.map((line): unknown => JSON.parse(line).time)).toEqual(times)
})

test.each<[level: LogLevel, written: readonly string[]]>([
  ['silent', []],
  ['error', ['error']],
  ['warn', ['warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['debug', ['debug', 'info', 'warn', 'error']],
])('at %s it writes %j', (level, written) => {
  const { lines, log } = writing(level)
  log.debug('debug')
  log.info('info')
  log.warn('warn')
  log.error('error')
  expect(lines.map((line): unknown => JSON.parse(line).msg)).toEqual(written)
})

test.each([['a\nb'], ['\u001B[31mred'], ['{"level":"error"}'], ['"\\'], ['\u2028\0']])(
  'no word of a client makes a line of its own: %j',
  (text) => {
    const { lines, log } = writing('info')
    log.info('request', { path: text })
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1)
    expect(Array.from(lines.join('').trimEnd()).filter((char) => char < ' ')).toEqual([])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ path: text })
  },
)

describe('S-05 an error', () => {
  const SECRET = 'Bearer canary-4711'

  test('leaves its name, code and place, and never its message', () => {
    const { lines, log } = writing('error')
    const cause = Object.assign(new TypeError(`bad ${SECRET}`), { code: 'ERR_ODD' })
    log.error('internal error', { request_id: 'req_1' }, new Error(SECRET, { cause }))
    const [line = ''] = lines
    expect(line).not.toContain('canary')
    expect(JSON.parse(line)).toMatchObject({
      msg: 'internal error',
      request_id: 'req_1',
      error_name: 'Error',
      cause: 'TypeError ERR_ODD',
      stack: expect.stringContaining('log.test.ts'),
    })
  })

  test('brings none of its other fields', () => {
    const { lines, log } = writing('error')
    const error = Object.assign(new Error('x', { cause: { headers: SECRET } }), {
      request: { headers: { authorization: SECRET } },
      address: SECRET,
      input: SECRET,
      code: 7,
    })
    for (const each of [error, new AggregateError([error], SECRET, { cause: error })]) {
      log.error('internal error', {}, each)
    }
    expect(lines.join('')).not.toContain('canary')
    for (const line of lines) {
      const known = ['level', 'time', 'error_name', 'stack', 'msg', 'cause']
      expect(known).toEqual(expect.arrayContaining(Object.keys(JSON.parse(line))))
    }
  })

  test.each([[SECRET], [{ secret: SECRET }], [null], [undefined]])(
    'that is none at all, %j, leaves nothing',
    (thrown) => {
      const { lines, log } = writing('error')
      log.error('internal error', {}, thrown)
      expect(Object.keys(JSON.parse(lines[0] ?? ''))).toEqual(['level', 'time', 'msg'])
    },
  )

  test('has a stack of at most eight frames, paths of code alone', () => {
    const { lines, log } = writing('error')
    const deep = (depth: number): never => {
      if (depth === 0) throw new Error(`line one\n    at ${SECRET}\nline three`)
      return deep(depth - 1)
    }
    try {
      deep(30)
    } catch (error) {
      log.error('internal error', {}, error)
    }
    const { stack } = JSON.parse(lines[0] ?? '')
    expect(String(stack).split(' | ').length).toBeLessThanOrEqual(8)
    expect(stack).not.toContain('canary')
  })
})
