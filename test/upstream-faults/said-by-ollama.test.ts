/** Errors that an Ollama, or what stands before it, says in its own words: the right status, cleaned text, a sane Retry-After. */
import { after, before, testFaults, type FaultRow } from '../support/fault-rows.ts'
import { answer, chunked, fin, head, HELLO, LAST, line, says } from '../support/fault-upstream.ts'

const error = (text: string): object => ({ error: text })
/** Lines in a proper answer. */
const lines = (...all: readonly string[]) => says(chunked(...all) + LAST)

const refusals: readonly FaultRow[] = [
  {
    title: 'U-39 401 is a 502 that names the operator’s credential',
    fault: says(answer('401 Unauthorized', error('unauthorized'))),
    gets: before(502, 'upstream_auth_error', /operator has to check .*apiKey/),
  },
  {
    title: 'U-39 an empty 403 is a 502 that names Host and Origin',
    fault: says(answer('403 Forbidden', '')),
    gets: before(502, 'upstream_auth_error', /Host or Origin/),
  },
  {
    title: 'U-40 a model that is not there is a 404',
    fault: says(answer('404 Not Found', error("model 'm' not found"))),
    gets: before(404, 'model_not_found', /'m' does not exist/),
  },
  {
    title: 'U-41 a 400 keeps its status and its text',
    fault: says(answer('400 Bad Request', error('this model is not for chatting'))),
    gets: before(400, 'upstream_error', /^this model is not for chatting$/),
  },
  {
    title: 'U-41 and loses addresses and paths',
    fault: says(
      answer(
        '400 Bad Request',
        error(
          'cannot reach http://canary:11434/x or 127.0.0.1:11434 from /usr/share/canary/models',
        ),
      ),
    ),
    gets: before(400, 'upstream_error', /^cannot reach … or … from …$/),
  },
]

const busy: readonly FaultRow[] = ['429 Too Many Requests', '503 Service Unavailable'].flatMap(
  (status) =>
    [
      ['7', '7'],
      ['Wed, 21 Oct 2026 07:28:00 GMT', '1'],
      ['soon', '1'],
      ['-5', '1'],
      ['0', '1'],
      ['1000000000', '60'],
    ].map(([sent, gets]) => ({
      title: `U-42 ${status.slice(0, 3)} with Retry-After: ${sent} is a 503 with ${gets}`,
      fault: says(answer(status, error('server busy'), `Retry-After: ${sent}`)),
      gets: before(503, 'overloaded'),
      headers: { 'retry-after': gets, 'x-should-retry': 'true' },
    })),
)

const inLines: readonly FaultRow[] = [
  {
    title: 'U-44 an error as the first line of a 200 is a 502',
    fault: lines('{"error":"something broke"}\n'),
    gets: before(502, 'upstream_error', /^something broke$/),
  },
  {
    title: 'U-44 and the status that it says, where it says one',
    fault: lines('{"error":"no such thing","StatusCode":404}\n'),
    gets: before(404, 'upstream_error'),
  },
  {
    title: 'U-44 or that its text means',
    fault: lines('{"error":"model \'m\' not found"}\n'),
    gets: before(404, 'model_not_found'),
  },
  ...[
    '{"error":"something broke"}',
    '{"error":{"message":"something broke","type":"canary"}}',
    '{"error":{"code":500}}',
    '{"error":["canary"]}',
    '{"error":"something broke","message":{"role":"assistant","content":"never"},"done":true}',
    '{"error":"cannot reach http://canary/ from /usr/lib/canary/x.so"}',
  ].map((text) => ({
    title: `U-45 an error line ends it, and nothing after it is passed on: ${text}`,
    fault: lines(line('one'), `${text}\n`, HELLO),
    gets: after('one', 'upstream_error'),
    drops: true,
  })),
  {
    title: 'U-45 in the same read as what it follows, too',
    fault: says(`${head('200 OK')}${line('one')}{"error":"something broke"}\n${HELLO}`, fin),
    gets: after('one', 'upstream_error'),
  },
]

testFaults([...refusals, ...busy, ...inLines])
