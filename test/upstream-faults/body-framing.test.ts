/** An answer's body is torn, cut short, or of another length than was said: its `done` line decides, and no half of a line is read. */
import { after, answered, before, testFaults, type FaultRow } from '../support/fault-rows.ts'
import {
  answer,
  chunk,
  chunked,
  doneLine,
  fin,
  head,
  HELLO,
  LAST,
  line,
  reset,
  says,
} from '../support/fault-upstream.ts'

const TWO = line('one ') + line('two')
/** A whole JSON text is not in it. */
const HALF = line('never').slice(0, -9)
const torn = (said: string) => after(said, 'upstream_stream_interrupted')
const tornBefore = before(502, 'upstream_stream_interrupted')
const NO_HURRY = 'Connection: keep-alive'

const cut: readonly FaultRow[] = [
  {
    title: 'U-19 a reset within a line ends it with an error, after the whole lines',
    fault: says(chunked(TWO) + chunk(TWO + HALF), reset),
    gets: torn('one twoone two'),
  },
  {
    title: 'U-20 an end within a line ends it with an error, after the whole lines',
    fault: says(chunked(TWO) + chunk(HALF), fin),
    gets: torn('one two'),
  },
  {
    title: 'U-20 an end within a chunk does so too',
    fault: says(chunked(TWO) + 'fff\r\n' + line('three') + HALF, fin),
    gets: torn('one twothree'),
  },
  {
    title: 'U-21 an end after a whole line, without the last chunk, is a failure',
    fault: says(chunked(TWO), fin),
    gets: torn('one two'),
  },
  {
    title: 'U-22 half a line before a proper end is a failure, and is not read',
    fault: says(chunked(TWO, HALF) + LAST),
    gets: torn('one two'),
  },
  {
    title: 'U-22 half a line alone is a 502',
    fault: says(chunked(HALF) + LAST),
    gets: tornBefore,
  },
  {
    title: 'U-23 an upstream that ends without done is a failure',
    fault: says(chunked(TWO) + LAST),
    gets: torn('one two'),
  },
  { title: 'U-24 an empty 200 is a 502', fault: says(chunked() + LAST), gets: tornBefore },
  {
    title: 'U-24 a 200 of no length is a 502',
    fault: says(answer('200 OK', '')),
    gets: tornBefore,
  },
  {
    title: 'U-25 an answer that its connection ends is a failure when it is cut short',
    fault: says(`HTTP/1.0 200 OK\r\n\r\n${TWO}`, fin),
    gets: torn('one two'),
  },
  {
    title: 'U-25 and an answer when it is whole',
    fault: says(`HTTP/1.0 200 OK\r\n\r\n${HELLO}`, fin),
    gets: answered('Hello.'),
  },
  {
    title: 'U-26 the done line needs no line break',
    fault: says(chunked(TWO, doneLine().trim()) + LAST),
    gets: answered('one two'),
  },
  {
    title: 'U-26 another last line without one is no end',
    fault: says(chunked(line('one '), line('two').trim()) + LAST),
    gets: torn('one two'),
  },
]

const miscounted: readonly FaultRow[] = [
  ...[
    ['is no number', 'zz\r\n'],
    ['is negative', '-1\r\n'],
    ['is beyond counting', 'fffffffffffffffff\r\n'],
  ].map(([how, size]) => ({
    title: `U-27 a chunk whose size ${how} ends it with an error`,
    fault: says(chunked(TWO) + size),
    gets: torn('one two'),
    drops: true,
  })),
  {
    title: 'U-27 so does a chunk that is longer than it said',
    fault: says(chunked(TWO) + chunk(line('three')).replace(/^\w+/, '5')),
    gets: torn('one two'),
    drops: true,
  },
  {
    title: 'U-28 a body shorter than its length is a failure',
    fault: says(`${head('200 OK', 'Content-Length: 5000', NO_HURRY)}${TWO}${HALF}`, fin),
    gets: torn('one two'),
  },
  {
    title: 'U-28 though it be JSON so far',
    fault: says(`${head('200 OK', 'Content-Length: 5000')}${doneLine().trim()}`, fin),
    gets: tornBefore,
  },
  {
    title: 'U-29 octets beyond the length are dropped, with their connection',
    fault: says(`${answer('200 OK', HELLO, NO_HURRY)}HTTP/1.1 200 OK\r\n\r\ncanary`),
    gets: answered('Hello.'),
    drops: true,
  },
  {
    title: 'U-29 a length that ends before the answer does makes it a failure',
    fault: says(`${answer('200 OK', TWO, NO_HURRY)}${HELLO}`),
    gets: torn('one two'),
    drops: true,
  },
]

testFaults([...cut, ...miscounted])
