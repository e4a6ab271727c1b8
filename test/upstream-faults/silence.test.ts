/** An upstream that falls silent: its time is over to the moment, whatever bytes it drips. */
import { describe } from 'vitest'
import { after, before, testFaults } from '../support/fault-rows.ts'
import { chunk, chunked, line, says, type Fault } from '../support/fault-upstream.ts'

/** Says this, and then this again and again, as long as there is somebody. */
const dripping =
  (first: string, again: string, everyMs: number): Fault =>
  (socket) => {
    socket.write(first)
    const timer = setInterval(() => socket.write(again), everyMs)
    socket.once('close', () => clearInterval(timer))
  }

const LIMIT = 300
const late = before(504, 'upstream_timeout')
const lateAfter = after('one', 'upstream_timeout', 504)

describe('silence', () => {
  testFaults(
    [
      {
        title: 'U-13 no head in time is a 504, and the connection is dropped',
        fault: () => {},
        gets: late,
        headers: { 'x-should-retry': 'false' },
        drops: true,
        lastsMs: LIMIT,
      },
      {
        title: 'U-15 a head that drips for ever is a 504 at the same time',
        fault: dripping('HTTP/1.1 200 OK\r\nX-Drip: ', 'x', 20),
        gets: late,
        headers: { 'x-should-retry': 'false' },
        drops: true,
        lastsMs: LIMIT,
      },
    ],
    { upstream: { firstByteTimeoutMs: LIMIT } },
  )
})

describe('silence between lines', () => {
  testFaults(
    [
      {
        title: 'U-16 a line and then silence is an error when idleTimeoutMs is over',
        fault: says(chunked(line('one'))),
        gets: lateAfter,
        drops: true,
        lastsMs: LIMIT,
      },
      {
        title: 'U-17 bytes that never end their line are silence',
        fault: dripping(chunked(line('one')), chunk('x'), 20),
        gets: lateAfter,
        drops: true,
        lastsMs: LIMIT,
      },
    ],
    { upstream: { idleTimeoutMs: LIMIT } },
  )
})

describe('lines that come in time', () => {
  testFaults(
    [
      {
        // The limit between lines would have ended it three times.
        title: 'U-18 a line now and then is no silence, and totalTimeoutMs ends it all the same',
        fault: dripping(chunked(line('one')), chunk(line('')), 100),
        gets: lateAfter,
        drops: true,
        lastsMs: 3 * LIMIT,
      },
    ],
    { upstream: { idleTimeoutMs: LIMIT, totalTimeoutMs: 3 * LIMIT } },
  )
})
