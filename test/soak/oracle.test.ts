/** The oracle sees what is wrong, whatever it is, and finds no fault where there is none. */
import { describe, expect, test } from 'vitest'
import type { End, Zero } from './oracle.ts'
import { Oracle } from './oracle.ts'
import { saidIn, specOf, type Spec } from './spec.ts'
import { deltaText } from './words.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nX-Request-Id: req_1\r\n'
const STREAM = `${HEAD}Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n`

const frame = (data: object | string): string =>
  `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`

const chunkOf = (delta: object, finish: string | null = null): string =>
  frame({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'soak',
    system_fingerprint: 'fp',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })

const errorOf = (code: string, message = 'It ended.'): string =>
  JSON.stringify({ error: { message, type: 'server_error', param: null, code } })

const deltaOf = (spec: Spec, at: number): string =>
  chunkOf({ [at < spec.thinking ? 'reasoning_content' : 'content']: deltaText(spec, at) })

const deltasOf = (spec: Spec): readonly string[] =>
  Array.from({ length: saidIn(spec) }, (_, at) => deltaOf(spec, at))

const chunked = (...pieces: readonly string[]): string =>
  [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')

const ROLE = chunkOf({ role: 'assistant' })
const FINISH = chunkOf({}, 'stop')
const DONE = frame('[DONE]')
const BEAT = ': keep-alive\n\n'

const SPEC = specOf(1, 3, { deltas: 40, thinking: 5 })
const DELTAS = deltasOf(SPEC)

const streamOf = (...frames: readonly string[]): string => STREAM + chunked(frames.join(''))

const GOOD = streamOf(ROLE, BEAT, ...DELTAS, FINISH, DONE)

type Case = {
  readonly octets: string
  readonly spec?: Spec
  readonly end?: End
  readonly stream?: boolean
  readonly mayFail?: boolean
}

const judge = ({ octets, spec = SPEC, end = 'whole', stream = true, mayFail = false }: Case) => {
  const oracle = new Oracle(spec)
  oracle.feed(octets)
  return oracle.judge(end, (text) => text.includes('127.0.0.1'), { stream, mayFail })
}

const zeros = (one: Case): readonly Zero[] => [
  ...new Set(judge(one).complaints.map(({ zero }) => zero)),
]

test('a whole stream is without fault, however it is cut', () => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const oracle = new Oracle(SPEC)
    for (let at = 0; at < GOOD.length; at += size) {
      expect(oracle.isOver).toBe(false)
      oracle.feed(GOOD.slice(at, at + size))
    }
    expect(oracle.isOver).toBe(true)
    expect(oracle.isKept).toBe(true)
    expect(oracle.judge('whole', () => false, { stream: true })).toEqual({
      complaints: [],
      got: 'all',
      deltas: 40,
      requestId: 'req_1',
    })
  }
})

const swap = (): readonly string[] => {
  const [a = '', b = ''] = [DELTAS[10], DELTAS[11]]
  return [...DELTAS.slice(0, 10), b, a, ...DELTAS.slice(12)]
}

const bodyWith = (deltas: readonly string[]): Case => ({
  octets: streamOf(ROLE, ...deltas, FINISH, DONE),
})
const count = (one: Case): object =>
  Object.fromEntries(judge(one).complaints.map(({ zero, count: times }) => [zero, times]))

describe('deltas', () => {
  test.each([
    ['one is lost', DELTAS.toSpliced(7, 1), { lost: 1, altered: 1 }],
    ['three are lost', DELTAS.toSpliced(20, 3), { lost: 3, altered: 1 }],
    ['the last is lost', DELTAS.slice(0, -1), { lost: 1, altered: 1 }],
    ['one comes twice', DELTAS.toSpliced(7, 0, DELTAS[7] ?? ''), { duplicated: 1, altered: 1 }],
    ['two change places', swap(), { reordered: 1, altered: 1 }],
    [
      'one is another',
      DELTAS.with(9, chunkOf({ content: `${deltaText(SPEC, 9)}x` })),
      { altered: 1 },
    ],
    [
      'one is thinking that is none',
      DELTAS.with(9, chunkOf({ reasoning_content: deltaText(SPEC, 9) })),
      { altered: 1 },
    ],
    ['one is too many', [...DELTAS, chunkOf({ content: 'x' })], { altered: 1 }],
  ])('%s', (_, deltas, expected) => {
    expect(count(bodyWith(deltas))).toEqual(expected)
  })
})

describe('what is no answer', () => {
  test.each<[string, string]>([
    ['a chunk size that is none', `${STREAM}xyz\r\n`],
    ['a chunk without its line break', `${STREAM}1\r\naXX`],
    ['a length beside chunks', `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['no status line', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['octets after the end', `${GOOD}HTTP/1.1 200 OK\r\n\r\n`],
    ['an event that is no data', streamOf(ROLE, 'event: ping\n\n', ...DELTAS, FINISH, DONE)],
    ['data that is no JSON', streamOf(ROLE, frame('{'), ...DELTAS, FINISH, DONE)],
    ['a line break in data', streamOf(ROLE, 'data: 1\ndata: 2\n\n', ...DELTAS, FINISH, DONE)],
    ['two last words', streamOf(ROLE, ...DELTAS, FINISH, DONE, DONE)],
    ['a comment after the last word', streamOf(ROLE, ...DELTAS, FINISH, DONE, BEAT)],
    ['an error after [DONE]', streamOf(ROLE, ...DELTAS, FINISH, DONE, frame(errorOf('x')))],
    ['[DONE] without a finish reason', streamOf(ROLE, ...DELTAS, DONE)],
    ['a delta after the finish reason', streamOf(ROLE, ...DELTAS, FINISH, FINISH, DONE)],
    ['half an event', streamOf(ROLE, ...DELTAS, FINISH, DONE, 'data: ')],
    ['an error page', `HTTP/1.1 502 Bad\r\nContent-Length: 5\r\n\r\n<html`],
  ])('%s', (_, octets) => {
    expect(zeros({ octets })).toContain('malformed')
  })
})

describe('failures', () => {
  const cut = specOf(2, 3, { deltas: 40, thinking: 5, fault: 'fin-mid-line', at: 6 })
  const told = frame(errorOf('upstream_stream_interrupted'))

  test('one that is told after all that was said is right', () => {
    const octets = streamOf(ROLE, ...deltasOf(cut), told)
    expect(judge({ octets, spec: cut })).toMatchObject({
      complaints: [],
      got: 'failure',
      deltas: 6,
    })
  })

  test('one that is told by its status is right where an answer was to come whole', () => {
    const body = errorOf('upstream_stream_interrupted')
    const octets = `HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect(zeros({ octets, spec: cut, stream: false })).toEqual([])
    expect(zeros({ octets, spec: cut })).toEqual(['lost'])
  })

  test.each<[string, Case, Zero]>([
    ['looks like success', { octets: streamOf(ROLE, ...deltasOf(cut), FINISH, DONE) }, 'silent'],
    ['has no last word', { octets: streamOf(ROLE, ...deltasOf(cut)) }, 'silent'],
    ['tears the answer', { octets: STREAM, end: 'torn' }, 'silent'],
    ['never ends', { octets: STREAM, end: 'late' }, 'hung'],
    ['is another', { octets: streamOf(ROLE, ...deltasOf(cut), frame(errorOf('x'))) }, 'wrong'],
    ['takes words with it', { octets: streamOf(ROLE, told) }, 'lost'],
    [
      'says more than was said',
      { octets: streamOf(ROLE, ...deltasOf(cut), deltaOf(SPEC, 6), told) },
      'altered',
    ],
    [
      'tells an address',
      {
        octets: streamOf(
          ROLE,
          ...deltasOf(cut),
          frame(errorOf('upstream_stream_interrupted', '127.0.0.1')),
        ),
      },
      'told',
    ],
  ])('one that %s', (_, one, zero) => {
    expect(zeros({ spec: cut, ...one })).toContain(zero)
  })

  test('one that had no cause is wrong, unless the upstream may fail at any moment', () => {
    const octets = streamOf(ROLE, ...DELTAS.slice(0, 3), told)
    expect(zeros({ octets })).toEqual(['wrong'])
    expect(zeros({ octets, mayFail: true })).toEqual([])
  })
})

test('who left has nothing to complain of but what came before', () => {
  expect(zeros({ octets: streamOf(ROLE, ...DELTAS.slice(0, 3)), end: 'left' })).toEqual([])
  expect(zeros({ octets: streamOf(ROLE, ...DELTAS.slice(1, 3)), end: 'left' })).toEqual(['lost'])
})

const whole = (thinking: string, content: string): string => {
  const body = JSON.stringify({
    object: 'chat.completion',
    choices: [{ message: { content, reasoning_content: thinking }, finish_reason: 'stop' }],
  })
  return `${HEAD}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

describe('a whole answer', () => {
  const texts = Array.from({ length: 40 }, (_, at) => deltaText(SPEC, at))
  const thoughts = texts.slice(0, 5).join('')
  const words = texts.slice(5).join('')

  test('is right when every delta is in it', () => {
    expect(judge({ octets: whole(thoughts, words), stream: false })).toMatchObject({
      complaints: [],
      got: 'all',
      deltas: 40,
    })
  })

  test.each<[string, string, string]>([
    ['lacks its end', thoughts, words.slice(0, -40)],
    ['has more', thoughts, `${words}x`],
    ['thinks more', `${thoughts}x`, words],
    ['is another in the midst', thoughts, words.replace('[20]', '[21]')],
  ])('one that %s is wrong', (_, thinking, text) => {
    expect(zeros({ octets: whole(thinking, text), stream: false })).not.toEqual([])
  })

  test('where a stream was asked for is none', () => {
    expect(zeros({ octets: whole(thoughts, words) })).toContain('malformed')
  })
})
