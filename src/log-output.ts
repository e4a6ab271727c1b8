/**
 * Standard output for a log: lines go out in company, and may be lost, but never hold the process.
 *
 * pino's own (sonic-boom 4.2) tries again for ever when a disk is full, at exit without letting anything
 * else happen. Here a write that fails loses its lines, and what a stalled reader leaves is bounded.
 */
import { write, writeSync } from 'node:fs'

export type LogOutput = {
  write(line: string): void
  /** What still waits, at the end of the process. */
  flush(): void
}

/** How long a line may wait for company, ms: a write for each costs as much as a short answer's tokens. */
const COMPANY_MS = 100
/** What may wait for a reader who does not read; beyond it lines are dropped. UTF-16 code units. */
const MAX_WAITING = 1024 * 1024
/**
 * Bytes that a pipe takes as one (PIPE_BUF of Linux; limits.h). Workers write to one pipe: beyond it another's
 * lines may come in between.
 */
const MAX_LOT = 4096

export const logOutput = (fd: number): LogOutput => {
  let waiting: string[] = []
  let size = 0
  let isWriting = false
  let timer: NodeJS.Timeout | undefined

  const take = (): Buffer[] => {
    const lots = inLots(waiting)
    waiting = []
    size = 0
    return lots
  }
  const put = (lots: Buffer[]): void => {
    const bytes = lots.shift()
    isWriting = bytes !== undefined
    if (bytes !== undefined) return putOne(bytes, lots)
    if (waiting.length > 0) schedule()
  }
  const putOne = (bytes: Buffer, others: Buffer[]): void =>
    write(fd, bytes, (error, written) => {
      // A pipe may take part of it; a full disk or a closed pipe takes nothing, and the lines are lost.
      if (error === null && written < bytes.length) putOne(bytes.subarray(written), others)
      else put(others)
    })
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      if (!isWriting && waiting.length > 0) put(take())
    }, COMPANY_MS).unref()
  }
  return {
    write: (line) => {
      if (size + line.length > MAX_WAITING) return
      waiting.push(line)
      size += line.length
      schedule()
    },
    flush: () => {
      // Behind a write that does not end, one that must end would not either.
      if (isWriting || waiting.length === 0) return
      try {
        for (const bytes of take()) writeSync(fd, bytes)
      } catch {
        // Nobody is left to tell.
      }
    },
  }
}

/** Whole lines, in lots of at most {@link MAX_LOT} bytes; a longer line is a lot of its own. */
const inLots = (lines: readonly string[]): Buffer[] => {
  const lots: Buffer[] = []
  let lot = ''
  let bytes = 0
  for (const line of lines) {
    const length = Buffer.byteLength(line)
    if (bytes + length > MAX_LOT && bytes > 0) {
      lots.push(Buffer.from(lot))
      lot = ''
      bytes = 0
    }
    lot += line
    bytes += length
  }
  lots.push(Buffer.from(lot))
  return lots
}
