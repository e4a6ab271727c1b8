/** Each example plays as it promises, and what it prints is to be read. */
import { describe, expect, test } from 'vitest'
import { ROWS } from '../rows/ids.ts'
import { EXAMPLES } from './examples.ts'
import { perform, isAsPromised, type Performance } from './perform.ts'
import { listed, printed } from './printed.ts'

test('there are twenty, in the order of the damage they do, each with rows that there are', () => {
  expect(EXAMPLES.map(({ place }) => place)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  expect(EXAMPLES.flatMap(({ rows }) => rows).filter((id) => !(id in ROWS))).toEqual([])
  const first = EXAMPLES.map(({ rows: [id] }) => id)
  expect(new Set(first).size).toBe(20)
  for (const example of EXAMPLES)
    expect(listed(example)).toMatch(/^[ \d]\d {2}[A-Z]-\d\d {2}\S.{20,90}$/)
})

test.each(EXAMPLES)('$promise', async (example) => {
  const performance = await perform(example)
  expect(performance.kept.filter(({ isKept }) => !isKept)).toEqual([])
  expect(performance.kept.length).toBeGreaterThan(2)

  const text = printed(performance)
  expect(text).toContain(example.promise)
  expect(text).toMatch(/^client → tolk, connection 1/m)
  expect(text.length).toBeLessThan(20_000)
})

const octets = (text: string) => ({ octets: Buffer.from(text), size: text.length })

describe('what is printed', () => {
  const [example] = EXAMPLES
  if (example === undefined) throw new Error('no example')
  const say = { from: 'client', to: 'tolk', connection: 1, atMs: 3, reads: 1, end: null } as const
  const played = (over: Partial<Performance>): Performance => ({
    example,
    kept: [{ what: 'well', isKept: true }],
    says: [],
    logged: [],
    tookMs: 1,
    ...over,
  })

  test('is what was said, line by line, nothing of it invisible', () => {
    const text = printed(
      played({ says: [{ ...say, ...octets('GET / HTTP/1.1\r\n\u001B[31m\r\n'), end: 'RST' }] }),
    )
    expect(text).toContain('client → tolk, connection 1, after 3 ms, 23 bytes\n')
    expect(text).toContain('\n  GET / HTTP/1.1\n  \\x1b[31m\n  ⟨resets the connection⟩\n')
  })

  test('tells of what is long by its length', () => {
    const text = printed(
      played({
        says: [
          { ...say, ...octets('x'.repeat(500)), size: 9000, reads: 7 },
          { ...say, ...octets('line\n'.repeat(100)) },
        ],
      }),
    )
    expect(text).toContain('9000 bytes in 7 reads')
    expect(text).toContain('… (500 characters)\n  … 8500 more bytes')
    expect(text).toMatch(/… 75 more lines\n {2}line\n {2}line\n {2}line\n/)
  })

  test('has tolk’s verdict, and says what was broken', () => {
    const logged = [JSON.stringify({ msg: 'request', status: 502, outcome: 'upstream-truncated' })]
    const broken = played({ logged, kept: [{ what: 'a 502', isKept: false }] })
    expect(printed(broken)).toContain('The verdict of tolk: upstream-truncated (502)')
    expect(printed(broken)).toContain('✗ BROKEN: a 502')
    expect(isAsPromised(broken)).toBe(false)
    expect(isAsPromised(played({}))).toBe(true)
  })
})

test('an example that breaks down has not kept its promise', async () => {
  const [example] = EXAMPLES
  if (example === undefined) throw new Error('no example')
  const performance = await perform({
    ...example,
    play: () => Promise.reject(new Error('the roof fell in')),
  })
  expect(isAsPromised(performance)).toBe(false)
  expect(printed(performance)).toContain('the roof fell in')
})
