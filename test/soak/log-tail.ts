/** tolk's log, read as it grows: what it says of requests, and what should not be in it. */
import { closeSync, openSync, readSync } from 'node:fs'
import { z } from 'zod'

export class LogTail {
  /** Lines about requests so far. */
  requests = 0
  /** Requests that have a second line. */
  twice = 0
  /** How many ended in which way. */
  readonly outcomes = new Map<string, number>()
  /** Lines that are no log's, such as a warning of Node's, and errors: the first few. */
  readonly complaints: string[] = []
  readonly #path: string
  readonly #ids = new Set<string>()
  #read = 0
  #held = ''

  constructor(path: string) {
    this.#path = path
  }

  /** Whether a request has its line. */
  has(requestId: string): boolean {
    return this.#ids.has(requestId)
  }

  /** Reads what was written since. */
  update(): this {
    const file = openSync(this.#path, 'r')
    const buffer = Buffer.allocUnsafe(1 << 20)
    try {
      for (;;) {
        const length = readSync(file, buffer, 0, buffer.length, this.#read)
        if (length === 0) return this
        this.#read += length
        const lines = (this.#held + buffer.toString('latin1', 0, length)).split('\n')
        this.#held = lines.pop() ?? ''
        for (const line of lines) this.#line(line)
      }
    } finally {
      closeSync(file)
    }
  }

  #line(line: string): void {
    if (!line.startsWith('{"level":"') || line.startsWith('{"level":"error"')) {
      if (!line.startsWith('tolk listens on ') && this.complaints.length < MOST_COMPLAINTS) {
        this.complaints.push(line.slice(0, 500))
      }
      return
    }
    if (!line.includes('"msg":"request"')) return
    const { request_id: id, outcome } = loggedRequest.parse(JSON.parse(line))
    this.requests += 1
    if (this.#ids.has(id)) this.twice += 1
    this.#ids.add(id)
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }
}

const MOST_COMPLAINTS = 20

const loggedRequest = z.object({ request_id: z.string(), outcome: z.string() })
