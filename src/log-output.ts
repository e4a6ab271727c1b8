/**
 * Standard output for a log: lines go out in company, and may be lost, but never hold the process.
 *
 * pino's own (sonic-boom 4.2) tries again for ever when a disk is full, at exit without letting anything
 * else happen. Here a write that fails loses its lines, a reader who lags is waited for, and what waits is
 * bounded.
 */
import { write, writeSync } from 'node:fs'

export type LogOutput = {
  write(line: string): void
  /** What still waits, at the end of the process. */
  flush(): void
}

/** How long a line may wait for company, ms: a write for each costs as much as a short answer's tokens. */
const COMPANY_MS = 100
/**
 * Bytes that may wait for a reader who does not read; beyond it lines are dropped. Four times the lines of
 * 5,000 streams that end at once: they come before any of them can be written.
 */
const MAX_WAITING = 8 * 1024 * 1024
/** Bytes in one write of a process that has its output for itself. */
const MAX_LOT = 64 * 1024
/**
 * Bytes that a pipe takes as one (PIPE_BUF of Linux; limits.h). Where several processes write to it,
 * beyond that another's lines may come in between.
 */
const MAX_SHARED_LOT = 4096

/** @param isShared whether other processes write to it as well. */
export const logOutput = (fd: number, isShared = false): LogOutput => {
  const maxLot = isShared ? MAX_SHARED_LOT : MAX_LOT
  /** What waits: lines, and behind none of them the lots that a write was begun for. */
  let lines: string[] = []
  let lots: Buffer[] = []
  let size = 0
  let isWriting = false
  let timer: NodeJS.Timeout | undefined

  /** The next lot, which still counts as waiting. */
  const next = (): Buffer | undefined => {
    if (lots.length === 0 && lines.length > 0) {
      lots = inLots(lines, maxLot)
      lines = []
    }
    return lots[0]
  }
  /** Of the next lot so many bytes are done with. */
  const done = (count: number): void => {
    const [lot, ...others] = lots
    if (lot === undefined) return
    lots = count < lot.length ? [lot.subarray(count), ...others] : others
    size -= count
  }
  const put = (): void => {
    const lot = next()
    isWriting = lot !== undefined
    if (lot === undefined) return
    write(fd, lot, (error, written) => {
      isWriting = false
      // A reader who lags is waited for; on a full disk, or without any reader, the lines are lost.
      if (error?.code === 'EAGAIN') return schedule()
      // A pipe may take a part of it.
      done(error === null ? written : lot.length)
      put()
    })
  }
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      if (!isWriting) put()
    }, COMPANY_MS).unref()
  }
  return {
    write: (line) => {
      const bytes = Buffer.byteLength(line)
      if (size + bytes > MAX_WAITING) return
      lines.push(line)
      size += bytes
      if (!isWriting) schedule()
    },
    flush: () => {
      // Behind a write that does not end, one that must end would not either.
      if (isWriting) return
      try {
        for (let lot = next(); lot !== undefined; lot = next()) done(writeSync(fd, lot))
      } catch {
        // Nobody is left to tell, or he is too slow to be waited for.
      }
    },
  }
}

/** Whole lines, in lots of at most `maxLot` bytes; a longer line is a lot of its own. */
const inLots = (lines: readonly string[], maxLot: number): Buffer[] => {
  const lots: Buffer[] = []
  let lot = ''
  let bytes = 0
  for (const line of lines) {
    const length = Buffer.byteLength(line)
    if (bytes + length > maxLot && bytes > 0) {
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
