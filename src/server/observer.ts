/** Observer: who counts exchanges, beside the log and from the same facts. */
import type { RequestRecord } from './request-record.ts'

export type Observer = {
  /** Hears of each exchange when it begins. */
  begun(): void
  /** Hears once of each that began, when its client has its answer or is gone. */
  ended(exchange: Ended): void
}

/** What came of an exchange. */
export type Ended = {
  /** Of the target, without its query; the client's own words, cut to 200 characters. */
  readonly path: string
  /** 499 when the client left before it had its answer. */
  readonly status: number
  /** `ok`, a failure's kind, `client-closed` or `client-stalled`. */
  readonly outcome: string
  /** Whether OpenAI's SDK says that it asks again. */
  readonly isRetry: boolean
  readonly record: Readonly<RequestRecord>
}
