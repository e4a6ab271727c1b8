/** The lines of an answer are not what they should be: tolerated where their meaning is plain, an error where it is not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { after, answered, before, testFaults, type FaultRow } from '../support/fault-rows.ts'
import {
  answer,
  chunk,
  chunked,
  createFaultUpstream,
  doneLine,
  fin,
  head,
  HELLO,
  LAST,
  line,
  says,
  type Fault,
  type FaultUpstream,
} from '../support/fault-upstream.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

/** Lines in a proper answer. */
const lines = (...all: readonly string[]) => says(chunked(...all) + LAST)
const bad = (said: string) => after(said, 'upstream_bad_response')
const MAX_LINE = 4096

const wrong: readonly FaultRow[] = [
  ...['rubbish\n', '{"message":\n', 'NaN\n', 'data: {}\n'].map((text) => ({
    title: `U-46 a line that is no JSON (${text.trim()}) ends it with an error`,
    fault: lines(line('one'), text, HELLO),
    gets: bad('one'),
    drops: true,
  })),
  ...[
    'null',
    '[]',
    '"x"',
    '5',
    '{}',
    '{"done":false}',
    '{"message":5}',
    '{"message":[]}',
    '{"message":{"role":"assistant","content":5}}',
    '{"message":{"role":"assistant","tool_calls":{}}}',
    '{"message":{"role":"assistant","tool_calls":[5]}}',
    '{"message":{"role":"assistant","tool_calls":[{"function":{"name":5}}]}}',
    '{"message":{"content":"x"},"done":"yes"}',
    '{"message":{"content":"x"},"done":true,"eval_count":"many"}',
  ].map((text) => ({
    title: `U-48 JSON that is no answer is an error: ${text}`,
    fault: lines(line('one'), `${text}\n`, HELLO),
    gets: bad('one'),
    drops: true,
  })),
  {
    title: 'U-48 as the first line it is a 502',
    fault: lines('null\n', HELLO),
    gets: before(502, 'upstream_bad_response'),
    drops: true,
  },
]

const odd: readonly FaultRow[] = [
  {
    title: 'U-47 blank lines, CRLF, blanks before a line and a byte order mark are tolerated',
    fault: lines(
      `\uFEFF${line('a')}\n \n\r\n${line('b').replace('\n', '\r\n')}  \t${line('c')}`,
      doneLine(),
    ),
    gets: answered('abc'),
  },
  {
    title: 'U-49 invalid UTF-8 is U+FFFD, and the framing stands',
    fault: says(
      Buffer.from(
        answer('200 OK', line('a\u00FFb') + doneLine(), 'Connection: close').replace(
          /Length: (\d+)/,
          (_, length: string) => `Length: ${Number(length) - 1}`,
        ),
        'latin1',
      ),
      fin,
    ),
    gets: answered('a\uFFFDb'),
  },
  {
    title: 'U-51 the halves of a surrogate pair in two lines are joined',
    fault: lines(line('@').replace('@', '\\ud83d'), line('@').replace('@', '\\ude00'), doneLine()),
    gets: answered('😀'),
  },
  ...['content-type: text/plain', 'content-type: application/octet-stream', 'x-none: 1'].map(
    (field) => ({
      title: `U-60 the right lines under another type are an answer (${field})`,
      fault: says(answer('200 OK', HELLO, field)),
      gets: answered('Hello.'),
    }),
  ),
  {
    title: 'U-58 one JSON object instead of lines is an answer',
    fault: says(
      answer(
        '200 OK',
        {
          model: 'm',
          message: { role: 'assistant', content: 'Hello.' },
          done: true,
          done_reason: 'stop',
        },
        'Content-Type: application/json',
      ),
    ),
    gets: answered('Hello.'),
  },
]

const ends: readonly FaultRow[] = [
  {
    title: 'U-54 a second done line is not heard',
    fault: lines(line('one'), doneLine(), doneLine({ done_reason: 'length' })),
    gets: answered('one'),
  },
  ...[HELLO, 'rubbish\n', '{"error":"canary"}\n'].map((text) => ({
    title: `U-55 what follows the done line is not heard: ${text.slice(0, 18).trim()}`,
    fault: lines(line('one'), doneLine(), text),
    gets: answered('one'),
  })),
  {
    title: 'U-55 nor what stands in the same chunk',
    fault: lines(line('one') + doneLine() + HELLO),
    gets: answered('one'),
  },
  ...[
    {},
    { done_reason: '' },
    { done_reason: 'canary' },
    { done_reason: 'load' },
    { done_reason: 'unload' },
  ].map((facts) => ({
    title: `U-57 done with ${JSON.stringify(facts)} is a stop`,
    fault: lines(line('one'), doneLine(facts)),
    gets: answered('one'),
  })),
]

/** A line of just so many bytes. */
const lineOfBytes = (length: number): string => {
  const rest = line('').length - 1
  return line('x'.repeat(length - rest))
}

const long: readonly FaultRow[] = [
  ...[MAX_LINE - 1, MAX_LINE].map((length) => ({
    title: `U-52 a line of ${length} bytes passes where ${MAX_LINE} are allowed`,
    fault: lines(lineOfBytes(length), doneLine()),
    gets: answered('x'.repeat(length - line('').length + 1)),
  })),
  {
    title: `U-52 a line of ${MAX_LINE + 1} bytes is an error there`,
    fault: lines(line('one'), lineOfBytes(MAX_LINE + 1), HELLO),
    gets: bad('one'),
    drops: true,
  },
  {
    title: 'U-52 a flood without a line break is cut off, long before its 64 MB',
    fault: (socket) => {
      const piece = 'x'.repeat(64 * 1024)
      let left = 1024
      let written = 0
      socket.write(chunked(line('one')))
      const flood = (): void => {
        while (left > 0 && socket.writable) {
          left -= 1
          written += piece.length
          if (!socket.write(chunk(piece))) return void socket.once('drain', flood)
        }
      }
      socket.once('close', () => {
        if (written > 32 * 1024 * 1024) throw new Error(`${written} bytes were taken`)
      })
      flood()
    },
    gets: bad('one'),
    drops: true,
  },
]

const TRUTH = 'é😀\r\n漢字 "q" \\ \u2028'
const NASTY =
  'a\n\ndata: [DONE]\n\nevent: error\n: x\r\nid: 1\u2028</script>\u001B[31m\u0000\u0007z'

const slices: readonly FaultRow[] = [
  {
    title: 'U-50 an answer in segments of one byte is the same answer',
    fault: (socket) => {
      const octets = Buffer.from(chunked(line(TRUTH), doneLine()) + LAST)
      let at = 0
      const next = (): void => {
        socket.write(octets.subarray(at, ++at))
        if (at < octets.length) setImmediate(next)
        else fin(socket)
      }
      next()
    },
    gets: answered(TRUTH),
  },
  {
    title: 'U-53 50,000 lines in one chunk of 10 MB all arrive, in order',
    fault: says(
      chunked(
        Array.from({ length: 50_000 }, (_, at) => line(`${at} `.padEnd(90, '.'))).join(''),
        doneLine(),
      ) + LAST,
      fin,
    ),
    gets: answered(Array.from({ length: 50_000 }, (_, at) => `${at} `.padEnd(90, '.')).join('')),
  },
  {
    title: 'U-64 an answer that is there with its head, its end and its FIN is whole',
    fault: says(chunked(HELLO) + LAST, fin),
    gets: answered('Hello.'),
  },
  {
    title: 'U-64 an answer larger than every window is whole',
    fault: says(head('200 OK') + line('x'.repeat(3000)).repeat(1000) + doneLine(), fin),
    gets: answered('x'.repeat(3_000_000)),
  },
  {
    title: 'U-66 words that would end an event, a page or a line of the log are text',
    fault: lines(line(NASTY), doneLine()),
    gets: answered(NASTY),
  },
]

testFaults([...wrong, ...odd, ...ends, ...long, ...slices], {
  upstream: { maxLineBytes: MAX_LINE },
})

describe('what is odd is counted each time, and logged the first', () => {
  let upstream: FaultUpstream
  let tolk: Tolk
  beforeAll(async () => {
    upstream = await createFaultUpstream()
    tolk = await startTolk(upstream.baseUrl, {
      metrics: { port: 0 },
      upstream: { models: [{ id: 'm' }], maxLineBytes: MAX_LINE },
    })
    await tolk.catalog.started
  })
  afterAll(async () => {
    await tolk.close()
    await upstream.close()
  })

  const badLines = async (kind: string): Promise<number> => {
    const [, url = ''] = /"url":"(http:[^"]+)\/metrics"/.exec(tolk.logged.join('')) ?? []
    const figures = readMetrics((await ask(url, { path: '/metrics' })).body)
    return sumOf(figures, 'tolk_bad_lines_total', { kind })
  }

  test.each<[row: string, kind: string, fault: Fault]>([
    ['U-46', 'not-json', lines(line('one'), 'rubbish\n', HELLO)],
    ['U-48', 'no-chat-response', lines(line('one'), 'null\n')],
    ['U-52', 'too-long', lines(lineOfBytes(MAX_LINE + 1))],
    ['U-54', 'after-done', lines(line('one'), doneLine() + doneLine())],
    ['U-55', 'after-done', lines(line('one'), doneLine() + line('two'))],
    ['U-60', 'content-type', says(answer('200 OK', HELLO, 'content-type: text/plain'))],
  ])('%s %s', async (_, kind, fault) => {
    const counted = await badLines(kind)
    upstream.fault = fault
    for (const stream of [true, false, true]) {
      await ask(tolk.url, {
        path: '/v1/chat/completions',
        body: { model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] },
      })
    }
    await expect.poll(() => badLines(kind)).toBe(counted + 3)
    const logged = tolk.logged.filter((text) => text.includes(`"kind":"${kind}"`))
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('"level":"warn"')
  })
})

test('U-53 others are served while fifty thousand lines are', async () => {
  const upstream = await createFaultUpstream()
  const tolk = await startTolk(upstream.baseUrl, { upstream: { models: [{ id: 'm' }] } })
  upstream.fault = says(chunked(line('x'.repeat(90)).repeat(50_000), doneLine()) + LAST, fin)
  try {
    const over = new AbortController()
    let served = 0
    const asked = ask(tolk.url, {
      path: '/v1/chat/completions',
      body: { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] },
    }).finally(() => over.abort())
    while (!over.signal.aborted) {
      await ask(tolk.url, { path: '/livez' })
      served += 1
    }
    expect((await asked).body).toContain('[DONE]')
    // One after another: each has had its turns of the loop in between.
    expect(served).toBeGreaterThan(5)
  } finally {
    await tolk.close()
    await upstream.close()
  }
})
