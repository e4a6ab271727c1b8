/** Observer: who counts exchanges, beside the log and from the same facts. */
import type { Shed } from '../failure.ts'
import type { RequestRecord } from './request-record.ts'

export type Observer = {
  /** Hears of each exchange when it begins. */
  begun(): void
  /** Hears once of each that began, when its client has its answer or is gone. */
  ended(exchange: Ended): void
  /** Hears how many chats wait for their turn, whenever that changes. */
  queued(length: number): void
  /** Hears of what was refused although it was no exchange. */
  refused(what: Shed): void
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

/** How far a request had come: its body was read, the model was waited for, or it spoke. */
export const phaseOf = ({
  model,
  firstEvent,
}: Ended['record']): 'request' | 'waiting' | 'answer' => {
  if (firstEvent !== undefined) return 'answer'
  return model === undefined ? 'request' : 'waiting'
}
