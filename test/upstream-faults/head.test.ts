/** The head of an answer is missing, torn, or lies: a real status, and nothing of it is passed on. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { answered, before, testFaults, type FaultRow } from '../support/fault-rows.ts'
import { answer, chunk, fin, head, HELLO, LAST, reset, says } from '../support/fault-upstream.ts'
import { sourceFiles } from '../support/source.ts'

const unreachable = before(502, 'upstream_unreachable')
const bad = before(502, 'upstream_bad_response')
const PAGE = '<!doctype html><html><a href="http://127.0.0.1/canary">Sign in</a></html>'

const none: readonly FaultRow[] = [
  // On a kept connection it may have been the connection's age: sent once more, on a fresh one.
  { title: 'U-10 a reset before the head is a 502', fault: reset, gets: unreachable, asked: 2 },
  { title: 'U-11 an end before the head is a 502', fault: fin, gets: unreachable, asked: 2 },
  {
    title: 'U-11 an end within the head is a 502, and nothing is sent again',
    fault: says('HTTP/1.1 200 OK\r\nContent-Ty', fin),
    gets: unreachable,
  },
  {
    title: 'U-12 what is not HTTP is a 502, and nothing is sent again',
    fault: says('SSH-2.0-OpenSSH_9.6\r\n'),
    gets: bad,
    drops: true,
  },
]

const lying: readonly FaultRow[] = [
  ...[
    ['a length and chunks', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 5', 'Content-Length: 6'],
  ].map(([what, ...fields]) => ({
    title: `U-30 ${what} in one head are a 502`,
    fault: says(head('200 OK', ...fields) + chunk(HELLO) + LAST),
    gets: bad,
    drops: true,
  })),
  {
    title: 'U-31 40 KB of headers are a 502',
    fault: says(
      head('200 OK', ...Array.from({ length: 40 }, (_, at) => `X-${at}: ${'x'.repeat(1000)}`)),
    ),
    gets: bad,
    drops: true,
  },
  {
    title: 'U-32 early hints are no answer yet',
    fault: says(
      head('103 Early Hints', 'Link: </canary>') + answer('200 OK', HELLO, 'Connection: close'),
      fin,
    ),
    gets: answered('Hello.'),
  },
  {
    title: 'U-33 two hundred times 100 Continue are a 502',
    fault: says(head('100 Continue').repeat(200)),
    gets: bad,
    drops: true,
  },
  {
    title: 'U-34 another protocol is a 502, and not relayed',
    fault: says(
      head('101 Switching Protocols', 'Upgrade: canary', 'Connection: Upgrade') + 'canary',
    ),
    gets: bad,
    drops: true,
  },
]

const statuses: readonly FaultRow[] = [
  ...['204', '206', '304', '099'].map((status) => ({
    title: `U-35 status ${status} is a 502`,
    fault: says(head(`${status} Canary`, 'Content-Length: 0', 'Connection: close'), fin),
    gets: bad,
  })),
  {
    title: 'U-35 status 999 is a 502',
    fault: says(answer('999 Canary', '')),
    gets: before(502, 'upstream_error'),
  },
  ...['text/html', 'text/html; charset=utf-8', 'TEXT/HTML'].map((type) => ({
    title: `U-37 a login page (${type}) is a 502, and not relayed`,
    fault: says(answer('200 OK', PAGE, `Content-Type: ${type}`)),
    gets: bad,
    drops: true,
  })),
  ...[
    ['500', 502],
    ['502', 502],
    ['504', 504],
  ].map(([status, ours]) => ({
    title: `U-38 a gateway’s page with ${status} is a ${ours}, and not relayed`,
    fault: says(answer(`${status} Canary`, PAGE, 'Content-Type: text/html')),
    gets: before(Number(ours), 'upstream_error'),
  })),
  ...[JSON.stringify({ error: 'canary is too large' }).replace('canary is', 'it is'), '', PAGE].map(
    (body, at) => ({
      title: `U-43 413 before the upload ended is a 413, with ${['a reason', 'no body', 'a page'][at]}`,
      fault: says(answer('413 Too Large', body, 'Connection: close'), fin),
      gets: before(413, at === 0 ? 'upstream_error' : 'request_too_large'),
      prompt: 'x'.repeat(2_000_000),
      drops: true,
    }),
  ),
]

const encoded: readonly FaultRow[] = ['gzip', 'br', 'canary', 'gzip, '.repeat(1000) + 'gzip'].map(
  (coding) => ({
    title: `U-59 a compressed answer (${coding.slice(0, 12)}) is a 502, and not inflated`,
    fault: says(
      head('200 OK', `Content-Encoding: ${coding}`, 'Transfer-Encoding: chunked') +
        chunk(HELLO) +
        LAST,
    ),
    gets: bad,
    drops: true,
  }),
)

/** Members of gzip may follow each other: a gigabyte of zeros in a megabyte. */
const BOMB = gzipSync(Buffer.alloc(16 * 1024 * 1024))
  .toString('latin1')
  .repeat(64)

const bomb: FaultRow = {
  title: 'U-59 a bomb of a gigabyte in a megabyte is a 502, and not inflated',
  fault: says(
    Buffer.from(
      head('200 OK', 'Content-Encoding: gzip', `Content-Length: ${BOMB.length}`) + BOMB,
      'latin1',
    ),
  ),
  gets: bad,
  drops: true,
}

const absent = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, undefined]))

const passedOn: readonly FaultRow[] = [
  {
    title: 'U-63 no header or trailer of the upstream’s is passed on',
    fault: says(
      head(
        '200 OK',
        'Set-Cookie: canary=1',
        'Server: canary',
        'Via: 1.1 canary',
        'X-Powered-By: canary',
        'WWW-Authenticate: Basic realm="canary"',
        'X-Request-Id: canary',
        'Trailer: X-Canary',
        'Connection: close',
        'Transfer-Encoding: chunked',
      ) + `${chunk(HELLO)}0\r\nX-Canary: canary\r\n\r\n`,
      fin,
    ),
    gets: answered('Hello.'),
    headers: absent('set-cookie', 'server', 'via', 'x-powered-by', 'www-authenticate', 'trailer'),
  },
  {
    title: 'U-63 nor of its refusals',
    fault: says(
      answer('401 No', '', 'WWW-Authenticate: Basic realm="canary"', 'Set-Cookie: canary=1'),
    ),
    gets: before(502, 'upstream_auth_error'),
    headers: absent('www-authenticate', 'set-cookie'),
  },
]

testFaults([...none, ...lying, ...statuses, ...encoded, bomb, ...passedOn])

test('U-59 nothing in tolk could inflate it', () => {
  expect(sourceFiles().filter(({ text }) => /node:zlib|DecompressionStream/.test(text))).toEqual([])
})
