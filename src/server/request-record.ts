/** RequestRecord: what the log and the metrics will say about one request. */
import type { Usage } from '../chat/event.ts'
import type { Failure, Shed } from '../failure.ts'

/** Gathered while a request is served. Nothing here comes from a prompt or an answer. */
export type RequestRecord = {
  /** `req_` and 128 random bits; also in the `x-request-id` header, and sent upstream. */
  readonly id: string
  readonly started: number
  key?: string
  /** As the client wrote it, cut to 200 characters. */
  model?: string
  stream?: boolean
  failure?: Failure['kind']
  /** What of ours was full, when that is why. */
  shed?: Shed | undefined
  /** How long it waited in the queue, if it had to, ms. */
  queueMs?: number
  /** When the first event came. */
  firstEvent?: number
  usage?: Usage
  finishReason?: string
  /** What the upstream has said, in events; its last word is none of them. */
  deltas: number
  /** Comments that its stream was kept open with. */
  heartbeats: number
}
