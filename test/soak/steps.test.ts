/** What the upstream writes is what its spec says, and ends as its fault does. */
import { expect, test } from 'vitest'
import { FAULTS, isCutShort, isFault } from './faults.ts'
import { CHUNKINGS, saidIn, specOf, type Spec } from './spec.ts'
import { stepsOf, type Step } from './steps.ts'
import { deltaText } from './words.ts'

const ALL = Object.keys(FAULTS).filter(isFault)

const steps = (spec: Spec): readonly Step[] => [...stepsOf(spec, () => 1234)]

const written = (spec: Spec): string =>
  steps(spec)
    .map((step) => ('write' in step ? step.write : ''))
    .join('')

/** The payload of whole chunks behind the head. */
const payload = (octets: string): string => {
  let rest = octets.slice(octets.indexOf('\r\n\r\n') + 4)
  let body = ''
  for (;;) {
    const [, size = ''] = /^([0-9a-f]+)\r\n/.exec(rest) ?? []
    const length = Number.parseInt(size, 16)
    if (Number.isNaN(length) || length === 0) return body
    body += rest.slice(size.length + 2, size.length + 2 + length)
    rest = rest.slice(size.length + length + 4)
  }
}

/** What the whole lines say. */
const said = (octets: string): string => {
  const lines = payload(octets).split('\n').slice(0, -1)
  return lines
    .map((line): unknown => JSON.parse(line))
    .map((line) => JSON.stringify(line))
    .map((line) => /"(?:thinking|content)":"(\[.*)"\}/.exec(line)?.[1] ?? '')
    .map((text): unknown => JSON.parse(`"${text}"`))
    .join('')
}

const expected = (spec: Spec): string =>
  Array.from({ length: saidIn(spec) }, (_, at) => deltaText(spec, at)).join('')

test.each(CHUNKINGS)('chunked by %s it says every delta, and ends properly', (chunking) => {
  const spec = specOf(1, 5, { deltas: 60, thinking: 7, chunking })
  const octets = written(spec)
  expect(said(octets)).toBe(expected(spec))
  expect(payload(octets)).toContain('"done":true')
  expect(octets.endsWith('\r\n0\r\n\r\n')).toBe(true)
})

const writes = (over: Partial<Spec>): number => steps(specOf(1, 5, { deltas: 64, ...over })).length

test('chunkings differ in their writes, and cuts in their seed', () => {
  expect(writes({ chunking: 'line' })).toBe(1 + 64 + 1)
  expect(writes({ chunking: 'batch' })).toBe(1 + 4 + 1)
  const cuts = [1, 2].map((seed) => written(specOf(1, seed, { deltas: 64, chunking: 'cut' })))
  expect(cuts[0]).not.toBe(cuts[1])
})

test('octet by octet no write has two', () => {
  const lengths = steps(specOf(1, 5, { deltas: 2, chunking: 'octets' }))
    .slice(1)
    .flatMap((step) => ('write' in step ? [step.write.length] : []))
  expect(new Set(lengths)).toEqual(new Set([1]))
})

const withFault = (fault: Spec['fault']): Spec =>
  specOf(1, 9, { deltas: 10, at: isCutShort(fault) ? 4 : 0, fault })

/** Without a head that goes on there is nothing to be said; and behind these lines nothing can be read. */
const SAYING = ALL.filter((fault) => written(withFault(fault)).includes('chunked')).filter(
  (fault) => !['error-line', 'garbage-line', 'wrong-line'].includes(fault),
)

test.each(SAYING)('%s comes after all that is to be said', (fault) => {
  const spec = withFault(fault)
  expect(said(written(spec)).startsWith(expected(spec))).toBe(true)
})

test.each(ALL)('%s is said to be done only where it is whole', (fault) => {
  expect(written(withFault(fault)).includes('"done":true')).toBe(!isCutShort(fault))
})

test.each(ALL)(
  '%s ends, with a step of its own or with all that its head has promised',
  (fault) => {
    const last = steps(withFault(fault)).at(-1) ?? { waitMs: 0 }
    const isWhole = 'write' in last && /(?:0\r\n\r\n|[>}\b])$/.test(last.write)
    expect('end' in last || isWhole).toBe(true)
  },
)

test('a moment stands where it is asked for', () => {
  expect(written(specOf(1, 9, { isStamped: true }))).toContain('[0]@1234@')
  expect(written(specOf(1, 9))).not.toContain('@1234@')
})
