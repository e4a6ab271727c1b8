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

export const logOutput = (fd: number): LogOutput => {
  let waiting: string[] = []
  let size = 0
  let isWriting = false
  let timer: NodeJS.Timeout | undefined

  const take = (): Buffer => {
    const lines = waiting.join('')
    waiting = []
    size = 0
    return Buffer.from(lines)
  }
  const put = (bytes: Buffer): void => {
    isWriting = true
    write(fd, bytes, (error, written) => {
      // A pipe may take part of it; a full disk or a closed pipe takes nothing, and the lines are lost.
      if (error === null && written < bytes.length) return put(bytes.subarray(written))
      isWriting = false
      if (waiting.length > 0) schedule()
    })
  }
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
        writeSync(fd, take())
      } catch {
        // Nobody is left to tell.
      }
    },
  }
}
