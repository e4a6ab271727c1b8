/** The twenty, by the damage that they do. */
import type { Example } from './example.ts'
import { badRequests } from './examples/bad-requests.ts'
import { bytesWithoutLines } from './examples/bytes-without-lines.ts'
import { chosenDestination } from './examples/chosen-destination.ts'
import { chunkedLimit } from './examples/chunked-limit.ts'
import { drain } from './examples/drain.ts'
import { endWithoutDone } from './examples/end-without-done.ts'
import { endlessLine } from './examples/endless-line.ts'
import { errorEventArrives } from './examples/error-event-arrives.ts'
import { errorLine } from './examples/error-line.ts'
import { errorPage } from './examples/error-page.ts'
import { everyByteARead } from './examples/every-byte-a-read.ts'
import { fiftyInOneWrite } from './examples/fifty-in-one-write.ts'
import { jsonBombs } from './examples/json-bombs.ts'
import { keysFirst } from './examples/keys-first.ts'
import { leftBeforeFirstByte } from './examples/left-before-first-byte.ts'
import { nobodyReads } from './examples/nobody-reads.ts'
import { nothingLeft } from './examples/nothing-left.ts'
import { sdkRetries } from './examples/sdk-retries.ts'
import { slowHead } from './examples/slow-head.ts'
import { staleConnection } from './examples/stale-connection.ts'

export const EXAMPLES: readonly Example[] = [
  endWithoutDone,
  leftBeforeFirstByte,
  fiftyInOneWrite,
  slowHead,
  everyByteARead,
  errorLine,
  errorEventArrives,
  errorPage,
  sdkRetries,
  staleConnection,
  nobodyReads,
  bytesWithoutLines,
  endlessLine,
  jsonBombs,
  badRequests,
  drain,
  chunkedLimit,
  chosenDestination,
  keysFirst,
  nothingLeft,
]
