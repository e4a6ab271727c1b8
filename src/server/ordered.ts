/** Puts a turn's rules between the upstream and the client, and notes for the log what passes. */
import type { ChatEvent } from '../chat/event.ts'
import type { Turn } from '../chat/turn.ts'
import type { Log } from '../log.ts'
import { now } from '../ticker.ts'
import type { Listener } from '../upstream/upstream.ts'
import type { RequestRecord } from './request-record.ts'

/** A listener for the upstream; `listener` hears what `turn` lets pass, in its order. */
export const ordered = (
  turn: Pick<Turn, 'order'>,
  record: RequestRecord,
  log: Log,
  listener: Listener,
): Listener => ({
  events: (batch) => {
    record.firstEvent ??= now()
    const said = turn.order(batch)
    const last = said.at(-1)
    if (last === undefined) return
    record.deltas += said.length
    note(last, record, log)
    listener.events(said)
  },
})

const note = (last: ChatEvent, record: RequestRecord, log: Log): void => {
  if (last.type === 'finish') {
    record.deltas -= 1
    record.usage = last.usage
    record.finishReason = last.reason
  } else if (last.type === 'failure') {
    const { failure } = last
    record.failure = failure.kind
    record.deltas -= 1
    if (failure.kind === 'internal') {
      log.error('internal error', { request_id: record.id }, failure.cause)
    }
  }
}
